"""Figures: what was measured, beside what was aimed at; as a table for people, as JSON for everything else."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

RESULTS = Path(__file__).parent / "results.json"
DIGITS = 2
BUSY = round(os.getloadavg()[0], 1)
"""How many threads of others wanted a core when the benchmarks began: with any, times are worse than the system is."""


@dataclass(frozen=True)
class Figure:
    """One measured value. `target` is met at most there, or at least there where `more` is better."""

    name: str
    value: float
    unit: str
    target: float | None = None
    more: bool = False
    spread: dict[str, float] = field(default_factory=dict)
    """Other views of the same samples: p95, rounds, least, most."""

    @property
    def met(self) -> bool | None:
        if self.target is None:
            return None
        return self.value >= self.target if self.more else self.value <= self.target


def of_samples(name: str, samples: Sequence[float], unit: str, target: float | None = None) -> Figure:
    """The median of `samples`, with the 95th percentile beside it."""
    spread = {"p95": percentile(samples, 95), "least": min(samples), "samples": len(samples)}
    return Figure(name, median(samples), unit, target, spread={k: round(v, DIGITS) for k, v in spread.items()})


def percentile(samples: Sequence[float], part: float) -> float:
    """The value below which `part` percent of the samples lie (nearest rank)."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part / 100))]


def table(figures: Iterable[Figure]) -> str:
    rows = [("measure", "median", "", "target", "", "more")]
    rows += [_row(figure) for figure in figures]
    widths = [max(len(row[i]) for row in rows) for i in range(6)]
    lines = [
        "  ".join(_placed(cell, width, i) for i, (cell, width) in enumerate(zip(row, widths, strict=True))).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def listed(found: dict[str, Any]) -> str:
    """Names and values under each other; where each name has several values, a table of them."""
    if not any(isinstance(value, dict) for value in found.values()):
        return "\n".join(f"{value:10.4g}  {name}" for name, value in found.items())
    parts = list(dict.fromkeys(part for values in found.values() for part in values))
    width = max(map(len, parts))
    lines = [" " * width + "".join(f"{name[:14]:>16}" for name in found)]
    return "\n".join(
        lines + [f"{part:{width}}" + "".join(f"{v.get(part, 0):16g}" for v in found.values()) for part in parts]
    )


def _row(figure: Figure) -> tuple[str, ...]:
    target = "" if figure.target is None else f"{'>=' if figure.more else '<='} {figure.target:g}"
    verdict = {None: "", True: "met", False: "MISSED"}[figure.met]
    said = ", ".join(f"{name} {value:g}" for name, value in figure.spread.items())
    return figure.name, f"{figure.value:.{DIGITS}f}", figure.unit, target, verdict, said


def _placed(cell: str, width: int, column: int) -> str:
    return cell.rjust(width) if column == 1 else cell.ljust(width)


def write(figures: Iterable[Figure], more: dict[str, Any], file: Path = RESULTS) -> None:
    """Replace what is measured anew; what was not stays, for `--only` measures a part."""
    said = json.loads(file.read_text()) if file.exists() else {"figures": {}}
    said["machine"] = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}
    for figure in figures:
        fields = {k: v for k, v in asdict(figure).items() if k != "name"} | {"met": figure.met, "load": BUSY}
        said["figures"][figure.name] = fields | {"value": round(figure.value, DIGITS)}
    said |= more
    file.write_text(json.dumps(said, indent=1) + "\n")
