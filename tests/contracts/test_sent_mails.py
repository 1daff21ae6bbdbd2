"""Mails that left are found by the mail service's id while something may be told of them; staff cut off stay so."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.adapters.dynamodb import DynamoStore
from chalicelib.adapters.memory import SetClock
from chalicelib.adapters.memory_store import MemoryStore
from chalicelib.domain.feedback import Sent
from chalicelib.ports import RequestStore

from .made import NOW


@pytest.fixture
def store(where: str, clock: SetClock, request: pytest.FixtureRequest) -> RequestStore:
    if where == "memory":
        return MemoryStore(clock)
    aws = request.getfixturevalue("aws")
    return DynamoStore(aws.client("dynamodb"), aws.settings["RIGHTSDESK_TABLE"], clock)


def mail(id: str, reference: str = "R-0000-0001") -> Sent:
    return Sent(message_id=id, reference=reference, mail="verify:1:", person="customer", slot="email", at=NOW)


def test_a_mail_is_found_by_its_id_until_nothing_is_told_of_it_any_more(store: RequestStore, clock: SetClock) -> None:
    store.note_sent(mail("found-1"))
    assert store.sent("found-1") == mail("found-1")
    assert store.sent("found-2") is None
    clock.forward(timedelta(days=59))
    assert store.sent("found-1")
    clock.forward(timedelta(days=2))
    assert store.sent("found-1") is None


def test_the_first_who_has_an_id_keeps_it(store: RequestStore) -> None:
    store.note_sent(mail("kept-1"))
    store.note_sent(mail("kept-1", "R-0000-0002"))
    found = store.sent("kept-1")
    assert found
    assert found.reference == "R-0000-0001"


def test_who_is_cut_off_stays_so_until_let_in(store: RequestStore) -> None:
    before = store.those_cut_off()
    store.cut_off("dana")
    store.cut_off("dana")
    store.cut_off("lee")
    assert store.those_cut_off() == before | {"dana", "lee"}
    store.let_in("dana")
    store.let_in("nobody")
    assert store.those_cut_off() == (before | {"lee"}) - {"dana"}
    store.let_in("lee")
    assert store.those_cut_off() == before - {"dana", "lee"}
