"""`make bench`: all measures, or `--only NAME`; a table on the screen, bench/results.json, nothing else.

Nothing else should run meanwhile: driver, system and PostgreSQL share the machine's cores.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

from bench import bill, day, docs, erase, export, figures, pages, rewrite, roads, scale, starts, usage, where
from bench.figures import Figure

MEASURES = (
    "accept", "full", "short", "erase", "ready", "imports", "law", "work", "export", "rewrite", "usage", "scale",
    "day", "where", "pages",
)  # fmt: skip


def main() -> int:
    asked = _asked()
    if asked.docs:
        docs.fill()
        return 0
    os.environ["PYTHONWARNINGS"] = "ignore"
    warnings.simplefilter("ignore")
    measured: list[Figure] = []
    more: dict[str, Any] = {}
    for name in asked.only or MEASURES:
        print(f"… {name}", file=sys.stderr, flush=True)
        found = _measure(name, asked)
        if isinstance(found, dict):
            more[name] = found
            if name in ("scale", "day"):
                measured += {"scale": scale.figures, "day": day.figures}[name](found)
            if name == "usage":
                measured += bill.figures(found)
                more |= {f"bill: {part}": lines for part, lines in bill.bill(found).items()}
        else:
            measured += found
            if name == "imports":
                more["import top, ms"] = starts.import_top()
        figures.write(measured, more)
    print(figures.table(measured))
    for name, found in more.items():
        print(f"\n{name}\n{figures.listed(found)}")
    return 0


def _measure(name: str, asked: argparse.Namespace) -> list[Figure] | dict[str, Any]:
    with_roads: dict[str, Callable[..., list[Figure]]] = {"full": roads.full, "short": roads.short}
    if name in with_roads:
        return with_roads[name](asked.threads, asked.rounds)
    others: dict[str, Callable[[], Any]] = {
        "accept": roads.accept, "erase": lambda: erase.erase(asked.threads), "ready": starts.ready,
        "imports": starts.imports, "law": starts.law, "work": starts.work, "export": export.export,
        "rewrite": rewrite.rewrite,
        "usage": usage.usage, "scale": scale.scale, "day": day.days, "where": where.where, "pages": pages.pages,
    }  # fmt: skip
    return others[name]()


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the laptop run.")
    parser.add_argument(
        "--only", action="append", choices=MEASURES, metavar="NAME", help=f"one of {', '.join(MEASURES)}"
    )
    parser.add_argument("--threads", type=int, default=roads.THREADS, help="people who click at once")
    parser.add_argument("--rounds", type=int, default=roads.ROUNDS, help=f"rounds of {roads.ROADS} roads")
    parser.add_argument("--docs", action="store_true", help="measure nothing; put the results into docs/benchmarks.md")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
