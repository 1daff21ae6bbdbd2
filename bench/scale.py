"""Scale: what a request and each page cost with a hundred stored requests and with a million, in DynamoDB's units.

Driver and system share a process (every call is looked at); the stored requests are put into moto's table directly, as
the store would write them: ended requests with a day of upkeep to come, each with its tally of this year. Leaves to
others: what a unit is (units), a day's load against AWS's limits (day).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.figures import Figure
from bench.people import Person
from bench.system import business, data
from bench.units import Meter
from bench.usage import Clicker, access, settled
from chalicelib import links
from chalicelib.bootstrap import services
from chalicelib.services import Services
from chalicelib.usecases import attention, metrics, upkeep
from local.aws import ACCOUNT, REGION
from local.serving import free_port

STORED = (100, 1_000_000)
FLAT = 1.05
"""At most so many times the units with a million stored as with a hundred."""


def scale() -> dict[str, dict[str, float]]:
    """By what is done: units with few stored, units with many, each in a process of its own."""
    with data(4) as (url, _), business(automatic=False) as folder:
        found = {n: _in_a_process(str(folder), url, n) for n in STORED}
    few, many = STORED
    return {
        what: {f"{few:,} stored": units, f"{many:,} stored": found[many][what], "ratio": found[many][what] / units}
        for what, units in found[few].items()
    }


def figures(found: dict[str, dict[str, float]]) -> list[Figure]:
    worst = max(found, key=lambda what: found[what]["ratio"])
    ratio = found[worst]["ratio"]
    return [Figure(f"units with {STORED[1]:,} stored to {STORED[0]:,}, at worst ({worst})", ratio, "times", FLAT)]


def _in_a_process(folder: str, url: str, stored: int) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.scale", folder, url, str(stored)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return dict(json.loads(said))


def main(folder: str, url: str, stored: int) -> None:
    os.environ["RIGHTSDESK_UNDO_SECONDS"] = "1"
    meter, units = Meter(), {}
    with _system(meter, folder, url) as run:
        walk = Clicker(run, meter)
        access(walk, Person(0))  # the first reads secrets and templates
        settled()
        _apart(metrics.count_open_years)  # the one that grows by design, once a day: not measured
        _fill(stored)
        session = _session()
        for what, act in (
            ("an access request", lambda: access(walk, Person(1))),
            ("the same person's second", lambda: access(walk, Person(1))),
            ("the staff queue", lambda: walk.get("/staff", Cookie=session)),
            ("the metrics page", lambda: walk.get("/staff/metrics", Cookie=session)),
            ("the sweeps, nothing due", _sweep),
        ):
            units[what] = _units(meter, act)
    print(json.dumps(units))


@contextmanager
def _system(meter: Meter, folder: str, url: str) -> Iterator[dict[str, Any]]:
    from local.run import Wanted, running

    with (
        tempfile.TemporaryDirectory() as place,
        meter.running(),
        running(Wanted(folder, free_port(), free_port(), url, Path(place))) as run,
    ):
        yield run


def _units(meter: Meter, act: Callable[[], object]) -> float:
    meter.counted.clear()
    act()
    settled()
    return meter.counted["read units"] + meter.counted["write units"]


def _session() -> str:
    """The cookie of a member of staff who is signed in."""
    svc = services()
    token = svc.chance.token()
    svc.store.put_links([links.mint(token, links.Purpose.SESSION, svc.business.staff[0].id, None, svc.now())])
    return f"staff={token}"


def _sweep() -> None:
    """What the schedules run; in a thread of its own, for the meter does not look at the driver's."""
    for sweep in (upkeep.purge_due, attention.sweep):
        _apart(sweep)


def _apart(sweep: Callable[[Services], object]) -> None:
    thread = threading.Thread(target=sweep, args=(services(),))
    thread.start()
    thread.join()


def _fill(stored: int) -> None:
    """Ended requests, each like the one just walked: its item, in the index by a day to come, and its tally."""
    from moto.dynamodb.models import dynamodb_backends
    from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict

    def put(like: Item, **new: str) -> None:
        typed = {name: DynamoType({"S": value}) for name, value in new.items()}
        made = Item.__new__(Item)
        made.hash_key, made.range_key = typed["pk"], typed["sk"]
        made.attrs = LimitedSizeDict.__new__(LimitedSizeDict)
        dict.update(made.attrs, {**like.attrs, **typed})  # what is alike is shared: a million items fit in memory
        table.items[made.hash_key][made.range_key] = made

    table = dynamodb_backends[ACCOUNT][REGION].get_table(services().settings.table)
    there = list(table.all_items())
    ended = next(item for item in there if item.range_key.value == "REQUEST" and "queue" in item.attrs)
    tally = next(item for item in there if item.hash_key.value.startswith("METRICS#"))
    later = datetime.now(UTC) + timedelta(days=2)
    for number in range(stored):
        due = (later + timedelta(minutes=number % 1_000_000)).isoformat()
        put(ended, pk=f"REQ#stored-{number}", sk="REQUEST", due_at=due)
        put(tally, pk=tally.hash_key.value, sk=f"stored-{number}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
