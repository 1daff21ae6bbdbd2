"""Measures without a crowd: time to ready, import, and the three pieces of work that a customer waits for most.

Leaves to others: roads, and what they cost (roads, usage).
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

from bench.driver import Driver
from bench.figures import Figure, of_samples
from bench.people import BUSINESS, COLLECTIONS, ROWS, Person
from bench.system import data, desk
from local.serving import serving

STARTS, TIMES = 5, 40


def ready() -> list[Figure]:
    """From `python -m local.run` to its first line, the invented world made anew; PostgreSQL's folder is there."""
    samples = []
    for _ in range(STARTS + 1):
        began = time.perf_counter()
        with serving(BUSINESS):
            samples.append(time.perf_counter() - began)
    return [of_samples("time to ready", samples[1:], "s", 3)]


def imports() -> list[Figure]:
    """`import app` in a fresh interpreter: what a cold Lambda waits for before our first line."""
    code = "import time; t = time.perf_counter(); import app; print(time.perf_counter() - t)"
    samples = [float(_python("-c", code).stdout) for _ in range(STARTS)]
    return [of_samples("import app", samples, "s", 0.8)]


def import_top(most: int = 10) -> dict[str, float]:
    """Our own and others' modules that take longest to import, in ms with all they import."""
    said = _python("-X", "importtime", "-c", "import app").stderr
    found = re.findall(r"^import time:\s+\d+ \|\s+(\d+) \|(\s+)(\S+)$", said, re.MULTILINE)
    top = sorted(((int(us) / 1000, name) for us, _, name in found), reverse=True)
    return {name: round(ms, 1) for ms, name in top[:most]}


def _python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True)


def law() -> list[Figure]:
    """Choosing law, clock and proof for one request, over every right and a few residences."""
    from chalicelib.businesses.loader import load
    from chalicelib.domain.request import Personal, Right
    from chalicelib.usecases.governed import governed

    business, now = load(BUSINESS), datetime.now(UTC)
    asked = [(right, Personal(residence=place)) for right in Right for place in ("US-CA", "US-IA", "DE", None)]

    def all_of_them() -> None:
        for right, personal in asked:
            governed(business, right, personal, received_at=now)

    samples = [_timed(all_of_them) / len(asked) for _ in range(TIMES + 3)][3:]
    return [of_samples("choose law, clock and proof", samples, "ms", 0.2)]


def work() -> list[Figure]:
    """Gathering from PostgreSQL, building the package, rendering a page."""
    from chalicelib.bootstrap import sources_of
    from chalicelib.businesses.loader import load
    from chalicelib.domain.identity import Identifier, IdentifierKind
    from chalicelib.domain.request import Personal, Request, Right
    from chalicelib.package import build
    from chalicelib.ports import every

    business, now = load(BUSINESS), datetime.now(UTC)
    with data(60) as (url, people):
        sources = sources_of(business, url)

        def gather(person: Person) -> dict[str, list]:
            who = [Identifier.of(IdentifierKind.EMAIL, person.email)]
            return {name: list(every(source, who)) for name, source in sources.items()}

        held = gather(people[0])
        found = [record for records in held.values() for record in records]
        if (len(found), len({r.collection for r in found})) != (ROWS, COLLECTIONS):
            raise AssertionError(f"gathered {len(found)} rows")
        gathered = [_timed(lambda p=person: gather(p)) for person in people[5:45]]
    request = Request(
        reference="R-BENC-H000", right=Right.ACCESS, regime="us-ca-ccpa", received_at=now, due_at=now,
        policy_version=business.policy.version,
    )  # fmt: skip
    personal = Personal(email=people[0].email)
    built = [_timed(lambda: build(business, request, personal, held, at=now)) for _ in range(TIMES + 3)][3:]
    rows = f"{ROWS} rows in {COLLECTIONS} collections"
    return [
        of_samples(f"gather {rows}", gathered, "ms", 25),
        of_samples("build their package", built, "ms"),
        of_samples("the form, over HTTP", _pages(), "ms"),
    ]


def _pages() -> list[float]:
    with desk() as system:
        driver = Driver(system.run)
        return [_timed(lambda: driver.get("/requests/new?right=access")) for _ in range(TIMES + 3)][3:]


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - began)
