"""The rules that govern one request, as they are shown: which law, which clock, why, and where it stands.

Everything the code applies can be seen (review card, tracker, mails). Leaves to others: choosing the law (regimes),
counting days (clocks), the sentences around it (templates).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from chalicelib.domain.request import Request
from chalicelib.errors import DecisionNotAllowed
from chalicelib.law.calendars import local_day
from chalicelib.law.clocks import Clock, appeal_clock, clock_for, extend, extend_appeal
from chalicelib.law.loader import law_of
from chalicelib.law.model import LAW_RIGHT, POLICY


@dataclass(frozen=True, slots=True)
class Rules:
    """What governs a request. `aim` and `limit` are UTC; `instead` says which law was looked at first, and its gap."""

    law: str
    citation: str
    basis: Literal["binding", "voluntary", "policy"]
    instead: str | None
    term: str
    clock_citation: str
    ours: bool
    """The length is the product's own number: the law sets none."""
    aim: datetime
    limit: datetime
    two_readings: bool
    """Whether the day to aim for is not the law's last day."""
    extended: bool
    paused: int
    """Calendar days that did not count, as the clock stood still."""
    pause_citation: str | None
    """The clause that stopped it, or lets it be stopped now; None where nothing did."""


def rules_of(request: Request, zone: ZoneInfo, binding: Sequence[str]) -> Rules:
    """The rules of a request at a business in `zone` that is bound by the laws `binding`.

    Raises Misconfigured when its law has gone from the files.
    """
    law, clock = law_of(request.regime), current_clock(request, zone)
    pause = law.rights[LAW_RIGHT[request.right]].pause if request.paused_at or request.paused_days else None
    limit = request.limit_at or clock.limit
    return Rules(
        law=law.name,
        citation=law.law,
        basis="policy" if law.id == POLICY else "binding" if law.id in binding else "voluntary",
        instead=request.fallback,
        term=clock.term,
        clock_citation=clock.citation,
        ours="our own number" in clock.why,
        aim=request.due_at,
        limit=limit,
        two_readings=local_day(request.due_at, zone) < local_day(limit, zone),
        extended=request.extended_at is not None,
        paused=request.paused_days,
        pause_citation=pause.cite if pause else None,
    )


def clock_of(request: Request, zone: ZoneInfo) -> Clock:
    """The clock of a request without its extension, from its own receipt; an appeal has one of its own."""
    if request.appeal_of:
        return appeal_clock(request.regime, request.received_at, zone)
    return clock_for(
        request.regime, request.right, request.received_at, zone, designated=request.designated,
        paused=request.paused_days,
    )  # fmt: skip


def current_clock(request: Request, zone: ZoneInfo) -> Clock:
    """The clock that runs now, extended if it was."""
    clock = clock_of(request, zone)
    return extended_clock(request, zone, at=min(request.extended_at, clock.limit)) if request.extended_at else clock


def extended_clock(request: Request, zone: ZoneInfo, *, at: datetime) -> Clock:
    """Its clock after an extension told at `at` (UTC). Raises DecisionNotAllowed: none, once only, or too late."""
    if request.appeal_of:
        return extend_appeal(request.regime, request.received_at, zone, at=at)
    return extend(
        request.regime, request.right, request.received_at, zone, at=at, designated=request.designated,
        paused=request.paused_days,
    )  # fmt: skip


def may_extend(request: Request, zone: ZoneInfo, at: datetime) -> bool:
    """Whether the law lets this request be extended at `at`: once, and before its first limit."""
    if request.extended_at:
        return False
    try:
        extended_clock(request, zone, at=at)
    except DecisionNotAllowed:
        return False
    return True
