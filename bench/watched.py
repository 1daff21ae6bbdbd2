"""The laptop run, watched from inside: `python -m bench.watched` is `local.run` with a profiler in every thread.

A sampler would only ever see threads where they let go of Python's lock. So each thread that ends is profiled whole,
call by call, in CPU time of that thread: waiting counts for nothing, and what is called often looks somewhat dearer
than it is. What C code uses is put to the Python function that called it. On the way out the sums go to the file that
RIGHTSDESK_WATCH names. Leaves to others: what is done meanwhile (where).
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import time
from collections import Counter
from cProfile import Profile
from pathlib import Path
from types import CodeType

WATCH = "RIGHTSDESK_WATCH"
ROOT = str(Path(__file__).parent.parent)
PACKAGES = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (rf"{re.escape(ROOT)}/chalicelib/templates", "jinja2"),
        (rf"{re.escape(ROOT)}/(chalicelib|app\.py)", "ours"),
        (rf"{re.escape(ROOT)}/", "local"),
        (r"site-packages/(boto3|botocore|s3transfer|urllib3|jmespath)/", "botocore"),
        (r"site-packages/(sqlalchemy|psycopg\w*)/", "SQL"),
        (r"site-packages/pydantic", "pydantic"),
        (r"site-packages/(chalice)/", "HTTP server"),
        (r"lib/python[\d.]+/(http/|socketserver|selectors|socket)", "HTTP server"),
        (r"site-packages/(moto|werkzeug|responses|antlr4|jsonpath_ng)/", "moto"),
        (r"site-packages/([^/.]+)", ""),
        (r"lib/python[\d.]+/", "standard library"),
    )
)


class Watcher:
    """Sums over all threads, in seconds of CPU."""

    def __init__(self) -> None:
        self.own: Counter[str] = Counter()
        self.within: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self.packages: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, profile: Profile) -> None:
        with self._lock:
            for entry in profile.getstats():
                if not isinstance(entry.code, CodeType):
                    continue
                name = f"{_short(entry.code.co_filename)}:{entry.code.co_name}"
                builtin = (sub.inlinetime for sub in entry.calls or () if isinstance(sub.code, str))
                used = entry.inlinetime + sum(builtin)
                self.own[name] += used
                self.packages[_package(entry.code.co_filename)] += used
                self.within[name] += entry.totaltime
                self.calls[name] += entry.callcount

    def said(self) -> dict[str, object]:
        return {
            "ms": round(1000 * sum(self.packages.values())),
            "packages": _top(self.packages, 20),
            "own": _top(self.own, 60),
            "within": _top(self.within, 400),
            "calls": {name: self.calls[name] for name, _ in self.within.most_common(400)},
        }


def watch(watcher: Watcher) -> None:
    """Profile every thread that is started from now on."""
    run = threading.Thread.run

    def profiled(thread: threading.Thread) -> None:
        profile = Profile(time.thread_time)
        profile.enable()
        try:
            run(thread)
        finally:
            profile.disable()
            watcher.take(profile)

    threading.Thread.run = profiled  # type: ignore[method-assign]


def _package(file: str) -> str:
    for pattern, name in PACKAGES:
        if found := pattern.search(file):
            return name or found[1]
    return "jinja2" if "template" in file else "other"


def _short(file: str) -> str:
    return re.sub(r"^.*(site-packages|lib/python[\d.]+)/", "", file).removeprefix(ROOT + "/")


def _top(counted: Counter[str], most: int) -> dict[str, float]:
    return {name: round(1000 * seconds, 1) for name, seconds in counted.most_common(most)}


def main() -> int:
    from local import run

    watcher = Watcher()
    watch(watcher)
    try:
        return run.main()
    finally:
        Path(os.environ[WATCH]).write_text(json.dumps(watcher.said(), indent=1))


if __name__ == "__main__":
    sys.exit(main())
