"""Appeals: what the second decision owes to the first: its card shows it, and its outcome stands on its timeline.

Leaves to others: filing an appeal (following), its clock and route (law), who may decide it (correspondence).
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.decision import Decision
from chalicelib.domain.request import Request, amend
from chalicelib.domain.status import Status
from chalicelib.errors import RequestNotFound
from chalicelib.law import appeal_route
from chalicelib.services import Services
from chalicelib.usecases import partial

OUTCOMES = {
    Status.FULFILLED: "appeal_upheld",
    Status.PARTLY_FULFILLED: "appeal_partly_upheld",
    Status.REFUSED: "appeal_denied",
}


@dataclass(frozen=True)
class First:
    """The decision against which somebody appeals: no personal data."""

    reference: str
    decision: Decision
    left: list[str]
    """Titles of what it left out; empty when it refused the whole."""


def first(svc: Services, request: Request) -> First | None:
    """The decision that this request appeals against; None when it is no appeal."""
    if request.appeal_of is None:
        return None
    try:
        appealed = svc.store.get(request.appeal_of)
    except RequestNotFound:  # its record is purged by now
        return None
    return First(appealed.reference, appealed.decision, titles(svc, appealed)) if appealed.decision else None


def titles(svc: Services, request: Request) -> list[str]:
    """Titles of the collections that a request's decision left out, in the data map's order."""
    without = partial.left(request)
    return [title for (source, name), title in svc.business.titles().items() if f"{source}.{name}" in without]


def regulator(request: Request) -> str:
    """What every answer to an appeal says of the authority, where the law wants it said in each (Colorado)."""
    route = appeal_route(request.regime)
    return route.complaint if request.appeal_of and route.always else ""


def record(svc: Services, request: Request, status: Status, *, left: bool) -> None:
    """Note on the appealed request how its appeal ends, once. Raises RequestChanged (try again)."""
    if request.appeal_of is None:
        return
    what = OUTCOMES[status] if left or status is not Status.PARTLY_FULFILLED else OUTCOMES[Status.FULFILLED]
    try:
        appealed = svc.store.get(request.appeal_of)
    except RequestNotFound:
        return
    if any(e.note == request.reference and e.what in OUTCOMES.values() for e in svc.store.events(appealed.reference)):
        return
    noted, event = amend(appealed, what, svc.now(), reason=request.reference)
    svc.store.commit(noted, event)
