"""Run as a process: the laptop's system on the definition of an earlier release; or, from a test, walk it.

`python -m tests.machine.on_release <definition>` prints the rights that were walked to their ends.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any
from unittest.mock import patch

GAVE: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "0.1.0.asl.json": lambda now: {**now, "sources": [source["name"] for source in now["sources"]]},
}
"""What each release gave a road at its start, from what today's gives: a running road keeps its input, too."""
ROOT = Path(__file__).parents[2]


def walk(definition: Path) -> list[str]:
    """The rights that ended as they should."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.machine.on_release", str(definition)],
        cwd=ROOT, capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    walked: list[str] = json.loads(done.stdout.splitlines()[-1])
    return walked


def main(definition: Path) -> int:
    from chalicelib.adapters.stepfunctions import StepFunctionsWorkflow
    from local import demo, machine
    from local.run import Wanted, running
    from local.serving import free_port
    from local.walk import Walker

    machine.ROAD = definition
    os.environ["RIGHTSDESK_UNDO_SECONDS"] = "1"
    done: list[str] = []
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(sys.stderr):
        said = {"BUSINESS": "jeffers", "PORT": str(free_port()), "MAIL_PORT": str(free_port()), "RUN_DIR": folder}
        start = StepFunctionsWorkflow.start

        def as_then(workflow: StepFunctionsWorkflow, name: str, data: dict[str, Any]) -> None:
            start(workflow, name, GAVE[definition.name](data))

        with patch.object(StepFunctionsWorkflow, "start", as_then), running(Wanted.from_env(said)) as run:
            walker, who = Walker(run), run["customers"][0]
            for right in demo.RIGHTS:
                right(walker, who, lambda text: None)
                done.append(right.__name__)
    print(json.dumps(done))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
