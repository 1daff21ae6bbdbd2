"""The life of a request, as its table of statuses tells it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.audit import first_broken
from chalicelib.domain.request import Request, Right, advance, amend, reference_from
from chalicelib.domain.status import FINAL, TRANSITIONS, Status
from chalicelib.errors import TransitionNotAllowed

NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)


def a_request(**more: object) -> Request:
    return Request(
        reference="R-0000-0001", right=Right.ACCESS, regime="policy", received_at=NOW, due_at=NOW + timedelta(days=45),
        policy_version="1", **more,
    )  # fmt: skip


def test_every_status_has_its_row() -> None:
    assert set(TRANSITIONS) == set(Status)


def test_every_status_can_be_reached_from_receipt() -> None:
    reached, edge = {Status.RECEIVED}, {Status.RECEIVED}
    while edge:
        edge = {to for status in edge for to in TRANSITIONS[status]} - reached
        reached |= edge
    assert reached == set(Status)


def test_from_every_open_status_a_final_one_can_be_reached() -> None:
    """Nothing dead-ends: whatever happens to a request, it can end."""
    for status in set(Status) - FINAL:
        reached, edge = {status}, {status}
        while edge:
            edge = {to for at in edge for to in TRANSITIONS[at]} - reached
            reached |= edge
        assert reached & FINAL, status


def test_what_was_carried_out_can_no_longer_be_withdrawn() -> None:
    with pytest.raises(TransitionNotAllowed):
        advance(a_request(status=Status.FULFILLING), Status.WITHDRAWN, NOW)


@given(st.data())
def test_any_walk_through_the_table_leaves_a_whole_chain_of_events(data: st.DataObject) -> None:
    request, events = a_request(), []
    for step in range(data.draw(st.integers(0, 12))):
        choices = sorted(TRANSITIONS[request.status])
        if not choices or data.draw(st.booleans()):
            request, event = amend(request, "viewed", NOW + timedelta(minutes=step), by="staff:dana")
        else:
            request, event = advance(request, data.draw(st.sampled_from(choices)), NOW + timedelta(minutes=step))
        events.append(event)
    assert request.version == len(events)
    assert first_broken(events) is None


@given(st.integers(1, 8), st.sampled_from(["what", "by", "note", "at"]))
def test_an_altered_event_breaks_the_chain_there(number: int, field: str) -> None:
    request, events = a_request(), []
    for step in range(8):
        request, event = amend(request, "viewed", NOW + timedelta(minutes=step))
        events.append(event)
    forged = NOW if field == "at" and number != 1 else "forged"
    if field == "at" and number == 1:
        forged = NOW + timedelta(days=1)
    events[number - 1] = events[number - 1].model_copy(update={field: forged})
    assert first_broken(events) == number


def test_a_missing_event_breaks_the_chain() -> None:
    request, events = a_request(), []
    for _ in range(3):
        request, event = amend(request, "viewed", NOW)
        events.append(event)
    assert first_broken([events[0], events[2]]) == 2


@given(st.integers(0, 2**40 - 1))
def test_references_are_speakable(number: int) -> None:
    reference = reference_from(number)
    assert len(reference) == 11
    assert not set("ILOU") & set(reference[2:])


def test_references_differ_when_numbers_do() -> None:
    assert len({reference_from(n) for n in range(5_000)}) == 5_000
