"""Puts the figures of bench/results.json into docs/benchmarks.md, between its marks: `python -m bench --docs`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from bench.figures import RESULTS

TABLES = {"usage": "one request", "scale": "units", "day": "the most of it"}
"""What is told as a table of its own, and the heading of its first column."""
PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"


def fill() -> None:
    said = json.loads(RESULTS.read_text())
    page = PAGE.read_text()
    parts = [("figures", _figures(said["figures"])), ("bill", _bill(said))]
    parts += [(name, _table(said[name], first)) for name, first in TABLES.items()]
    for mark, lines in parts:
        pattern = re.compile(rf"(?<=<!-- {mark} -->\n).*?(?=<!-- /{mark} -->)", re.DOTALL)
        table = "\n".join(lines) + "\n"
        page = pattern.sub(lambda _, table=table: table, page)
    PAGE.write_text(page)


def _figures(figures: dict[str, Any]) -> list[str]:
    lines = ["| measure | median | target | load | more |", "|---|---|---|---|---|"]
    for name, it in figures.items():
        target = ""
        if it["target"] is not None:
            sign, verdict = "≥" if it["more"] else "≤", "met" if it["met"] else "missed"
            target = f"{sign} {it['target']:g} {it['unit']}: {verdict}"
        more = ", ".join(f"{what} {value:g}" for what, value in it["spread"].items())
        lines.append(f"| {name} | {it['value']:g} {it['unit']} | {target} | {it['load']:g} | {more} |")
    return lines


def _table(usage: dict[str, dict[str, float]], first: str) -> list[str]:
    parts = dict.fromkeys(part for values in usage.values() for part in values)
    lines = [f"| {first} | " + " | ".join(name.replace("_", " ") for name in usage) + " |"]
    lines.append("|---" * (1 + len(usage)) + "|")
    return lines + [f"| {p} | " + " | ".join(f"{v.get(p, 0):g}" for v in usage.values()) + " |" for p in parts]


def _bill(said: dict[str, Any]) -> list[str]:
    lines = ["| what | cost |", "|---|---|"]
    for name, parts in said.items():
        if name.startswith("bill: "):
            told = ", ".join(f"{what} {value:.4g}" for what, value in parts.items() if value)
            lines.append(f"| {name.removeprefix('bill: ')} | {told} |")
    return lines
