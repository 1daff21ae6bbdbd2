"""Each business's data map holds against its own places: nothing unexplained, and each right leaves what it says."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

import pytest
import sqlalchemy as sa

from chalicelib.bootstrap import live_schema
from chalicelib.businesses.check import unexplained
from chalicelib.businesses.loader import shipped
from chalicelib.businesses.model import Business
from chalicelib.domain.identity import Identifier
from chalicelib.domain.plan import Record, Treatment, treat
from chalicelib.domain.request import Right
from chalicelib.domain.verification import same
from chalicelib.ports import Source, every
from chalicelib.sources.sql import engine_for
from local.data import TODAY, Customer, install
from tests.businesses.conftest import at_work

OPEN = {"open", "placed", "pending", "processing", "booked", "requested", "active"}


class World:
    """A business with its invented customers in real places."""

    def __init__(
        self, business: Business, customers: list[Customer], url: str, sources: Mapping[str, Source]
    ) -> None:  # fmt: skip
        self.business = business
        self.customers = customers
        self.engine = engine_for(url)
        self.sources = sources

    def held(self, customer: Customer) -> dict[str, list[Record]]:
        """What each source holds about them."""
        who = [Identifier.of("email", customer["email"])]
        return {name: list(every(source, who)) for name, source in self.sources.items()}

    def deletion(self, customer: Customer) -> dict[str, list[Treatment]]:
        """What a deletion would do, by source."""
        maps = self.business.datamap.sources
        return {
            name: [treat(Right.DELETION, maps[name].collections[r.collection], r, today=TODAY) for r in records]
            for name, records in self.held(customer).items()
        }


@pytest.fixture(params=shipped())
def changed(request: pytest.FixtureRequest, new_database: Callable[[], str]) -> Iterator[World]:
    """A world that a test may change."""
    url = new_database()
    with at_work(url, request.param) as (business, customers, sources):
        world = World(business, customers, url, sources)
        yield world
        world.engine.dispose()


@pytest.fixture(scope="module", params=shipped())
def world(request: pytest.FixtureRequest, database_url: str) -> Iterator[World]:
    """A world to look at."""
    with at_work(database_url, request.param) as (business, customers, sources):
        world = World(business, customers, database_url, sources)
        yield world
        world.engine.dispose()


def test_nothing_that_there_is_is_unexplained(world: World, database_url: str) -> None:
    assert unexplained(world.business.datamap, live_schema(world.business, database_url)) == []


def test_the_first_has_history_in_every_source(world: World) -> None:
    assert world.customers[0]["residence"] == "US-CA"
    assert all(world.held(world.customers[0]).values())


def test_the_second_is_known_in_two_sources(world: World) -> None:
    assert sum(map(bool, world.held(world.customers[1]).values())) >= 2


def test_the_third_has_something_open(world: World) -> None:
    records = [record for records in world.held(world.customers[2]).values() for record in records]
    assert {str(value) for record in records for value in record.values.values()} & OPEN


def test_the_fourth_never_bought_anything(world: World) -> None:
    """A gift recipient or newsletter reader only."""
    collections = {record.collection for records in world.held(world.customers[3]).values() for record in records}
    assert collections
    assert not {name for name in collections if "order" in name or "booking" in name}


def test_every_answer_shown_is_what_is_on_file(world: World) -> None:
    for customer in world.customers:
        on_file: dict[str, list[object]] = {}
        for name, records in world.held(customer).items():
            for record in records:
                for field, how in world.business.datamap.sources[name].collections[record.collection].fields.items():
                    if how.verify and record.values[field] is not None:
                        on_file.setdefault(how.verify.point, []).append(record.values[field])
        assert customer["answers"].keys() == on_file.keys()
        for point, answer in customer["answers"].items():
            assert same(answer, on_file[point]), (customer["email"], point)


def test_the_first_three_can_prove_enough_for_every_right(world: World) -> None:
    for customer in world.customers[:3]:
        for right, terms in world.business.rights.items():
            assert 1 + len(customer["answers"].keys() & set(terms.questions)) >= terms.points, right


def test_deletion_is_carried_out_reads_back_and_leaves_nothing_to_do(changed: World) -> None:
    """Keys and NOT NULL hold: what stays is blanked in place, what goes takes no parent of a kept child."""
    for customer in changed.customers:
        for name, planned in changed.deletion(customer).items():
            changed.sources[name].carry_out(planned)
            assert changed.sources[name].not_done(planned) == []
        again = changed.deletion(customer)
        assert [t for planned in again.values() for t in planned if t.acts] == []


def test_an_opt_out_from_everything_is_carried_out_once(changed: World) -> None:
    scopes = [*changed.business.opt_outs, *(f"kind:{kind}" for kind in changed.business.kinds)]
    who = [Identifier.of("email", changed.customers[0]["email"])]
    assert sum(source.stop(who, scopes) for source in changed.sources.values()) > 0
    assert sum(source.stop(who, scopes) for source in changed.sources.values()) == 0


def test_what_deletion_keeps_says_why_and_until_when(world: World) -> None:
    kept = [t.kept for planned in world.deletion(world.customers[0]).values() for t in planned if t.kept]
    assert kept
    assert all(k.ground for k in kept)
    assert any(k.until and k.until > TODAY for k in kept)


def test_every_collection_says_where_it_came_from(world: World) -> None:
    places = world.business.datamap.sources.values()
    assert all(c.came_from for source in places for c in source.collections.values())


def test_every_way_to_a_record_reads_an_index(world: World) -> None:
    query = r"SELECT schemaname || '.' || tablename || ' ' || substring(indexdef from '\((.*)\)$') FROM pg_indexes"
    with world.engine.connect() as connection:
        indexed = set(connection.execute(sa.text(query)).scalars())
    for source in world.business.datamap.sources.values():
        for name, collection in source.collections.items() if source.kind == "sql" else ():
            table = f"{source.where}.{collection.table or name}"
            led = {kind for s in world.business.datamap.sources.values() for kind in s.through}
            for kind, field in collection.identity.items():
                if kind == "email" or kind in led:
                    assert f"{table} lower({field})" in indexed, "who is found by it waits for nothing"
            if collection.via:
                assert any(i.startswith(f"{table} {collection.via.field}") for i in indexed)


def test_installing_again_is_quick_and_gives_the_same(world: World, database_url: str) -> None:
    world.engine.dispose()
    began = time.perf_counter()
    assert install(database_url, world.business.id) == world.customers
    assert time.perf_counter() - began < 3
