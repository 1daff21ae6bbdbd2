"""The life of a request on one screen: its statuses, and which may follow which.

Leaves to others: moving a request along it (request.advance), when to (usecases).
"""

from __future__ import annotations

from enum import StrEnum


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
    S.COOLING_OFF: frozenset({S.FULFILLING, S.IN_REVIEW} | _ANY_TIME),
    S.FULFILLING: frozenset({S.FULFILLED, S.PARTLY_FULFILLED, S.REFUSED, S.GATHERING, S.NEEDS_ATTENTION, S.FROZEN}),
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
