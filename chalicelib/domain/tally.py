"""Tallies: what the yearly metrics count (11 CCR 7102), and the pure sums over them.

A tally holds a right, an outcome and a number of days: no person, and nothing that leads to one, so it outlives the
request. Small counts are not shown (MKT-6). Leaves to others: storing tallies with their request (the store).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from chalicelib.domain.request import Request, Right
from chalicelib.domain.status import Status

SMALL = 5
"""Counts below this are not shown: with few people, a number is a person."""
FEW = f"fewer than {SMALL}"
HIDDEN = "not shown"
"""Not small itself, but it would give away one that is."""


class Counted(StrEnum):
    WHOLE = "whole"
    PART = "part"
    DENIED = "denied"
    ENDED = "ended"
    OPEN = "open"


ANSWERED = frozenset({Counted.WHOLE, Counted.PART, Counted.DENIED})
OUTCOMES = {
    Status.FULFILLED: Counted.WHOLE,
    Status.PARTLY_FULFILLED: Counted.PART,
    Status.REFUSED: Counted.DENIED,
    Status.LAPSED: Counted.ENDED,
    Status.WITHDRAWN: Counted.ENDED,
}


class Tally(BaseModel):
    """One request as the metrics see it. `days`: whole days from receipt to answer, None without an answer."""

    model_config = ConfigDict(frozen=True)

    id: str
    year: int
    right: Right
    outcome: Counted = Counted.OPEN
    days: int | None = None
    month: int | None = None
    """Of that year, in which it came."""
    late: bool = False
    """Answered after its last day."""


def outcome_of(request: Request) -> Counted:
    """How it stands or ended."""
    outcome = OUTCOMES.get(request.status, Counted.OPEN)
    return Counted.PART if outcome is Counted.WHOLE and request.in_part else outcome


def tally_of(request: Request) -> Tally | None:
    """How the request is counted as it stands; None: nowhere."""
    if not request.tally_id or request.year is None:
        return None
    outcome = outcome_of(request)
    days = _days(request.received_at, request.closed_at) if outcome in ANSWERED else None
    late = days is not None and request.closed_at is not None and request.closed_at > request.due_at
    return Tally(
        id=request.tally_id, year=request.year, right=request.right, outcome=outcome, days=days, late=late,
        month=_month(request.received_at, request.year),
    )  # fmt: skip


def _month(received: datetime, year: int) -> int:
    """By UTC, but never out of the year in which it counts, which is the business's own."""
    return received.month if received.year == year else 12 if received.year > year else 1


def _days(received: datetime, closed: datetime | None) -> int | None:
    return max((closed - received).days, 0) if closed else None


class Sum(BaseModel):
    """One right in one year. `days`: how many answers took so many days."""

    model_config = ConfigDict(frozen=True)

    right: Right
    counts: dict[Counted, int] = Field(default_factory=dict)
    days: dict[int, int] = Field(default_factory=dict)
    months: dict[int, int] = Field(default_factory=dict)
    """How many came in each month."""
    open_months: dict[int, int] = Field(default_factory=dict)
    """How many of those are still open."""
    late: int = 0

    @property
    def received(self) -> int:
        return sum(self.counts.values())

    @property
    def answered(self) -> int:
        return sum(self.days.values())

    @property
    def median_days(self) -> float:
        """Of the answers; there must be one."""
        low, high = (self._days_of(place) for place in ((self.answered - 1) // 2, self.answered // 2))
        return low if low == high else (low + high) / 2

    @property
    def mean_days(self) -> float:
        return sum(days * answers for days, answers in self.days.items()) / self.answered

    def _days_of(self, place: int) -> int:
        """The days of the answer at this place, the quickest first."""
        for days in sorted(self.days):
            place -= self.days[days]
            if place < 0:
                return days
        raise IndexError(place)


class Sums(BaseModel):
    """A year as it was counted at one time (UTC)."""

    model_config = ConfigDict(frozen=True)

    year: int
    at: datetime
    rights: list[Sum]


@dataclass(frozen=True)
class Shown:
    """A sum as it may be shown: FEW or HIDDEN in place of a count, None in place of a figure of too few answers."""

    right: Right
    received: int | str
    counts: dict[Counted, int | str]
    median_days: float | None
    mean_days: float | None


def sums(tallies: Iterable[Tally]) -> list[Sum]:
    """Every right, in the order of the rights; the tallies are looked at once, one after the other."""
    counts: Counter[tuple[Right, Counted]] = Counter()
    days: Counter[tuple[Right, int]] = Counter()
    months: Counter[tuple[Right, int]] = Counter()
    open_months: Counter[tuple[Right, int]] = Counter()
    late: Counter[Right] = Counter()
    for tally in tallies:
        counts[tally.right, tally.outcome] += 1
        late[tally.right] += tally.late
        if tally.month:
            months[tally.right, tally.month] += 1
            open_months[tally.right, tally.month] += tally.outcome is Counted.OPEN
        if tally.days is not None:
            days[tally.right, tally.days] += 1
    return [
        Sum(
            right=right, counts={outcome: counts[right, outcome] for outcome in Counted},
            days=_of(right, days), months=_of(right, months), open_months=_of(right, open_months), late=late[right],
        )
        for right in Right
    ]  # fmt: skip


def _of(right: Right, counted: Counter[tuple[Right, int]]) -> dict[int, int]:
    return {of: n for (whose, of), n in sorted(counted.items()) if whose is right and n}


def guarded(counts: Mapping[str, int], *, elsewhere: bool) -> dict[str, int | str]:
    """Counts that belong together, as they may be shown: so that neither their sum nor another table gives one away.

    One that is small is hidden, and with a single one the next smallest; `elsewhere`: something was hidden in a table
    over the same requests, so that here, too, one must be.
    """
    told: dict[str, int | str] = {name: _told(n) for name, n in counts.items()}
    there = sorted((n, name) for name, n in counts.items() if n)
    small = sum(n < SMALL for n, _ in there)
    if small == 1 and len(there) > 1:
        told[there[1][1]] = HIDDEN
    if not small and elsewhere and there:
        told[there[0][1]] = HIDDEN
    return told


def shown(sum: Sum) -> Shown:
    """What may be told of it; nobody is zero, which may be told.

    One hidden count alone could be worked out from the number received, so the next smallest is hidden with it.
    """
    counts: dict[Counted, int | str] = {outcome: _told(n) for outcome, n in sum.counts.items()}
    there = sorted((n, outcome) for outcome, n in sum.counts.items() if n)
    if [n < SMALL for n, _ in there[:2]] == [True, False]:
        counts[there[1][1]] = HIDDEN
    enough = sum.answered >= SMALL
    return Shown(
        right=sum.right,
        received=_told(sum.received),
        counts=counts,
        median_days=round(sum.median_days, 1) if enough else None,
        mean_days=round(sum.mean_days, 1) if enough else None,
    )


def _told(count: int) -> int | str:
    return FEW if 0 < count < SMALL else count
