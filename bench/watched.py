"""The laptop run, watched from inside: `python -m bench.watched` is `local.run` with a sampler beside it.

Every few milliseconds each thread's CPU time since the last look (Linux says it per thread) is put to what the thread
is at: the package of its innermost frame that is not the standard library's. Threads that wait use none, and count for
nothing. On the way out the sums are written to the file that RIGHTSDESK_WATCH names.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from types import FrameType

EVERY = 0.004
"""Seconds."""
WATCH = "RIGHTSDESK_WATCH"
ROOT = str(Path(__file__).parent.parent)
PACKAGES = (
    (re.compile(rf"{re.escape(ROOT)}/(chalicelib|app\.py)"), "ours"),
    (re.compile(rf"{re.escape(ROOT)}/(local|bench)/mailbox"), "mailbox"),
    (re.compile(rf"{re.escape(ROOT)}/"), "local"),
    (re.compile(r"site-packages/(boto3|botocore|s3transfer|urllib3)/"), "botocore"),
    (re.compile(r"site-packages/(sqlalchemy|psycopg\w*)/"), "SQL"),
    (re.compile(r"site-packages/(chalice|werkzeug|responses)/"), "HTTP"),
    (re.compile(r"lib/python[\d.]+/(http/|socketserver|selectors)"), "HTTP"),
    (re.compile(r"lib/python[\d.]+/email/"), "email"),
    (re.compile(r"<template>|templates/"), "templates"),
    (re.compile(r"site-packages/([^/.]+)"), ""),
)  # fmt: skip


class Watcher:
    def __init__(self) -> None:
        self.packages: Counter[str] = Counter()
        self.functions: Counter[str] = Counter()
        self.within: Counter[str] = Counter()
        self._seen: dict[int, int] = {}
        self._mine = threading.get_native_id()

    def run(self) -> None:
        self._mine = threading.get_native_id()
        while True:
            time.sleep(EVERY)
            self.look()

    def look(self) -> None:
        frames = sys._current_frames()
        for thread in threading.enumerate():
            frame, number = frames.get(thread.ident or 0), thread.native_id
            if frame is None or number is None or number == self._mine:
                continue
            used = _cpu(number)
            fresh, self._seen[number] = used - self._seen.get(number, 0 if thread.ident in frames else used), used
            if fresh > 0:
                self._put(frame, fresh / 1e6)

    def _put(self, frame: FrameType, ms: float) -> None:
        stack = []
        at: FrameType | None = frame
        while at is not None:
            stack.append((at.f_code.co_filename, at.f_code.co_name))
            at = at.f_back
        kinds = [_package(file) for file, _ in stack]
        self.packages[next((kind for kind in kinds if kind), "standard library")] += ms
        named = [f"{_short(file)}:{name}" for file, name in stack]
        self.functions[named[0]] += ms
        for name in set(named):
            self.within[name] += ms

    def said(self) -> dict[str, object]:
        return {
            "ms": round(sum(self.packages.values()), 1),
            "packages": _top(self.packages, 30),
            "functions": _top(self.functions, 60),
            "within": _top(self.within, 400),
        }


def _cpu(number: int) -> int:
    """Nanoseconds that a thread has run; what it has if it is gone."""
    try:
        with open(f"/proc/self/task/{number}/schedstat") as file:
            return int(file.read().split()[0])
    except (OSError, ValueError, IndexError):
        return 0


def _package(file: str) -> str:
    for pattern, name in PACKAGES:
        if found := pattern.search(file):
            return name or found[1]
    return ""


def _short(file: str) -> str:
    return re.sub(r"^.*(site-packages|lib/python[\d.]+)/", "", file).removeprefix(ROOT + "/")


def _top(counted: Counter[str], most: int) -> dict[str, float]:
    return {name: round(ms, 1) for name, ms in counted.most_common(most)}


def main() -> int:
    from local import run

    watcher = Watcher()
    threading.Thread(target=watcher.run, name="watcher", daemon=True).start()
    try:
        return run.main()
    finally:
        Path(os.environ[WATCH]).write_text(json.dumps(watcher.said(), indent=1))


if __name__ == "__main__":
    sys.exit(main())
