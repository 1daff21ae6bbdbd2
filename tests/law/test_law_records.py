"""How long the record of a request is kept: 24 months, to the end of a local day, never less than the policy's own."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from chalicelib.law import law_of, records_kept_until, regime_ids

FRESNO = ZoneInfo("America/Los_Angeles")


@pytest.mark.parametrize(
    ("closed", "until"),
    [
        (datetime(2026, 11, 20, 20, tzinfo=UTC), "2028-11-20T23:59:59-08:00"),
        (datetime(2026, 11, 20, 5, tzinfo=UTC), "2028-11-19T23:59:59-08:00"),  # still the day before, in Fresno
        (datetime(2028, 2, 29, 20, tzinfo=UTC), "2030-02-28T23:59:59-08:00"),
        (datetime(2026, 3, 10, 20, tzinfo=UTC), "2028-03-10T23:59:59-08:00"),
        (datetime(2026, 7, 1, 20, tzinfo=UTC), "2028-07-01T23:59:59-07:00"),
    ],
)
def test_kept_for_24_months_from_the_local_day_of_its_end(closed: datetime, until: str) -> None:
    assert records_kept_until("us-ca-ccpa", closed, FRESNO).astimezone(FRESNO).isoformat() == until


def test_no_regime_keeps_a_record_for_less_than_the_policy() -> None:
    closed = datetime(2026, 11, 20, 20, tzinfo=UTC)
    policy = records_kept_until("policy", closed, FRESNO)
    assert all(records_kept_until(regime, closed, FRESNO) >= policy for regime in regime_ids())


def test_the_laws_that_set_a_time_say_where() -> None:
    said = {id: law.records for id in regime_ids() if (law := law_of(id)).records}
    assert {id: records.months for id, records in said.items()} == {"us-ca-ccpa": 24, "us-mn": 24, "policy": 24}
    assert all(records.cite for records in said.values())
