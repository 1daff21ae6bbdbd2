"""What one request of each right would use on AWS, counted on the laptop run; `python -m bench.usage` prints JSON.

Here driver and system share a process, for every call is looked at; nothing is timed. State transitions are the states
entered in the executions' own histories, and retries; Lambda calls the tasks in them and the HTTP requests. A person's
clicks are those of a straight road: the form's POST, each link opened and answered once, the package fetched, the
tracker never looked at. Leaves to others: the units (units).
"""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from bench.driver import Driver, member_token
from bench.people import Person
from bench.system import MEMBER_KEY, business, data
from bench.units import Meter, stored_bytes
from local.serving import free_port

CUSTOMERS = 24
SPREAD = 3
"""Roads of each right: the median counts, for Lambda's milliseconds are measured and not counted."""


class Clicker(Driver):
    """A driver who counts the pages it asks for, and remembers when it filed, proved and decided."""

    def __init__(self, run: dict[str, Any], meter: Meter) -> None:
        super().__init__(run)
        self.meter = meter
        self.moments: dict[str, float] = {}

    def file(self, right: str, email: str, **fields: Any) -> str:
        self.moments = {"filed": time.perf_counter()}
        return super().file(right, email, **fields)

    def prove(self, *args: Any, **more: Any) -> str:
        self.moments["proven"] = time.perf_counter()
        return super().prove(*args, **more)

    def decide(self, *args: Any, **more: Any) -> Any:
        self.moments["decided"] = time.perf_counter()
        return super().decide(*args, **more)

    def call(self, method: str, url: str, body: bytes | None = None, **headers: str) -> Any:
        if url.startswith(("/", self.run["base_url"])):
            self.meter.add("HTTP requests")
        return super().call(method, url, body, **headers)


def access(walk: Driver, who: Person) -> None:
    reference = _approved(walk, who, walk.file("access", who.email, residence="US-CA"))
    _answered(walk, who, reference)
    walk.package(who.email, reference).close()


def access_of_a_member(walk: Driver, who: Person) -> None:
    reference = walk.file("access", who.email, residence="US-CA", member_token=member_token(who))
    _answered(walk, who, reference)
    walk.package(who.email, reference).close()


def _answered(walk: Driver, who: Person, reference: str) -> None:
    """Until the road has ended: who fetches the package with the mail has the last step repeated."""
    walk.link(who.email, "results", reference)
    settled()


def settled() -> None:
    """Until no road runs any more."""
    while any(status == "RUNNING" for status in _executions().values()):
        time.sleep(0.05)


def correction(walk: Driver, who: Person) -> None:
    _approved(walk, who, walk.file("correction", who.email, field=["shop.accounts.city"], value=["Newtown"]))


def deletion(walk: Driver, who: Person) -> None:
    _approved(walk, who, walk.file("deletion", who.email))


def california_disclosure(walk: Driver, who: Person) -> None:
    _approved(walk, who, walk.file("california_disclosure", who.email, residence="US-CA"))


def opt_out(walk: Driver, who: Person) -> None:
    walk.file("opt_out", who.email, stop=["email"])


def concern(walk: Driver, who: Person) -> None:
    reference = walk.file("concern", who.email, details="Why do you keep my old address?")
    _approved(walk, who, reference, explanation="With old invoices only.")


def _approved(walk: Driver, who: Person, reference: str, **more: str) -> str:
    walk.prove(who.email, reference, who.answers)
    walk.decide(walk.run["staff"][0]["email"], reference, "approve", **more)
    return reference


RIGHTS = (access, correction, deletion, california_disclosure, opt_out, concern)


def usage() -> dict[str, dict[str, float]]:
    """By right: what each request used."""
    return walked()["usage"]


@functools.cache
def walked() -> dict[str, dict[str, Any]]:
    """`usage`: by right, what each request used; `calls`: by right, the Lambda calls of one, in order."""
    said: dict[str, dict[str, Any]] = {"usage": {}, "calls": {}}
    with data(CUSTOMERS) as (url, _):
        for automatic in (False, True):
            with business(automatic=automatic) as folder:
                command = [sys.executable, "-m", "bench.usage", str(folder), url, *(["automatic"] if automatic else [])]
                found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
                for part, of in found.items():
                    said[part] |= of
    return said


def main(folder: str, url: str, automatic: bool) -> None:
    import os

    from local.run import Wanted, running

    os.environ |= {"RIGHTSDESK_UNDO_SECONDS": "1", "RIGHTSDESK_MEMBER_KEY": MEMBER_KEY}
    meter, said, calls = Meter(), {}, {}
    with tempfile.TemporaryDirectory() as place, meter.running():
        wanted = Wanted(folder, free_port(), free_port(), url, Path(place))
        with running(wanted) as run:
            walk = Clicker(run, meter)
            roads = (access_of_a_member,) if automatic else RIGHTS
            _used(meter, roads[0], walk, Person(0))  # the first reads secrets, templates and the database's types
            people = iter(map(Person, range(1, CUSTOMERS)))
            for road in roads:
                samples = [_used(meter, road, walk, next(people)) for _ in range(SPREAD)]
                said[road.__name__] = {what: median(one.get(what, 0) for one in samples) for what in samples[-1]}
                calls[road.__name__] = _calls(walk, samples[-1]["state transitions"])
    print(json.dumps({"usage": said, "calls": calls}))


def _used(meter: Meter, road: Callable[[Driver, Person], None], walk: Driver, who: Person) -> dict[str, float]:
    known, stored = set(_executions()), stored_bytes()
    meter.counted.clear()
    meter.invocations.clear()
    road(walk, who)
    settled()
    histories = [_history(arn) for arn in _executions().keys() - known]
    entered = sum(kind.endswith("StateEntered") for kinds in histories for kind in kinds)
    tasks = sum(kind == "TaskScheduled" for kinds in histories for kind in kinds)
    again = tasks - sum(kind == "TaskStateEntered" for kinds in histories for kind in kinds)
    used = {"state transitions": entered + again, "Lambda calls": tasks + meter.counted["HTTP requests"]}
    used |= {name: round(amount, 4) for name, amount in sorted(meter.counted.items())}
    return {**used, "stored KB": round((stored_bytes() - stored) / 1000, 1)}


def _calls(walk: Clicker, transitions: float) -> list[dict[str, Any]]:
    """The Lambda calls of the road just walked, each by the moment before it; transitions are shared out evenly."""
    made = sorted(walk.meter.invocations, key=lambda one: one.began)
    calls = []
    for one in made:
        moment = max((m for m in walk.moments if walk.moments[m] <= one.began), key=walk.moments.__getitem__)
        calls.append(
            {
                "moment": moment, "after": one.began - walk.moments[moment], "seconds": one.seconds,
                "used": {**one.used, "state transitions": transitions / len(made)},
                "partitions": [[*where, units] for where, units in one.partitions.items()],
            }
        )  # fmt: skip
    return calls


def _executions() -> dict[str, str]:
    import boto3

    client = boto3.client("stepfunctions")
    machine = client.list_state_machines()["stateMachines"][0]["stateMachineArn"]
    pages = client.get_paginator("list_executions").paginate(stateMachineArn=machine)
    return {found["executionArn"]: found["status"] for page in pages for found in page["executions"]}


def _history(arn: str) -> list[str]:
    import boto3

    pages = boto3.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
    return [event["type"] for page in pages for event in page["events"]]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:] == ["automatic"])
