"""Each business's data map holds against its own database: nothing unexplained, and deletion leaves what it says."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from chalicelib.businesses.check import unexplained
from chalicelib.businesses.loader import load, shipped
from chalicelib.businesses.model import Business
from chalicelib.domain.datamap import SourceMap
from chalicelib.domain.plan import Doing, Record, Treatment, treat
from chalicelib.domain.request import Right
from chalicelib.domain.verification import same
from local.data import TODAY, Customer, install

Connection = psycopg.Connection[dict[str, Any]]
World = tuple[Business, list[Customer], Connection]
OPEN = {"open", "placed", "pending", "processing", "booked", "requested", "active"}


@pytest.fixture(scope="module", params=shipped())
def world(request: pytest.FixtureRequest, database_url: str) -> Iterator[World]:
    customers = install(database_url, request.param)
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        yield load(request.param), customers, connection
        connection.rollback()


def live_schema(connection: Connection) -> dict[str, dict[str, dict[str, tuple[str, bool]]]]:
    found: dict[str, dict[str, dict[str, tuple[str, bool]]]] = defaultdict(lambda: defaultdict(dict))
    for c in connection.execute(
        "SELECT table_schema s, table_name t, column_name c, data_type, is_nullable FROM information_schema.columns"
    ):
        found[c["s"]][c["t"]][c["c"]] = (c["data_type"], c["is_nullable"] == "YES")
    return found


def reached(connection: Connection, source: SourceMap, email: str) -> dict[str, list[dict[str, Any]]]:
    """Every record found from an email address, by collection."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name in source.order():
        collection = source.collections[name]
        starts: list[tuple[str, list[str]]] = []
        if "email" in collection.identity:
            starts.append((f"lower({collection.identity['email']})", [email.lower()]))
        if collection.via:
            held = [str(row[collection.via.equals]) for row in found[collection.via.collection]]
            starts.append((f"{collection.via.field}::text", held))
        table = sql.Identifier(source.where, collection.table or name)
        rows: dict[tuple[str, ...], dict[str, Any]] = {}
        for column, values in starts:
            query = sql.SQL("SELECT * FROM {} WHERE " + column + " = ANY(%s)").format(table)
            for row in connection.execute(query, [values]):
                rows[tuple(str(row[k]) for k in collection.key)] = {f: row[f] for f in collection.fields}
        found[name] = list(rows.values())
    return found


def test_nothing_of_the_live_schema_is_unexplained(world: World) -> None:
    business, _, connection = world
    assert unexplained(business.datamap, live_schema(connection)) == []


def test_the_first_has_history_in_every_source_and_the_second_in_two(world: World) -> None:
    business, customers, connection = world
    held = []
    for customer in customers[:2]:
        sources = business.datamap.sources
        held.append({n for n, s in sources.items() if any(reached(connection, s, customer["email"]).values())})
    assert customers[0]["residence"] == "US-CA"
    assert held[0] == business.datamap.sources.keys()
    assert len(held[1]) >= 2


def test_the_third_has_something_open(world: World) -> None:
    business, customers, connection = world
    records = [reached(connection, s, customers[2]["email"]) for s in business.datamap.sources.values()]
    values = {str(v) for found in records for rows in found.values() for row in rows for v in row.values()}
    assert values & OPEN


def test_the_fourth_is_known_from_one_collection_alone(world: World) -> None:
    business, customers, connection = world
    found = [reached(connection, s, customers[3]["email"]) for s in business.datamap.sources.values()]
    assert [len(rows) for collections in found for rows in collections.values() if rows] == [1]


def test_every_answer_shown_is_what_is_on_file(world: World) -> None:
    business, customers, connection = world
    for customer in customers:
        on_file: dict[str, list[Any]] = defaultdict(list)
        for source in business.datamap.sources.values():
            for name, rows in reached(connection, source, customer["email"]).items():
                for field, how in source.collections[name].fields.items():
                    if how.verify:
                        on_file[how.verify.point] += [row[field] for row in rows if row[field] is not None]
        assert customer["answers"].keys() == {point for point, values in on_file.items() if values}
        for point, answer in customer["answers"].items():
            assert same(answer, on_file[point]), (customer["email"], point)


def test_everybody_shown_but_readers_can_prove_enough_for_access(world: World) -> None:
    business, customers, _ = world
    for customer in customers[:3]:
        terms = business.rights[Right.ACCESS]
        assert 1 + len(customer["answers"].keys() & set(terms.questions)) >= terms.points


def test_deletion_can_be_carried_out_and_leaves_nothing_to_do(world: World) -> None:
    """Keys and NOT NULL hold: what stays is blanked in place, what goes takes no parent of a kept child."""
    business, customers, connection = world
    for customer in customers:
        for source in business.datamap.sources.values():
            planned = planned_deletion(connection, source, customer["email"])
            for treatment in reversed(planned):
                carry_out(connection, source, treatment)
            again = planned_deletion(connection, source, customer["email"])
            assert [t for t in again if t.acts] == []
    connection.rollback()


def planned_deletion(connection: Connection, source: SourceMap, email: str) -> list[Treatment]:
    planned = []
    for name, rows in reached(connection, source, email).items():
        collection = source.collections[name]
        for row in rows:
            values = {f: v.isoformat() if isinstance(v, date) else v for f, v in row.items()}
            record = Record(collection=name, key=tuple(str(row[k]) for k in collection.key), values=values)
            planned.append(treat(Right.DELETION, collection, record, today=TODAY))
    return planned


def carry_out(connection: Connection, source: SourceMap, treatment: Treatment) -> None:
    collection = source.collections[treatment.collection]
    table = sql.Identifier(source.where, collection.table or treatment.collection)
    this = " AND ".join(f"{k}::text = %s" for k in collection.key)
    if treatment.doing is Doing.DELETE:
        connection.execute(sql.SQL("DELETE FROM {} WHERE " + this).format(table), treatment.key)
    if treatment.doing is Doing.BLANK:
        sets = ", ".join(f"{f} = %s" for f in treatment.fields)
        query = sql.SQL("UPDATE {} SET " + sets + " WHERE " + this).format(table)
        connection.execute(query, [*treatment.fields.values(), *treatment.key])


def test_what_deletion_keeps_says_why_and_until_when(world: World) -> None:
    business, customers, connection = world
    kept = [
        t.kept
        for source in business.datamap.sources.values()
        for t in planned_deletion(connection, source, customers[0]["email"])
        if t.kept
    ]
    assert kept
    assert all(k.ground for k in kept)
    assert any(k.until and k.until > TODAY for k in kept)


def test_finding_people_reads_an_index(world: World) -> None:
    business, _, connection = world
    indexed = {
        row["d"]
        for row in connection.execute(
            "SELECT schemaname || '.' || tablename || ' ' || substring(indexdef from '\\((.*)\\)$') d FROM pg_indexes"
        )
    }
    for source in business.datamap.sources.values():
        for name, collection in source.collections.items():
            table = f"{source.where}.{collection.table or name}"
            if email := collection.identity.get("email"):
                assert f"{table} lower({email})" in indexed
            if collection.via:
                assert f"{table} {collection.via.field}" in indexed


def test_installing_again_is_quick_and_gives_the_same(world: World, database_url: str) -> None:
    business, customers, connection = world
    connection.rollback()
    began = time.perf_counter()
    assert install(database_url, business.id) == customers
    assert time.perf_counter() - began < 3
