"""The life of a request: one table of statuses, one function that moves it along.

Rule 2 (one transaction: status, version and audit event together) starts here: `advance` gives both halves,
the store writes them as one. Leaves to others: when to move (usecases), where it is kept (adapters).
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from chalicelib.domain.audit import Event
from chalicelib.errors import TransitionNotAllowed

if TYPE_CHECKING:
    from chalicelib.domain.request import Request


class Status(StrEnum):
    RECEIVED = "received"
    VERIFYING = "verifying"
    GATHERING = "gathering"
    IN_REVIEW = "in_review"
    ASKED = "asked"
    COOLING_OFF = "cooling_off"
    FULFILLING = "fulfilling"
    FROZEN = "frozen"
    NEEDS_ATTENTION = "needs_attention"
    FULFILLED = "fulfilled"
    PARTLY_FULFILLED = "partly_fulfilled"
    REFUSED = "refused"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"

    @property
    def is_final(self) -> bool:
        return self in FINAL


S = Status
FINAL = frozenset({S.FULFILLED, S.PARTLY_FULFILLED, S.REFUSED, S.LAPSED, S.WITHDRAWN})

_ANY_TIME = {S.NEEDS_ATTENTION, S.FROZEN, S.WITHDRAWN}  # a fault, "that wasn't me", "never mind"

TRANSITIONS: dict[Status, frozenset[Status]] = {
    # from              to
    S.RECEIVED: frozenset({S.VERIFYING, S.GATHERING, S.FULFILLING} | _ANY_TIME),
    S.VERIFYING: frozenset({S.GATHERING, S.LAPSED} | _ANY_TIME),
    S.GATHERING: frozenset({S.IN_REVIEW, S.VERIFYING, S.FULFILLING, S.COOLING_OFF} | _ANY_TIME),
    S.IN_REVIEW: frozenset({S.FULFILLING, S.COOLING_OFF, S.ASKED, S.GATHERING} | _ANY_TIME),
    S.ASKED: frozenset({S.IN_REVIEW} | _ANY_TIME),
    S.COOLING_OFF: frozenset({S.FULFILLING} | _ANY_TIME),
    S.FULFILLING: frozenset({S.FULFILLED, S.PARTLY_FULFILLED, S.REFUSED, S.GATHERING, S.NEEDS_ATTENTION}),
    S.NEEDS_ATTENTION: frozenset(
        {S.RECEIVED, S.VERIFYING, S.GATHERING, S.IN_REVIEW, S.ASKED, S.COOLING_OFF, S.FULFILLING, S.FROZEN, S.WITHDRAWN}
    ),
    S.FROZEN: frozenset({S.FULFILLING, S.NEEDS_ATTENTION}),
    S.FULFILLED: frozenset(),
    S.PARTLY_FULFILLED: frozenset({S.FULFILLING, S.GATHERING}),
    S.REFUSED: frozenset(),
    S.LAPSED: frozenset({S.RECEIVED}),
    S.WITHDRAWN: frozenset(),
}


def advance(
    request: Request, to: Status, at: datetime, *, by: str = "system", reason: str | None = None, **changes: Any
) -> tuple[Request, Event]:
    """The request in status `to` at time `at` (UTC) and the audit event that says so, both for one write.

    `by` is `system`, `customer`, or `staff:<id>`; `changes` are further fields of the request.
    Raises TransitionNotAllowed when the life cycle has no such step.
    """
    if to not in TRANSITIONS[request.status]:
        raise TransitionNotAllowed(f"{request.reference}: {request.status} to {to}")
    return _next_version(request, at, what=to.value, by=by, reason=reason, status=to, **changes)


def amend(
    request: Request, what: str, at: datetime, *, by: str = "system", reason: str | None = None, **changes: Any
) -> tuple[Request, Event]:
    """The request changed within its status (an extension, a reminder), and the audit event `what` for it."""
    return _next_version(request, at, what=what, by=by, reason=request.reason, note=reason, **changes)


def _next_version(
    request: Request, at: datetime, *, what: str, by: str, reason: str | None, note: str | None = None, **changes: Any
) -> tuple[Request, Event]:
    number = request.version + 1
    event = Event.after(
        request.last_event_hash,
        reference=request.reference,
        number=number,
        at=at,
        what=what,
        by=by,
        note=note or reason,
    )
    changed = request.model_copy(update={"reason": reason, "version": number, "last_event_hash": event.hash, **changes})
    return changed, event
