"""How often a person may ask before the law lets the business say no, charge, or answer as before.

Leaves to others: counting, which must hold under concurrency (the store), and saying so kindly (mail).
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from chalicelib.domain.request import Right
from chalicelib.law.calendars import end_of, local_day, months_after
from chalicelib.law.loader import entitlement
from chalicelib.law.model import Limit, Regime


def limit_for(regime: Regime | str, right: Right) -> Limit | None:
    """The limit on a right, None where there is none. Raises Misconfigured when the regime knows no such right."""
    return entitlement(regime, right).limit


def window_start(limit: Limit, at: datetime, zone: ZoneInfo) -> datetime:
    """The first instant (UTC) from which requests count together with one received at `at` (UTC)."""
    day = local_day(at, zone)
    first = date(day.year, 1, 1) if limit.window == "calendar_year" else months_after(day, -12)
    return datetime(first.year, first.month, first.day, tzinfo=zone).astimezone(UTC)


def window_end(limit: Limit, first: datetime, zone: ZoneInfo) -> datetime:
    """The last second (UTC) in which a request received at `first` (UTC) still counts."""
    day = local_day(first, zone)
    last = date(day.year, 12, 31) if limit.window == "calendar_year" else months_after(day, 12)
    return end_of(last, zone)
