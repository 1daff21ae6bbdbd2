"""The ledger and the suppression list in both stores: versions, due dates, what is over; what was lifted."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from chalicelib.adapters.dynamodb import DynamoStore
from chalicelib.adapters.memory import MemoryStore, SetClock
from chalicelib.domain.ledger import Entry, EntryKind, EntryState
from chalicelib.domain.request import reference_from
from chalicelib.ports import RequestStore, Suppression

from .made import NOW

numbers = itertools.count(700_000)


@pytest.fixture
def store(where: str, clock: SetClock, request: pytest.FixtureRequest) -> RequestStore:
    if where == "memory":
        return MemoryStore(clock)
    aws = request.getfixturevalue("aws")
    return DynamoStore(aws.client("dynamodb"), aws.settings["RIGHTSDESK_TABLE"], clock)


def fresh_reference() -> str:
    return reference_from(next(numbers))


def entry(**more: object) -> Entry:
    made = Entry(reference=fresh_reference(), source="shop", kind=EntryKind.GONE, digest="d" * 64, at=NOW, due=NOW)
    return made.model_copy(update={"sealed": b"sealed", **more})


def due(store: RequestStore, one: Entry, by: timedelta = timedelta()) -> bool:
    return one.reference in {e.reference for e in store.entries_due(NOW + by)}


def test_the_first_write_stands_and_a_later_one_follows_it(store: RequestStore) -> None:
    one = entry()
    assert store.put_entry(one)
    assert not store.put_entry(one), "there is one already"
    assert store.entries(one.reference) == [one]
    second = one.model_copy(update={"version": 2, "state": EntryState.WAITING, "due": NOW + timedelta(days=30)})
    assert store.put_entry(second)
    assert not store.put_entry(second), "somebody else wrote that version"
    assert store.entries(one.reference) == [second]


def test_an_entry_is_due_on_its_day_and_never_once_it_is_over(store: RequestStore, clock: SetClock) -> None:
    one = entry(due=NOW + timedelta(days=30))
    store.put_entry(one)
    assert not due(store, one, timedelta(days=29))
    assert due(store, one, timedelta(days=30))
    assert one.reference in {e.reference for e in store.entries_due()}
    gone_at = NOW + timedelta(days=60)
    store.put_entry(one.model_copy(update={"version": 2, "due": None, "gone_at": gone_at, "sealed": b""}))
    assert not due(store, one, timedelta(days=900))
    assert len(store.entries(one.reference)) == 1
    clock.at = gone_at
    assert store.entries(one.reference) == []
    clock.at = NOW


def test_two_kinds_and_sources_of_one_deletion_stand_side_by_side(store: RequestStore) -> None:
    one = entry()
    several = [one, one.model_copy(update={"kind": EntryKind.KEPT}), one.model_copy(update={"source": "loyalty"})]
    assert [store.put_entry(e) for e in several] == [True] * 3
    assert sorted(e.id for e in store.entries(one.reference)) == sorted(e.id for e in several)


@pytest.mark.parametrize("asked", [True, False])
def test_what_a_person_lifted_is_on_record_and_no_longer_stands(store: RequestStore, asked: bool) -> None:
    hashed, later = f"h-{fresh_reference()}", NOW + timedelta(days=3)
    stood = Suppression(hash=hashed, scope="email", since=NOW, policy_version="1", key_name="identity-2")
    store.suppress([stood, stood.model_copy(update={"scope": "post"})])
    assert stood in list(store.all_suppressions())
    store.lift_suppression(hashed, "email", later if asked else None)
    store.lift_suppression(hashed, "email", later if asked else None)
    assert [s.scope for s in store.suppressions(hashed)] == ["post"]
    assert stood not in list(store.all_suppressions())
    assert store.lifted(hashed) == ([("email", NOW, later)] if asked else [])
