"""When the clock stands still: while an answer about who somebody is or what they mean is awaited (UK GDPR Art. 12A).

Only where the law's data says so, from its day on: California's clock, for one, never stops (11 CCR 7021(b)). An
appeal's clock never stops either. Leaves to others: whether the question is of that kind, which staff say (review).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.domain.request import Request
from chalicelib.law.calendars import local_day
from chalicelib.law.loader import entitlement
from chalicelib.law.model import Pause
from chalicelib.law.rules import current_clock


def pause_of(request: Request, zone: ZoneInfo, at: datetime) -> Pause | None:
    """What lets this request's clock stand still from `at` (UTC) on; None where nothing does, or it has run out."""
    pause = None if request.appeal_of else entitlement(request.regime, request.right).pause
    if pause is None or local_day(at, zone) < pause.since or at > (request.limit_at or request.due_at):
        return None
    return pause


def resumed(request: Request, zone: ZoneInfo, at: datetime | None) -> dict[str, Any]:
    """The fields of a request whose clock runs again from `at` (UTC) on; `at` None: as if it had never stood still.

    The days from the day of the question to that of the answer do not count. Nothing where the clock runs.
    """
    if request.paused_at is None:
        return {}
    stood = (local_day(at, zone) - local_day(request.paused_at, zone)).days if at else 0
    days = request.paused_days + stood
    clock = current_clock(request.model_copy(update={"paused_days": days}), zone)
    return {"paused_at": None, "paused_days": days, "due_at": clock.target, "limit_at": clock.limit}
