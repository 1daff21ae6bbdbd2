"""Listing everybody, held against each source that can: in memory, on SQLite, PostgreSQL. And what is stored of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from chalicelib.adapters.dynamodb import DynamoStore
from chalicelib.adapters.memory import MemoryStore, SetClock
from chalicelib.domain.announcement import Announcement, Met
from chalicelib.domain.duty import Duty
from chalicelib.ports import Listed, Listing, RequestStore

from .made import NOW
from .shop import ROWS, MemoryShop, Shop, SqlShop

numbers = itertools.count()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    match request.param:
        case "memory":
            made: Shop = MemoryShop()
        case "sqlite":
            made = SqlShop(f"sqlite:///{tmp_path}/shop.db")
        case _:
            new_database: Callable[[], str] = request.getfixturevalue("new_database")
            made = SqlShop(new_database())
    made.fill(ROWS)
    yield made
    made.close()


def listed(shop: Shop, collection: str, field: str, most: int) -> list[Listed]:
    source = shop.source
    assert isinstance(source, Listing)
    found, after = list[Listed](), None
    while rows := cast(Listing, source).listed(collection, field, after, most):
        assert len(rows) <= most
        found, after = found + rows, rows[-1].cursor
    return found


@pytest.mark.parametrize("most", [1, 2, 3, 500])
def test_everybody_is_listed_once_by_key_whatever_the_page(shop: Shop, most: int) -> None:
    for collection, field in (("members", "email"), ("newsletter", "email"), ("order_lines", "order_id")):
        whole = [row.value for row in listed(shop, collection, field, 500)]
        assert [row.value for row in listed(shop, collection, field, most)] == whole
        assert len(whole) == len(ROWS[collection])
        assert sorted(whole) == sorted(str(row[field] or "") for row in ROWS[collection])


@pytest.fixture
def store(where: str, clock: SetClock, request: pytest.FixtureRequest) -> RequestStore:
    if where == "memory":
        return MemoryStore(clock)
    aws = request.getfixturevalue("aws")
    return DynamoStore(aws.client("dynamodb"), aws.settings["RIGHTSDESK_TABLE"], clock)


def test_an_announcement_is_written_one_revision_on_or_not_at_all(store: RequestStore) -> None:
    version = f"2027-{next(numbers)}"
    one = Announcement(version=version, by="staff:lead", begun_at=NOW, takes_effect=NOW.date())
    assert store.announcement(version) is None
    assert store.put_announcement(one)
    assert not store.put_announcement(one), "there is one already"
    moved = one.moved({Met.SENT: 3}, place=0, after=b"sealed", finished_at=None)
    assert store.put_announcement(moved)
    assert not store.put_announcement(moved), "another run wrote that revision"
    assert store.announcement(version) == moved
    assert moved.moved({Met.SENT: 2, Met.AGAIN: 1}, place=0, after=b"", finished_at=NOW).counts == {
        Met.SENT: 5, Met.AGAIN: 1,
    }  # fmt: skip


def test_a_duty_is_written_one_revision_on_or_not_at_all(store: RequestStore) -> None:
    occasion = f"2027-Q{next(numbers)}"
    one = Duty(occasion=occasion, member="dana", reminded=(NOW,))
    assert store.put_duty(one)
    assert not store.put_duty(one)
    known = one.model_copy(update={"acknowledged_at": NOW, "revision": 2})
    assert store.put_duty(known)
    assert not store.put_duty(known)
    store.put_duty(Duty(occasion=occasion, member="abel"))
    assert store.duties(occasion) == [Duty(occasion=occasion, member="abel"), known]
    assert store.duties("2031-Q1") == []
