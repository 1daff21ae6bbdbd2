"""Notices in the store: one version after the other, with the request where it is a confirmation, found when due."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.adapters.memory import SetClock
from chalicelib.domain.notice import Notice, NoticeState
from chalicelib.domain.request import amend
from chalicelib.errors import RequestChanged
from chalicelib.ports import RequestStore

from .made import NOW, filed
from .test_request_store import at_once, reference, store

__all__ = ["reference", "store"]

DAY = timedelta(days=1)


def first(reference: str, recipient: str = "paylark", **more: object) -> Notice:
    return Notice(reference=reference, recipient=recipient, id=f"id of {recipient}", begun_at=NOW, **more)  # type: ignore[arg-type]


def test_a_notice_is_read_back_whole(store: RequestStore, reference: str) -> None:
    assert store.notice(reference, "paylark") is None
    made = [first(reference, "swiftcrate"), first(reference, why="it answered with status 404", next_at=NOW + DAY)]
    assert all(store.put_notice(one) for one in made)
    assert store.notice(reference, "paylark") == made[1]
    assert store.notices(reference) == [made[1], made[0]]
    assert store.notices("R-NONE-0000") == []


def test_each_version_is_written_once(store: RequestStore, reference: str) -> None:
    """Eight at once, each from what it read: one wins, and says so; the same write again is the same write."""
    begun = first(reference)
    store.put_notice(begun)
    assert not store.put_notice(first(reference, chased=1)), "another first one"
    moves = [begun.now(chased=n) for n in range(1, 9)]
    won = at_once([lambda move=move: store.put_notice(move) for move in moves])
    assert sum(won) == 1
    stands = store.notice(reference, "paylark")
    assert stands == moves[won.index(True)]
    assert stands is not None
    assert store.put_notice(stands), "a try whose answer was lost"
    assert not store.put_notice(stands.model_copy(update={"version": 9}))


def test_a_confirmation_is_one_transaction_with_its_event(store: RequestStore, reference: str) -> None:
    request, event = filed(reference)
    store.create(request, event)
    begun = first(reference)
    store.put_notice(begun)
    confirmed = begun.now(state=NoticeState.CONFIRMED)
    by_two = [amend(request, "confirmed_by_recipient", NOW, by=f"recipient:{n}") for n in range(2)]
    said = at_once([lambda one=one: store.commit(*one, notice=confirmed) for one in by_two])
    assert said.count(None) == 1
    assert len(store.events(reference)) == 2
    late, event = amend(store.get(reference), "confirmed_by_recipient", NOW, by="recipient:late")
    with pytest.raises(RequestChanged):
        store.commit(late, event, notice=confirmed)
    assert len(store.events(reference)) == 2
    assert store.notice(reference, "paylark") == confirmed


def test_what_is_due_is_found_longest_due_first(store: RequestStore, clock: SetClock, reference: str) -> None:
    when = {"paylark": NOW + 2 * DAY, "swiftcrate": NOW + DAY, "mailwing": NOW + 9 * DAY, "hoofprint": None}
    for recipient, at in when.items():
        store.put_notice(first(reference, recipient, next_at=at))
    due = [n.recipient for n in store.notices_due(NOW + 3 * DAY) if n.reference == reference]
    assert due == ["swiftcrate", "paylark"]
    seen = store.notice(reference, "swiftcrate")
    assert seen is not None
    store.put_notice(seen.now(next_at=None))
    assert [n.recipient for n in store.notices_due(NOW + 3 * DAY) if n.reference == reference] == ["paylark"]
    assert reference not in [r.reference for r in store.queue()]
    assert reference not in [r.reference for r in store.closed()]


def test_a_purge_takes_them_along(store: RequestStore, reference: str) -> None:
    store.create(*filed(reference))
    store.put_notice(first(reference, next_at=NOW))
    store.delete(reference)
    assert store.notices(reference) == []
    assert reference not in [n.reference for n in store.notices_due(NOW + DAY)]
