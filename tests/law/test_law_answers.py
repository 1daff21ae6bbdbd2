"""Limits, proof, and where to go after a refusal."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.request import Right
from chalicelib.law import (
    LAW_RIGHT,
    appeal_route,
    clock_for,
    law_of,
    limit_for,
    proof_needed,
    regime_for,
    regime_ids,
    window_end,
    window_start,
)

PACIFIC = ZoneInfo("America/Los_Angeles")
NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("regime", "right", "expected"),
    [
        ("us-ca-ccpa", Right.ACCESS, (2, "rolling_12_months", "may_decline")),
        ("us-ca-shine-the-light", Right.CALIFORNIA_DISCLOSURE, (1, "calendar_year", "first_answer_again")),
        ("us-va", Right.ACCESS, (2, "rolling_12_months", "may_charge")),
        ("us-co", Right.ACCESS, (1, "rolling_12_months", "may_charge")),
        ("us-wa-mhmda", Right.ACCESS, (2, "rolling_12_months", "may_charge")),
    ],
)
def test_how_often_one_may_ask(regime: str, right: Right, expected: tuple[int, str, str]) -> None:
    limit = limit_for(regime, right)
    assert limit is not None
    assert (limit.count, limit.window, limit.effect) == expected


def test_no_law_limits_deletion_correction_or_opting_out() -> None:
    for id in regime_ids():
        for right in (Right.DELETION, Right.CORRECTION, Right.OPT_OUT, Right.CONCERN):
            if LAW_RIGHT[right] in law_of(id).rights:
                assert limit_for(id, right) is None
    assert limit_for("us-ok", Right.ACCESS) is None, "not established: nobody is turned away for it"


def test_the_windows_are_the_businesss_own_days() -> None:
    year = limit_for("us-ca-shine-the-light", Right.CALIFORNIA_DISCLOSURE)
    rolling = limit_for("us-ca-ccpa", Right.ACCESS)
    assert year
    assert rolling
    assert window_start(year, NOW, PACIFIC) == datetime(2026, 1, 1, 8, tzinfo=UTC)
    assert window_end(year, NOW, PACIFIC) == datetime(2027, 1, 1, 7, 59, 59, tzinfo=UTC)
    assert window_start(rolling, NOW, PACIFIC) == datetime(2025, 11, 20, 8, tzinfo=UTC)
    assert window_end(rolling, NOW, PACIFIC) == datetime(2027, 11, 21, 7, 59, 59, tzinfo=UTC)


def test_new_years_eve_in_california_is_still_the_old_year() -> None:
    year = limit_for("us-ca-shine-the-light", Right.CALIFORNIA_DISCLOSURE)
    assert year
    eve = datetime(2027, 1, 1, 5, tzinfo=UTC)
    assert window_start(year, eve, PACIFIC) == window_start(year, NOW, PACIFIC)


@pytest.mark.parametrize(
    ("regime", "right", "scope", "points", "declaration"),
    [
        ("us-ca-ccpa", Right.ACCESS, "specific", 3, True),
        ("us-ca-ccpa", Right.ACCESS, "categories", 2, False),
        ("us-ca-ccpa", Right.DELETION, "specific", 2, False),
        ("us-ca-ccpa", Right.DELETION, "sensitive", 3, True),
        ("us-ca-ccpa", Right.CORRECTION, "sensitive", 3, True),
        ("us-ca-shine-the-light", Right.CALIFORNIA_DISCLOSURE, "specific", 1, False),
        ("us-va", Right.ACCESS, "specific", 2, False),
        ("us-va", Right.ACCESS, "categories", 2, False),
        ("us-va", Right.ACCESS, "sensitive", 2, False),
        ("eu-gdpr", Right.ACCESS, "specific", 1, False),
        ("us-coppa", Right.DELETION, "specific", 2, True),
        ("policy", Right.ACCESS, "specific", 2, False),
        ("policy", Right.ACCESS, "categories", 1, False),
        ("policy", Right.CONCERN, "specific", 1, False),
    ],
)
def test_proof(regime: str, right: Right, scope: str, points: int, declaration: bool) -> None:
    needed = proof_needed(regime, right, scope)
    assert (needed.points, needed.declaration) == (points, declaration)
    assert needed.citation


def test_an_opt_out_is_never_verified_anywhere() -> None:
    for id in regime_ids():
        if LAW_RIGHT[Right.OPT_OUT] in law_of(id).rights:
            assert proof_needed(id, Right.OPT_OUT).points == 0


@given(st.sampled_from(sorted(regime_ids())), st.sampled_from(list(Right)))
def test_more_harm_never_takes_less_proof(regime: str, right: Right) -> None:
    if LAW_RIGHT[right] in law_of(regime).rights:
        levels = [proof_needed(regime, right, s) for s in ("categories", "specific", "sensitive")]
        points = [level.points for level in levels]
        assert points == sorted(points)
        assert [level.declaration for level in levels] == sorted(level.declaration for level in levels)


def test_every_refusal_says_where_to_go() -> None:
    for id in regime_ids():
        route = appeal_route(id)
        assert f"within {route.days} days" in route.words
        assert route.authority in route.words
        assert route.page is None or route.page in route.words
        assert route.words.endswith(".")


def test_appeals_in_the_words_of_the_customer() -> None:
    colorado = appeal_route("us-co")
    assert colorado.owed
    assert colorado.days == 45
    assert "Attorney General of Colorado" in colorado.words
    assert "court" in appeal_route("eu-gdpr").words
    assert not appeal_route("us-ut").owed
    assert "Utah Division of Consumer Protection" in appeal_route("us-ut").words
    assert appeal_route("us-la").authority == appeal_route("policy").authority, "not established"


def test_choosing_regime_clock_and_proof_takes_no_time() -> None:
    """A fifth of a millisecond, warm: the best of five rounds, so that a busy machine does not fail it."""

    def round_of(times: int) -> float:
        begun = time.perf_counter()
        for _ in range(times):
            regime = regime_for(
                Right.ACCESS, "US-CA", binding=["us-ca-ccpa"], voluntary=["us-va"], on=date(2026, 11, 20)
            )
            clock_for(regime, Right.ACCESS, NOW, PACIFIC)
            proof_needed(regime, Right.ACCESS, "specific")
        return (time.perf_counter() - begun) / times

    round_of(10)
    assert min(round_of(100) for _ in range(5)) < 0.0002


def test_importing_the_law_reads_no_file_and_no_holidays() -> None:
    program = "import sys, chalicelib.law; print({'yaml', 'holidays'} & sys.modules.keys())"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "set()"
