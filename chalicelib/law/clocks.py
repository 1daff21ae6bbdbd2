"""By when a request must be acknowledged and answered: from receipt, never from verification (11 CCR 7021(b)).

Where a text has two readings, the target is the earlier date and the limit the later: work to the target. Every due
instant is the last second of a calendar day in the business's zone, in UTC. Leaves to others: keeping to it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from chalicelib import language
from chalicelib.domain.request import Right
from chalicelib.errors import DecisionNotAllowed
from chalicelib.law.calendars import (
    end_of,
    lenient_business_days,
    local_day,
    months_after,
    rolled,
    strict_business_days,
)
from chalicelib.law.loader import appeal_of, entitlement, law_of
from chalicelib.law.model import Entitlement, Regime, Term


@dataclass(frozen=True, slots=True)
class Clock:
    """When a request is due. Instants are UTC; `extension_limit` is None where the law allows no extension."""

    acknowledge_by: datetime | None
    target: datetime
    limit: datetime
    extension_limit: datetime | None
    citation: str
    why: str
    term: str = ""
    """The length in words: `45 days`."""


def clock_for(
    regime: Regime | str,
    right: Right,
    received_at: datetime,
    zone: ZoneInfo,
    *,
    designated: bool = True,
    paused: int = 0,
) -> Clock:
    """The clock of a request received at an instant (UTC) by a business in `zone`.

    `designated`: it came to an address that the business names for such requests (Civ. Code 1798.83(b)(1));
    `paused`: calendar days that do not count, where the law stops the clock (`Entitlement.pause`).
    Raises Misconfigured when the regime knows no such right.
    """
    said = entitlement(regime, right)
    clock = _clock(_respond(said, designated), said.extension, local_day(received_at, zone), zone, paused)
    if said.acknowledge is None:
        return clock
    by = _target(said.acknowledge, local_day(received_at, zone))
    return replace(clock, acknowledge_by=end_of(by, zone))


def appeal_clock(regime: Regime | str, received_at: datetime, zone: ZoneInfo) -> Clock:
    """The clock of an appeal received at an instant (UTC); our own default where the law sets none."""
    refusal, decide = appeal_of(regime)
    return _clock(decide, refusal.extension, local_day(received_at, zone), zone)


def extend(
    regime: Regime | str,
    right: Right,
    received_at: datetime,
    zone: ZoneInfo,
    *,
    at: datetime,
    designated: bool = True,
    paused: int = 0,
) -> Clock:
    """The clock after an extension told to the customer at `at` (UTC): still counted from receipt, and only once.

    Raises DecisionNotAllowed when the law allows none, or `at` is past the limit within which it must be told.
    """
    said = entitlement(regime, right)
    clock = clock_for(regime, right, received_at, zone, designated=designated, paused=paused)
    respond = _respond(said, designated)
    return _extended(regime, clock, respond, said.extension, local_day(received_at, zone), zone, at, paused)


def extend_appeal(regime: Regime | str, received_at: datetime, zone: ZoneInfo, *, at: datetime) -> Clock:
    """The clock of an appeal after an extension told to the customer at `at` (UTC). Raises DecisionNotAllowed."""
    refusal, decide = appeal_of(regime)
    clock = appeal_clock(regime, received_at, zone)
    return _extended(regime, clock, decide, refusal.extension, local_day(received_at, zone), zone, at)


def _respond(said: Entitlement, designated: bool) -> Term:
    return said.respond if designated else said.respond_elsewhere or said.respond


def _extended(
    regime: Regime | str,
    clock: Clock,
    respond: Term,
    extension: Term | None,
    received: date,
    zone: ZoneInfo,
    at: datetime,
    paused: int = 0,
) -> Clock:
    if extension is None or clock.extension_limit is None:
        raise DecisionNotAllowed(f"{law_of(regime).name} allows no extension ({clock.citation}).")
    if at > clock.limit:
        raise DecisionNotAllowed(f"An extension had to be told by {local_day(clock.limit, zone)} ({extension.cite}).")
    return replace(
        clock,
        target=end_of(_target(_together(respond, extension), received, paused), zone),
        limit=clock.extension_limit,
        extension_limit=None,
        citation=extension.cite,
        why=f"{_words(respond)} and {_words(extension)} more, from receipt on {received}",
        term=language.gettext(
            "%(respond)s and %(extension)s more", respond=_words(respond), extension=_words(extension)
        ),
    )


def _clock(respond: Term, extension: Term | None, received: date, zone: ZoneInfo, paused: int = 0) -> Clock:
    target, limit = _target(respond, received, paused), _limit(respond, received, paused)
    longest = _limit(_together(respond, extension), received, paused) if extension else None
    return Clock(
        acknowledge_by=None,
        target=end_of(target, zone),
        limit=end_of(limit, zone),
        extension_limit=end_of(longest, zone) if longest else None,
        citation=respond.cite,
        why=_why(respond, received, target, limit),
        term=_words(respond),
    )


def _target(term: Term, received: date, paused: int = 0) -> date:
    """The day to aim for, of a term that runs from a day of receipt: the earliest reading, on no holiday calendar."""
    if paused:
        return _target(term, received) + timedelta(days=paused)
    count = term.count - term.spare
    match term.unit:
        case "business_day":
            return strict_business_days(received, count)
        case "month":
            return months_after(received, count)
        case "day":
            return received + timedelta(days=count - term.counts_receipt)


def _limit(term: Term, received: date, paused: int = 0) -> date:
    """The last day of a term: the latest reading. Paused days come before the roll: they are no part of the term."""
    still = timedelta(days=paused)
    match term.unit:
        case "business_day":
            return lenient_business_days(received, term.count)
        case "month":
            return rolled(months_after(received, term.count) + still, term.rolls)
        case "day":
            return rolled(received + timedelta(days=term.count - term.counts_receipt) + still, term.rolls)


def _together(respond: Term, extension: Term) -> Term:
    """Both spans as one: each runs from receipt, and what is spared of one is spared of both."""
    count = respond.count + extension.count
    spare = respond.spare + extension.spare
    return respond.model_copy(update={"count": count, "aim": count - spare if spare else None})


def _words(term: Term) -> str:
    return language.ngettext(*UNITS[term.unit], term.count)


UNITS = {
    "day": ("%(num)s day", "%(num)s days"),
    "business_day": ("%(num)s business day", "%(num)s business days"),
    "month": ("%(num)s month", "%(num)s months"),
}


def _why(term: Term, received: date, target: date, limit: date) -> str:
    why = f"{_words(term)} from receipt on {received}"
    if term.evidence == "ours":
        why += ", our own number"
    return why if target == limit else f"{why}; by another reading {target}, so that is the day to aim for"
