"""Days that count: two readings of "business day", the end of a local day, months that keep their day.

No privacy law defines "business day". The strict calendar (Monday to Saturday, holidays count: Cal. Civ. Code 7, 9)
gives the earlier date, the lenient one (Monday to Friday, federal holidays do not count: 5 U.S.C. 6103) the later.
Leaves to others: which number of which days (data), what to aim for (clocks). `holidays` is imported when first needed.
"""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)
SATURDAY, SUNDAY = 5, 6
LAST_SECOND = time(23, 59, 59, fold=1)
"""Of a day; where clocks go back at midnight, the second of the two."""


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """The calendar day of an instant in a zone. The instant must say its offset."""
    if instant.utcoffset() is None:
        raise ValueError("an instant without an offset belongs to no day")
    return instant.astimezone(zone).date()


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The last second of a local day, in UTC."""
    return datetime.combine(day, LAST_SECOND, tzinfo=zone).astimezone(UTC)


def strict_business_days(start: date, count: int) -> date:
    """The last of `count` days after `start` that are no Sundays."""
    day = start
    while count:
        day += ONE_DAY
        count -= day.weekday() != SUNDAY
    return day


def lenient_business_days(start: date, count: int) -> date:
    """The last of `count` days after `start` that are neither weekend nor federal holiday."""
    day = start
    while count:
        day += ONE_DAY
        count -= day.weekday() < SATURDAY and day not in federal_holidays(day.year)
    return day


def months_after(start: date, count: int) -> date:
    """The same day number `count` months on; the month's last day where it has no such number."""
    years, month = divmod(start.month - 1 + count, 12)
    year, month = start.year + years, month + 1
    return date(year, month, min(start.day, calendar.monthrange(year, month)[1]))


def rolled(day: date, rolls: Literal["no", "weekend", "weekend_and_uk_holiday"]) -> date:
    """The next working day, from this one on."""
    if rolls == "no":
        return day
    uk = rolls == "weekend_and_uk_holiday"
    while day.weekday() >= SATURDAY or (uk and day in uk_holidays(day.year)):
        day += ONE_DAY
    return day


@lru_cache(maxsize=32)
def federal_holidays(year: int) -> frozenset[date]:
    """Federal holidays of the United States in a year, as observed."""
    return _holidays("US", year)


@lru_cache(maxsize=32)
def uk_holidays(year: int) -> frozenset[date]:
    """Bank holidays of England and Wales in a year."""
    return _holidays("GB", year, "ENG")


def _holidays(country: str, year: int, part: str | None = None) -> frozenset[date]:
    import holidays

    return frozenset(holidays.country_holidays(country, subdiv=part, years=year, expand=False))
