"""Where the time of a full road goes, by package: our code, moto, boto, templates, SQL, the HTTP server."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from bench.driver import Driver
from bench.roads import WARM, walk_all
from bench.system import desk
from bench.watched import WATCH

ROADS = 24


def where() -> dict[str, float]:
    """Percent of the CPU time of all threads while full roads are walked, two at a time."""
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "watched.json"
        with desk(module="bench.watched", **{WATCH: str(file)}) as system:
            walk_all(system, Driver.full_road, system.people[: WARM + ROADS], 2)
        said = json.loads(file.read_text())
    return {name: round(100 * ms / said["ms"], 1) for name, ms in said["packages"].items() if ms > said["ms"] / 200}
