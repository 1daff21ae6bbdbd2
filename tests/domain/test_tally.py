"""The metrics: every request counts once, where it stands; what is shown gives nobody away."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.request import SETTLES_AFTER, Request, Right, advance
from chalicelib.domain.status import TRANSITIONS, Status
from chalicelib.domain.tally import ANSWERED, FEW, HIDDEN, SMALL, Counted, Sum, Tally, shown, sums, tally_of
from chalicelib.links import LIFETIMES, Purpose

AT = datetime(2026, 11, 2, 17, 0, tzinfo=UTC)


def made(status: Status = Status.RECEIVED, days: float = 0, **facts: object) -> Request:
    return Request(**{
        "reference": "R-0000-0001", "right": Right.DELETION, "regime": "policy", "status": status, "received_at": AT,
        "due_at": AT, "policy_version": "1", "year": 2026, "tally_id": "a1",
        "closed_at": AT + timedelta(days=days), **facts,
    })  # fmt: skip


@st.composite
def tallies(draw: st.DrawFn) -> Tally:
    outcome = draw(st.sampled_from(Counted))
    days = draw(st.integers(0, 400)) if outcome in ANSWERED else None
    right = draw(st.sampled_from([Right.ACCESS, Right.DELETION]))
    return Tally(id=draw(st.uuids()).hex, year=2026, right=right, outcome=outcome, days=days)


def access(counts: dict[Counted, int], *days: int) -> Sum:
    """A year's access requests, answered in so many days."""
    return Sum(right=Right.ACCESS, counts=dict.fromkeys(Counted, 0) | counts, days=Counter(days))


counts = st.fixed_dictionaries({outcome: st.integers(0, 9) for outcome in Counted})


@given(st.lists(tallies(), max_size=40))
def test_every_tally_counts_once_under_its_right(found: list[Tally]) -> None:
    summed = {each.right: each for each in sums(found)}
    assert list(summed) == list(Right)
    for right, each in summed.items():
        own = [t for t in found if t.right is right]
        assert each.received == len(own)
        assert sum(each.counts[outcome] for outcome in ANSWERED) == each.answered
        assert all(each.counts[outcome] == len([t for t in own if t.outcome is outcome]) for outcome in Counted)
    assert sums(found) == sums(list(reversed(found)))


@given(st.lists(st.integers(0, 400), min_size=SMALL, max_size=60))
def test_median_and_mean_are_those_of_the_days(days: list[int]) -> None:
    told = shown(access({Counted.WHOLE: len(days)}, *days))
    assert told.median_days is not None
    assert told.mean_days is not None
    below, above = [d for d in days if d < told.median_days], [d for d in days if d > told.median_days]
    assert len(below) <= len(days) / 2
    assert len(above) <= len(days) / 2
    assert abs(Fraction(told.mean_days) - Fraction(sum(days), len(days))) <= Fraction(51, 1000)


@given(counts)
def test_no_small_count_is_shown_or_can_be_worked_out(numbers: dict[Counted, int]) -> None:
    told = shown(access(numbers))
    secret = {outcome for outcome, n in numbers.items() if 0 < n < SMALL}
    assert secret == {outcome for outcome, n in told.counts.items() if n == FEW}
    assert all(told.counts[outcome] in (n, HIDDEN) for outcome, n in numbers.items() if outcome not in secret)
    if isinstance(told.received, int) and secret:
        assert len([n for n in told.counts.values() if isinstance(n, str)]) >= 2, "one hidden is no secret"


def test_figures_of_few_answers_are_not_shown() -> None:
    few = shown(access({Counted.WHOLE: 4}, 1, 2, 3, 4))
    assert (few.received, few.counts[Counted.WHOLE], few.median_days, few.mean_days) == (FEW, FEW, None, None)


def test_nobody_is_shown_as_nobody() -> None:
    assert {each.received for each in map(shown, sums([]))} == {0}


@pytest.mark.parametrize(
    ("request_", "counted", "days"),
    [
        (made(), Counted.OPEN, None),
        (made(Status.FULFILLED, 12.9), Counted.WHOLE, 12),
        (made(Status.FULFILLED, 3, in_part=True), Counted.PART, 3),
        (made(Status.PARTLY_FULFILLED, 1), Counted.PART, 1),
        (made(Status.REFUSED, 0.2), Counted.DENIED, 0),
        (made(Status.LAPSED, 10), Counted.ENDED, None),
        (made(Status.WITHDRAWN, 10), Counted.ENDED, None),
    ],
)
def test_a_request_counts_as_what_became_of_it(request_: Request, counted: Counted, days: int | None) -> None:
    tally = tally_of(request_)
    assert tally is not None
    assert (tally.outcome, tally.days) == (counted, days)


def test_what_has_no_number_counts_nowhere() -> None:
    assert tally_of(made(tally_id="")) is None
    assert tally_of(made(year=None)) is None


def test_whatever_ends_a_request_dates_its_upkeep_and_whatever_reopens_it_takes_that_back() -> None:
    """So no way of ending, old or new, can leave a request that is never purged."""
    for before, ways in TRANSITIONS.items():
        for after in ways:
            moved, _ = advance(made(before, closed_at=None), after, AT)
            assert moved.upkeep_at == (AT + SETTLES_AFTER if after.is_final else None), (before, after)


def test_a_request_settles_when_its_results_link_has_expired() -> None:
    assert LIFETIMES[Purpose.RESULTS] == SETTLES_AFTER
