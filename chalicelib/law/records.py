"""How long the record of a request is kept once it has closed (11 CCR 7101: at least 24 months).

A law may ask for longer than the policy's own time, never shorten it. Leaves to others: purging (usecases/upkeep).
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from chalicelib.law.calendars import end_of, local_day, months_after
from chalicelib.law.loader import law_of
from chalicelib.law.model import POLICY


def records_kept_until(regime: str, closed_at: datetime, zone: ZoneInfo) -> datetime:
    """The last second (UTC) of the last local day on which the record of a request closed then must be there."""
    said = [law.records.months for law in (law_of(POLICY), law_of(regime)) if law.records]
    return end_of(months_after(local_day(closed_at, zone), max(said)), zone)
