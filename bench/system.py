"""The system under test: the laptop run as a process of its own, over a PostgreSQL that holds the bench's customers.

The business is jeffers in a folder of its own, so that its review of access may be `automatic`. Leaves to others: what
is done with it (roads), how the run itself starts and stops (local/serving).
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml

from bench.people import BUSINESS, Person, install_with
from local.postgres import Postgres
from local.run import LOCAL, SHIPPED
from local.serving import serving

MEMBER_KEY = "the bench signs members in with this key"
CUSTOMERS = 400


@dataclass(frozen=True)
class Desk:
    run: dict[str, Any]
    people: list[Person]

    @property
    def cpu(self) -> float:
        """Seconds of CPU that the run has used, on all cores."""
        used = psutil.Process(self.run["pid"]).cpu_times()
        return used.user + used.system

    @property
    def resident(self) -> float:
        """MiB in memory of the run and all it started, PostgreSQL apart."""
        root = psutil.Process(self.run["pid"])
        mine = [root, *(p for p in root.children(recursive=True) if "postgres" not in p.name())]
        return sum(p.memory_info().rss for p in mine) / 2**20


@contextmanager
def data(customers: int = CUSTOMERS) -> Iterator[tuple[str, list[Person]]]:
    """A PostgreSQL with jeffers' world and the bench's customers in it: its URL, and they."""
    postgres = Postgres(LOCAL / "pg", "bench")
    try:
        url = postgres.start()
        yield url, install_with(url, customers)
    finally:
        postgres.stop()


@contextmanager
def business(*, automatic: bool) -> Iterator[Path]:
    """Jeffers in a folder of its own; `automatic`: nobody need look at an access request that is proven."""
    with tempfile.TemporaryDirectory(prefix="rightsdesk-bench-") as place:
        folder = Path(place) / BUSINESS
        shutil.copytree(SHIPPED / BUSINESS, folder)
        if automatic:
            said = yaml.safe_load((folder / "business.yaml").read_text())
            said["rights"]["access"]["review"] = "automatic"
            (folder / "business.yaml").write_text(yaml.safe_dump(said, sort_keys=False))
        yield folder


@contextmanager
def desk(*, automatic: bool = False, module: str = "local.run", **environ: str) -> Iterator[Desk]:
    """A running system with the bench's customers."""
    with data() as (url, people), business(automatic=automatic) as folder:
        given = {"DATABASE_URL": url, "RIGHTSDESK_MEMBER_KEY": MEMBER_KEY, **environ}
        with serving(str(folder), module, **given) as run:
            yield Desk(run, people)
