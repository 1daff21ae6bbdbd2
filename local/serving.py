"""A running system for as long as a `with` lasts: `local.run` as a process of its own, on free ports."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

READY = "ready: "
PATIENCE = 60.0


@contextmanager
def serving(
    business: str, module: str = "local.run", output: Path | None = None, **environ: str
) -> Iterator[dict[str, Any]]:
    """Start the laptop run for `business`, yield what its run.json says, stop it and all it started.

    `module`: what to run in its place, for those who look on from inside. `output`: the file for all that it
    says, instead of the screen.
    """
    with tempfile.TemporaryDirectory(prefix="rightsdesk-") as folder:
        env = {
            **os.environ, "BUSINESS": business, "PORT": str(free_port()), "MAIL_PORT": str(free_port()),
            "RUN_DIR": folder, "RIGHTSDESK_UNDO_SECONDS": "1", **environ,
        }  # fmt: skip
        said_to = output.open("a") if output else None
        process = subprocess.Popen(
            [sys.executable, "-m", module], env=env, stdout=subprocess.PIPE, stderr=said_to, text=True,
            start_new_session=True,
        )  # fmt: skip
        try:
            said = process.stdout.readline() if process.stdout else ""
            if not said.startswith(READY):
                raise RuntimeError(f"the system for {business} did not start: {said.strip() or 'see above'}")
            threading.Thread(target=_keep, args=(process, output), daemon=True).start()
            yield json.loads((Path(folder) / "run.json").read_text()) | {"pid": process.pid}
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
            if said_to:
                said_to.close()


def _keep(process: subprocess.Popen[str], output: Path | None) -> None:
    """Read on what it prints, or its pipe would fill and stop it; keep it, if that is wanted."""
    for line in process.stdout or ():
        if output:
            with output.open("a") as file:
                file.write(line)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
