"""Holds a data map against the live schema: no table and no column may stay unexplained.

A map that leaves a column out would report erasures complete that are not, so it is rejected at start. Pure: what
there is comes as `{place: {table: {column: (type, nullable)}}}`, types as information_schema names them. DynamoDB and
S3 have no schema: there the columns are those that a sample has, so a mapped one may be missing from it.
Leaves to others: reading what there is (bootstrap.live_schema, the sources), values, which no schema shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from chalicelib.domain.datamap import Collection, DataMap, FieldMap, SourceMap
from chalicelib.errors import Misconfigured

Columns = Mapping[str, tuple[str, bool]]
LiveSchema = Mapping[str, Mapping[str, Columns]]

TEXT = re.compile(r"text|char|citext|name", re.IGNORECASE)
DATED = re.compile(r"date|timestamp", re.IGNORECASE)
TELLING = {
    "user.contact.email": re.compile(r"(^|_)e?_?mail($|_addr)|(^|_)email($|_)"),
    "user.contact.phone_number": re.compile(r"(^|_)(phone|mobile|telephone)($|_n)"),
}
"""Names of text columns that say what they hold, and the category it then is."""
SECRET = re.compile(
    r"(^|_)(ssn|social_security|password|passwd|pwd|card_number|pan|cvv|iban|licen[cs]e_number|passport)"
)


@dataclass(frozen=True)
class Problem:
    """One thing the map does not explain: the path in datamap.yaml, what, and the mend."""

    where: str
    problem: str
    mend: str


def require_explained(datamap: DataMap, live: LiveSchema, file: str = "datamap.yaml") -> None:
    """Raises Misconfigured with the first problem, and how many more there are."""
    problems = unexplained(datamap, live)
    if problems:
        first, more = problems[0], len(problems) - 1
        said = first.problem + (f" (and {more} more to mend)" if more else "")
        raise Misconfigured(file, first.where, said, first.mend)


def unexplained(datamap: DataMap, live: LiveSchema) -> list[Problem]:
    """All that the map leaves out or gets wrong about the live schema."""
    readable = {name: source for name, source in datamap.sources.items() if source.kind not in ("http", "by_hand")}
    return [p for name, source in readable.items() for p in _of_source(name, source, live)]


def place_of(name: str, source: SourceMap) -> str:
    """Where a source is, in the words of the live schema: the schema of a database, or kind and name of what it is."""
    schema = source.where or name
    return schema if source.kind == "sql" else f"{source.kind} {schema}"


def _of_source(name: str, source: SourceMap, live: LiveSchema) -> Iterator[Problem]:
    at, schema = f"sources.{name}", place_of(name, source)
    if schema not in live:
        yield Problem(f"{at}.where", f"the database has no schema {schema}", "name the schema, or check DATABASE_URL")
        return
    tables = live[schema]
    by_table: dict[str, list[tuple[str, Collection]]] = {}
    for c, collection in source.collections.items():
        by_table.setdefault(collection.table or c, []).append((c, collection))
    for table in tables.keys() - by_table.keys() - source.not_personal.keys():
        mend = "map it as a collection, or name it under `not_personal` with the reason"
        yield Problem(f"{at}.collections", f"the table {schema}.{table} is not explained", mend)
    for table in sorted(source.not_personal.keys() & by_table.keys()):
        yield Problem(f"{at}.not_personal.{table}", "is mapped as a collection too", "take it out of one of them")
    for table in sorted(source.not_personal.keys() - tables.keys()):
        yield Problem(f"{at}.not_personal.{table}", f"{schema} has no such table", "take it out")
    for table, collections in by_table.items():
        yield from _of_table(at, table, collections, tables.get(table), sampled=source.kind != "sql")


def _of_table(
    at: str, table: str, collections: list[tuple[str, Collection]], columns: Columns | None, *, sampled: bool
) -> Iterator[Problem]:
    first = f"{at}.collections.{collections[0][0]}"
    if columns is None:
        yield Problem(
            f"{first}.table", f"the database has no table {table}", "name the table with `table`, or take it out"
        )
        return
    mapped = {field for _, collection in collections for field in collection.fields}
    for column in columns.keys() - mapped:
        mend = "say what it is under `fields`: label, category, and what deletion does"
        yield Problem(f"{first}.fields.{column}", f"the column {table}.{column} is not explained", mend)
    for c, collection in collections:
        for f, field in collection.fields.items():
            where = f"{at}.collections.{c}.fields.{f}"
            if f not in columns and sampled:
                continue  # no item of the sample has one
            if f not in columns:
                yield Problem(where, f"the table {table} has no such column", "correct the name, or take it out")
            else:
                yield from _of_field(where, f, field, *columns[f])
        if collection.retain and not DATED.search(columns.get(collection.retain.from_field, ("date", True))[0]):
            where = f"{at}.collections.{c}.retain.from_field"
            yield Problem(where, "is not a date", "name the column with the date the years count from")


def _of_field(where: str, name: str, field: FieldMap, kind: str, nullable: bool) -> Iterator[Problem]:
    text = bool(TEXT.search(kind))
    if field.blank == "null" and not nullable:
        yield Problem(f"{where}.blank", "the column is NOT NULL", "blank it with `pseudonym` or a fixed text")
    if field.blank not in (None, "null") and not text:
        yield Problem(f"{where}.blank", f"a {kind} cannot hold that text", "blank it with `null`")
    if field.correct and not (text or (field.correct == "date" and DATED.search(kind))):
        yield Problem(f"{where}.correct", f"a {kind} cannot be corrected as {field.correct}", "take `correct` away")
    for scope, value in field.stop.items():
        if (value is None and not nullable) or (isinstance(value, bool) and kind != "boolean"):
            yield Problem(f"{where}.stop.{scope}", f"the column ({kind}) cannot hold that value", "write one it can")
    if not text:
        return
    for category, telling in TELLING.items():
        if telling.search(name) and not field.category.startswith(category):
            yield Problem(f"{where}.category", f"the column's name says {category}", f"give it `category: {category}`")
    if SECRET.search(name) and field.never is None:
        yield Problem(where, "the column's name says it is never disclosed", "give it `never`, e.g. `never: password`")
