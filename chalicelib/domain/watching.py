"""What is measured of a request as it goes its road: pure, from the request and the audit event of one change.

Every change of status is one commit, so what is measured at a commit is counted once (rule 2). Nothing personal, and
few dimensions: CloudWatch asks money for each combination used in an hour. A synthetic walk is not measured.
Leaves to others: writing it down (log), when (adapters/watched), the yearly metrics that the law wants (tally).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.domain.audit import Event
from chalicelib.domain.request import Request
from chalicelib.domain.status import Status
from chalicelib.domain.tally import ANSWERED, outcome_of

PAST = 90
"""Per cent of the time from receipt to the due day, from which on a request is one to look at."""


@dataclass(frozen=True)
class Measure:
    """`unit` is one of CloudWatch's; `by`: dimensions beside the business."""

    name: str
    value: float
    unit: str = "Count"
    by: dict[str, str] = field(default_factory=dict)


def measures(request: Request, event: Event) -> list[Measure]:
    """What this change is counted as. An event that changes no status counts nothing."""
    stages = {status.value for status in Status}
    if request.synthetic or event.what not in stages:
        return []
    found = [Measure("Reached", 1, by={"stage": event.what})]
    if event.what == Status.RECEIVED:
        found.append(Measure("Received", 1, by={"right": request.right.value}))
    elif event.what == Status.LAPSED:
        found.append(Measure("Proven", 0))
    elif event.what == Status.GATHERING and event.by == "customer" and request.proof.mailbox:
        found.append(Measure("Proven", 1))
    if request.status.is_final:
        outcome = outcome_of(request)
        found.append(Measure("Ended", 1, by={"right": request.right.value, "outcome": outcome.value}))
        if outcome in ANSWERED and request.closed_at:
            used = clock_used(request, request.closed_at)
            found.append(Measure("ClockUsed", used, "Percent", {"right": request.right.value}))
    return found


def clock_used(request: Request, at: datetime) -> float:
    """Per cent of the time from receipt to the due day that is gone at `at` (UTC)."""
    whole = (request.due_at - request.received_at).total_seconds()
    return round(100 * (at - request.received_at).total_seconds() / whole, 1) if whole > 0 else 100.0


def gauge(waiting: Iterable[Request], now: datetime) -> list[Measure]:
    """How the open requests stand at `now` (UTC): what the alarms look at, every hour, so zeros are told too."""
    real = [r for r in waiting if not r.synthetic and not r.status.is_final]
    return [
        Measure("Open", len(real)),
        Measure("PastNinety", sum(clock_used(r, now) >= PAST for r in real)),
        Measure("Late", sum(now > r.due_at for r in real)),
        Measure("NeedsAttention", sum(r.status is Status.NEEDS_ATTENTION for r in real)),
    ]
