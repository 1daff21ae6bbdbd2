"""The promises of the inbox: raw mail by its name, and the notes of what staff must read."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from chalicelib.adapters.dynamodb import DynamoStore
from chalicelib.adapters.items import MAIL_KEPT
from chalicelib.adapters.memory import MemoryInbox, SetClock
from chalicelib.adapters.memory_store import MemoryStore
from chalicelib.adapters.s3 import READ, S3Inbox
from chalicelib.ports import Inbox, KeptMail, RequestStore

from .made import NOW, Aws

numbers = itertools.count(1)


@pytest.fixture
def inbox(where: str, request: pytest.FixtureRequest) -> Inbox:
    mails = {"full": b"From: x", "big": b"x" * (READ + 10), "empty": b""}
    if where == "memory":
        memory = MemoryInbox()
        memory.mails = {**mails, "big": mails["big"][:READ]}
        return memory
    aws = request.getfixturevalue("aws")
    bucket, s3 = aws.settings["RIGHTSDESK_PACKAGES"], aws.client("s3")
    for name, raw in mails.items():
        s3.put_object(Bucket=bucket, Key=f"inbound/{name}", Body=raw)
    return S3Inbox(s3, bucket)


def test_a_mail_is_read_by_its_name_and_gone_when_forgotten(inbox: Inbox) -> None:
    assert inbox.read("full") == b"From: x"
    assert inbox.read("empty") == b""
    assert inbox.read("nothing") is None
    for _ in range(2):
        inbox.forget("full")
    assert inbox.read("full") is None


def test_no_more_of_a_mail_is_read_than_anybody_needs(inbox: Inbox) -> None:
    read = inbox.read("big")
    assert read is not None
    assert len(read) == READ


@pytest.fixture
def store(where: str, clock: SetClock, request: pytest.FixtureRequest) -> RequestStore:
    if where == "memory":
        return MemoryStore(clock)
    aws: Aws = request.getfixturevalue("aws")
    for old in DynamoStore(aws.client("dynamodb"), aws.settings["RIGHTSDESK_TABLE"], clock).kept_mails():
        DynamoStore(aws.client("dynamodb"), aws.settings["RIGHTSDESK_TABLE"], clock).drop_kept(old.id)
    return DynamoStore(aws.client("dynamodb"), aws.settings["RIGHTSDESK_TABLE"], clock)


def made(day: int = 2) -> KeptMail:
    at = NOW + timedelta(days=day)
    return KeptMail(id=f"{at:%Y-%m-%d}-{next(numbers):04d}", mail="ses-1", at=at, why="unread")


def test_a_mail_is_noted_once_and_listed_newest_day_first(store: RequestStore) -> None:
    old, new = made(1), made(3)
    assert store.keep_mail(old)
    assert store.keep_mail(new)
    assert not store.keep_mail(old.model_copy(update={"mail": "another"}))
    assert store.kept_mails() == [new, old]
    assert store.kept_mails(limit=1) == [new]
    assert store.kept_mail(old.id) == old
    assert store.kept_mail("2026-01-01-none") is None


def test_of_eight_at_once_one_notes_it(store: RequestStore) -> None:
    kept = made()
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: store.keep_mail(kept), range(8))) == 1


def test_all_who_open_it_are_on_record(store: RequestStore) -> None:
    kept = made()
    store.keep_mail(kept)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: store.note_opened(kept.id, f"staff{n}", NOW), range(4)))
    found = store.kept_mail(kept.id)
    assert found is not None
    assert sorted(found.opened) == [(f"staff{n}", NOW) for n in range(4)]
    store.drop_kept(kept.id)
    assert store.note_opened(kept.id, "late", NOW) is None
    assert store.kept_mails() == []


def test_it_expires_with_the_raw_mail(store: RequestStore, clock: SetClock) -> None:
    kept = made(0)
    store.keep_mail(kept)
    clock.forward(MAIL_KEPT + timedelta(seconds=1))
    assert store.kept_mails() == []
    assert store.kept_mail(kept.id) is None
