"""Clocks: the dates the laws give, by each reading, at the end of the business's own day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.request import Right
from chalicelib.errors import DecisionNotAllowed, Misconfigured
from chalicelib.law import LAW_RIGHT, Clock, appeal_clock, clock_for, extend, law_of, regime_ids
from chalicelib.law.calendars import (
    federal_holidays,
    lenient_business_days,
    months_after,
    rolled,
    strict_business_days,
    uk_holidays,
)

PACIFIC = ZoneInfo("America/Los_Angeles")
FRIDAY = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
ACCESS, OPT_OUT, DISCLOSURE, CONCERN = Right.ACCESS, Right.OPT_OUT, Right.CALIFORNIA_DISCLOSURE, Right.CONCERN


def day(instant: datetime | None, zone: ZoneInfo = PACIFIC) -> date | None:
    return instant.astimezone(zone).date() if instant else None


def noon(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(hour=12, tzinfo=PACIFIC).astimezone(UTC)


def dates(clock: Clock, zone: ZoneInfo = PACIFIC) -> list[str]:
    return [str(day(i, zone)) for i in (clock.target, clock.limit, clock.extension_limit) if i]


@pytest.mark.parametrize(
    ("regime", "right", "expected"),
    [
        ("us-ca-ccpa", ACCESS, ["2027-01-03", "2027-01-04", "2027-02-18"]),
        ("us-ca-ccpa", OPT_OUT, ["2026-12-08", "2026-12-14"]),
        ("us-ca-shine-the-light", DISCLOSURE, ["2026-12-20", "2026-12-20"]),
        ("us-va", ACCESS, ["2027-01-04", "2027-01-04", "2027-02-18"]),
        ("us-ia", ACCESS, ["2027-02-18", "2027-02-18", "2027-04-04"]),
        ("us-fl", ACCESS, ["2027-01-04", "2027-01-04", "2027-01-19"]),
        ("us-nv-603a", OPT_OUT, ["2027-01-19", "2027-01-19", "2027-02-18"]),
        ("us-wa-mhmda", Right.DELETION, ["2027-01-04", "2027-01-04", "2027-02-18"]),
        ("eu-gdpr", ACCESS, ["2026-12-20", "2026-12-21", "2027-02-22"]),
        ("uk-gdpr", ACCESS, ["2026-12-20", "2026-12-21", "2027-02-22"]),
        ("us-marketing-opt-outs", OPT_OUT, ["2026-12-02", "2026-12-07"]),
        ("us-coppa", ACCESS, ["2026-12-02", "2026-12-07"]),
        ("policy", CONCERN, ["2027-01-04", "2027-01-04", "2027-02-18"]),
    ],
)
def test_a_request_of_20_november_2026(regime: str, right: Right, expected: list[str]) -> None:
    """Target, limit and extended limit, as reckoned by hand from each text."""
    assert dates(clock_for(regime, right, FRIDAY, PACIFIC)) == expected


def test_california_acknowledges_by_the_strict_reading_and_saturdays_count() -> None:
    assert day(clock_for("us-ca-ccpa", ACCESS, FRIDAY, PACIFIC).acknowledge_by) == date(2026, 12, 2)
    assert strict_business_days(date(2026, 11, 20), 10) == date(2026, 12, 2)
    assert lenient_business_days(date(2026, 11, 20), 10) == date(2026, 12, 7)


def test_states_set_no_day_for_acknowledging_and_the_policy_does() -> None:
    assert clock_for("us-va", ACCESS, FRIDAY, PACIFIC).acknowledge_by is None
    assert day(clock_for("policy", ACCESS, FRIDAY, PACIFIC).acknowledge_by) == date(2026, 12, 2)


def test_shine_the_light_at_another_address_has_150_days() -> None:
    clock = clock_for("us-ca-shine-the-light", DISCLOSURE, FRIDAY, PACIFIC, designated=False)
    assert dates(clock) == ["2027-04-19", "2027-04-19"]


def test_another_address_makes_no_difference_where_the_law_makes_none() -> None:
    assert clock_for("us-va", ACCESS, FRIDAY, PACIFIC, designated=False) == clock_for("us-va", ACCESS, FRIDAY, PACIFIC)


def test_a_british_complaint_is_acknowledged_within_30_days_that_begin_with_receipt() -> None:
    clock = clock_for("uk-gdpr", CONCERN, noon("2026-09-01"), PACIFIC)
    assert day(clock.acknowledge_by) == date(2026, 9, 30)


@pytest.mark.parametrize(
    ("received", "target", "limit", "extended"),
    [
        ("2027-01-31", "2027-02-28", "2027-03-01", "2027-04-30"),  # no 31st, and a Sunday
        ("2028-01-31", "2028-02-29", "2028-02-29", "2028-05-01"),  # leap year; 30 April is a Sunday
        ("2028-02-29", "2028-03-29", "2028-03-29", "2028-05-29"),
        ("2026-12-31", "2027-01-31", "2027-02-01", "2027-03-31"),  # over the year's end
        ("2026-09-03", "2026-10-03", "2026-10-05", "2026-12-03"),  # a Saturday
    ],
)
def test_a_month_ends_on_the_same_day_or_the_months_last(received: str, target: str, limit: str, extended: str) -> None:
    assert dates(clock_for("eu-gdpr", ACCESS, noon(received), PACIFIC)) == [target, limit, extended]


def test_a_british_month_that_ends_on_christmas_rolls_past_the_bank_holidays() -> None:
    """25 December 2026 is a Friday; Monday the 28th stands in for Boxing Day."""
    british = clock_for("uk-gdpr", ACCESS, noon("2026-11-25"), PACIFIC)
    assert dates(british)[:2] == ["2026-12-25", "2026-12-29"]
    assert dates(clock_for("eu-gdpr", ACCESS, noon("2026-11-25"), PACIFIC))[:2] == ["2026-12-25", "2026-12-25"]


def test_45_days_run_through_a_leap_day() -> None:
    assert dates(clock_for("us-va", ACCESS, noon("2028-02-01"), PACIFIC))[0] == "2028-03-17"
    assert dates(clock_for("us-va", ACCESS, noon("2027-02-01"), PACIFIC))[0] == "2027-03-18"


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2026-01-22T20:00:00+00:00", "2026-03-09T06:59:59+00:00"),  # 8 March: clocks go forward, so 23:59:59 is UTC-7
        ("2026-01-21T20:00:00+00:00", "2026-03-08T07:59:59+00:00"),  # 7 March: still UTC-8
        ("2026-09-17T20:00:00+00:00", "2026-11-02T07:59:59+00:00"),  # 1 November: clocks go back, so UTC-8
    ],
)
def test_the_end_of_a_day_on_which_clocks_change(received: str, due: str) -> None:
    clock = clock_for("us-va", ACCESS, datetime.fromisoformat(received), PACIFIC)
    assert clock.limit == datetime.fromisoformat(due)


def test_where_clocks_go_back_at_midnight_the_day_ends_the_second_time() -> None:
    beirut = ZoneInfo("Asia/Beirut")
    clock = clock_for("us-va", ACCESS, datetime(2026, 9, 10, 9, tzinfo=UTC), beirut)  # due 25 October 2026
    saturday = clock_for("us-va", ACCESS, datetime(2026, 9, 9, 9, tzinfo=UTC), beirut)  # due the day of the change
    assert saturday.limit == datetime(2026, 10, 24, 21, 59, 59, tzinfo=UTC)
    assert clock.limit - saturday.limit == timedelta(days=1)


def test_receipt_belongs_to_the_business_day_not_to_utc() -> None:
    """Half past eleven at night in California is already tomorrow in UTC."""
    late = datetime(2026, 11, 21, 7, 30, tzinfo=UTC)
    assert clock_for("us-va", ACCESS, late, PACIFIC) == clock_for("us-va", ACCESS, FRIDAY, PACIFIC)


def test_an_instant_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        clock_for("us-va", ACCESS, datetime(2026, 11, 20), PACIFIC)  # noqa: DTZ001


def test_a_right_that_a_law_does_not_know_has_no_clock() -> None:
    with pytest.raises(Misconfigured, match="regime_for"):
        clock_for("us-ia", Right.CORRECTION, FRIDAY, PACIFIC)
    with pytest.raises(Misconfigured, match="no law has this id"):
        clock_for("us-zz", ACCESS, FRIDAY, PACIFIC)


def test_a_clock_says_why() -> None:
    clock = clock_for("us-ca-ccpa", ACCESS, FRIDAY, PACIFIC)
    assert "7021(b)" in clock.citation
    assert (
        clock.why == "45 days from receipt on 2026-11-20; by another reading 2027-01-03, so that is the day to aim for"
    )
    assert clock_for("policy", ACCESS, FRIDAY, PACIFIC).why == "45 days from receipt on 2026-11-20, our own number"


def test_an_extension_is_counted_from_receipt_and_given_once() -> None:
    extended = extend("us-ca-ccpa", ACCESS, FRIDAY, PACIFIC, at=noon("2026-12-15"))
    assert dates(extended) == ["2027-02-17", "2027-02-18"]
    assert extended.extension_limit is None


def test_an_extension_told_too_late_is_none() -> None:
    with pytest.raises(DecisionNotAllowed, match="had to be told by 2027-01-04"):
        extend("us-ca-ccpa", ACCESS, FRIDAY, PACIFIC, at=noon("2027-01-05"))


@pytest.mark.parametrize(
    ("regime", "right"),
    [("us-ca-shine-the-light", DISCLOSURE), ("us-marketing-opt-outs", OPT_OUT), ("us-coppa", ACCESS)],
)
def test_some_laws_know_no_extension(regime: str, right: Right) -> None:
    with pytest.raises(DecisionNotAllowed, match="allows no extension"):
        extend(regime, right, FRIDAY, PACIFIC, at=FRIDAY)


@pytest.mark.parametrize(
    ("regime", "expected"),
    [
        ("us-va", ["2027-01-19", "2027-01-19"]),
        ("us-co", ["2027-01-04", "2027-01-04", "2027-03-05"]),
        ("us-mn", ["2027-01-04", "2027-01-04", "2027-03-05"]),
        ("us-or", ["2027-01-04", "2027-01-04"]),
        ("us-in", ["2027-01-04", "2027-01-19"]),  # sources differ: aim for 45
        ("us-ca-ccpa", ["2027-01-04", "2027-01-04"]),  # ours
        ("us-la", ["2027-01-04", "2027-01-04"]),  # not established: ours
    ],
)
def test_appeals_have_clocks_of_their_own(regime: str, expected: list[str]) -> None:
    assert dates(appeal_clock(regime, FRIDAY, PACIFIC)) == expected


def test_federal_holidays_are_the_observed_ones() -> None:
    assert date(2026, 7, 3) in federal_holidays(2026)
    assert date(2027, 12, 31) in federal_holidays(2027), "New Year's Day 2028 is a Saturday"
    assert date(2026, 12, 28) in uk_holidays(2026)


PAIRS = [(id, right) for id in sorted(regime_ids()) for right in Right if LAW_RIGHT[right] in law_of(id).rights]
NAIVE = (datetime(2020, 1, 1), datetime(2039, 12, 31))  # noqa: DTZ001 (hypothesis wants bounds without a zone)
instants = st.datetimes(*NAIVE, timezones=st.just(UTC))
zones = st.sampled_from([PACIFIC, *map(ZoneInfo, ("UTC", "Asia/Tokyo", "Asia/Beirut", "Pacific/Kiritimati"))])


@given(st.sampled_from(PAIRS), instants, zones, st.booleans())
def test_no_clock_runs_backwards(pair: tuple[str, Right], at: datetime, zone: ZoneInfo, designated: bool) -> None:
    """Receipt, then the target, then the limit, then the extended limit; all at the end of a local day."""
    clock = clock_for(*pair, at, zone, designated=designated)
    assert at < clock.target <= clock.limit
    assert clock.acknowledge_by is None or at < clock.acknowledge_by <= clock.target
    assert clock.extension_limit is None or clock.extension_limit > clock.limit
    for due in (clock.target, clock.limit, clock.extension_limit, clock.acknowledge_by):
        if due:
            assert due.tzinfo is UTC
            assert due.astimezone(zone).strftime("%H:%M:%S") == "23:59:59"


@given(st.sampled_from(PAIRS), instants, zones)
def test_an_extension_gains_time_and_keeps_the_acknowledgement(
    pair: tuple[str, Right], at: datetime, zone: ZoneInfo
) -> None:
    before = clock_for(*pair, at, zone)
    if before.extension_limit:
        after = extend(*pair, at, zone, at=at)
        assert before.limit < after.target <= after.limit == before.extension_limit
        assert after.acknowledge_by == before.acknowledge_by


@given(st.sampled_from(PAIRS), instants, instants, zones)
def test_who_asks_later_is_never_due_earlier(
    pair: tuple[str, Right], one: datetime, other: datetime, zone: ZoneInfo
) -> None:
    first, second = sorted((one, other))
    assert clock_for(*pair, first, zone).target <= clock_for(*pair, second, zone).target
    assert clock_for(*pair, first, zone).limit <= clock_for(*pair, second, zone).limit


@given(st.dates(date(2020, 1, 1), date(2039, 1, 1)), st.integers(1, 60))
def test_the_strict_calendar_is_never_later_than_the_lenient(start: date, count: int) -> None:
    strict, lenient = strict_business_days(start, count), lenient_business_days(start, count)
    assert start < strict <= lenient
    assert strict.weekday() != 6
    assert lenient.weekday() < 5
    assert lenient not in federal_holidays(lenient.year)


@given(st.dates(date(2020, 1, 1), date(2039, 1, 1)), st.integers(-24, 24))
def test_months_keep_the_day_or_end_the_month(start: date, count: int) -> None:
    end = months_after(start, count)
    assert (end.year * 12 + end.month) - (start.year * 12 + start.month) == count
    assert end.day == start.day or (end.day < start.day and (end + timedelta(days=1)).day == 1)


@given(st.dates(date(2020, 1, 1), date(2039, 1, 1)))
def test_rolling_ends_on_the_next_working_day(start: date) -> None:
    assert rolled(start, "no") == start
    weekday = rolled(start, "weekend")
    assert weekday.weekday() < 5
    assert weekday - start <= timedelta(days=2)
    british = rolled(start, "weekend_and_uk_holiday")
    assert british >= weekday
    assert british not in uk_holidays(british.year)


# A clock that stands still


def test_paused_days_are_added_before_the_last_day_rolls() -> None:
    """UK GDPR Art. 12A: received on 20 November, a month is 20 December; eleven days more is New Year's Eve."""
    assert dates(clock_for("uk-gdpr", ACCESS, FRIDAY, PACIFIC, paused=11))[:2] == ["2026-12-31", "2026-12-31"]
    rolls = clock_for("uk-gdpr", ACCESS, FRIDAY, PACIFIC, paused=12)
    assert dates(rolls)[:2] == ["2027-01-01", "2027-01-04"], "past the holiday and the weekend"


def test_only_the_united_kingdom_lets_a_clock_stand_still() -> None:
    pausing = {law.id for law in map(law_of, regime_ids()) if any(said.pause for said in law.rights.values())}
    assert pausing == {"uk-gdpr"}
