"""The SQL of one source, built once from its data map and the types its database really has.

Values travel as parameters only, and only mapped columns are selected. On PostgreSQL every list is one typed array
(`= ANY`), so the text of a statement never changes and the server may prepare it; on SQLite it is an `IN`.
Leaves to others: connections, order, what errors mean (sql).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.types import UserDefinedType

from chalicelib.domain.datamap import Collection, SourceMap
from chalicelib.errors import SourceMisread

MEND = "Run `make check-data` to see where the data map and the database disagree"


class Type(NamedTuple):
    """A column's type, as the database writes it. `name` is without length: a cast must never cut a value short."""

    name: str
    text: bool = False
    sized: str = ""
    """With length or precision, as a value is stored."""

    @property
    def as_is(self) -> bool:
        """Whether a text is stored just as it was written."""
        return self.text and self.name != "bpchar"

    @property
    def whole(self) -> bool:
        return self.name in ("smallint", "integer", "bigint")


Layout = Mapping[str, Mapping[str, Type]]


class _Named(UserDefinedType[Any]):
    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: Any) -> str:
        return self.name


_POSTGRES_LAYOUT = sa.text(
    """SELECT c.relname, a.attname, format_type(a.atttypid, -1), t.typcategory = 'S',
        format_type(a.atttypid, a.atttypmod)
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_type t ON t.oid = a.atttypid
    WHERE n.nspname = coalesce(nullif(:schema, ''), current_schema()) AND c.relname = ANY(:tables)
    AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped"""
)
_SQLITE_LAYOUT = sa.text("SELECT name, type FROM pragma_table_info(:table)")


def table_of(name: str, collection: Collection) -> str:
    return collection.table or name


def layout_of(connection: sa.Connection, source_map: SourceMap) -> Layout:
    """What the database has of the mapped tables: table to column to type."""
    tables = sorted({table_of(n, c) for n, c in source_map.collections.items()})
    layout: dict[str, dict[str, Type]] = {}
    if connection.dialect.name == "sqlite":
        for table in tables:
            if columns := connection.execute(_SQLITE_LAYOUT, {"table": table}).all():
                layout[table] = {name: Type(kind) for name, kind in columns}
        return layout
    for table, column, *kind in connection.execute(_POSTGRES_LAYOUT, {"schema": source_map.where, "tables": tables}):
        layout.setdefault(table, {})[column] = Type(*kind)
    return layout


def check(source: str, source_map: SourceMap, layout: Layout) -> None:
    """Raises SourceMisread at the first table or column that the map names and the database lacks."""
    for name, collection in source_map.collections.items():
        table = table_of(name, collection)
        if table not in layout:
            raise SourceMisread(f"source {source}: the database has no table {source_map.where}.{table}. {MEND}.")
        if missing := [f for f in collection.fields if f not in layout[table]]:
            raise SourceMisread(
                f"source {source}: table {source_map.where}.{table} has no column {', '.join(missing)}. {MEND}."
            )


class Statements:
    """The statements of one collection."""

    def __init__(self, name: str, collection: Collection, schema: str, types: Mapping[str, Type], dialect: str) -> None:
        self.name = name
        self.collection = collection
        self.types = types
        self._postgres = dialect == "postgresql"
        self.table = sa.table(
            table_of(name, collection),
            *(sa.column(f) for f in collection.fields),
            schema=schema or None if self._postgres else None,
        )
        keys = [self.table.c[k] for k in collection.key]
        self._rows = sa.select(*self.table.c).order_by(*keys)
        self.read = self._rows.where(self._keyed())
        self.lock = self.read.with_for_update()
        self.delete = sa.delete(self.table).where(self._keyed())
        self._finds: dict[tuple[str, ...], sa.Select[Any]] = {}
        self._updates: dict[tuple[str, ...], sa.Update] = {}
        self._stops: dict[str, sa.Update] = {}

    def reaching(self, who: Mapping[str, list[str]], parents: Sequence[Any]) -> dict[str, Any]:
        """Parameters for `find`: the ways that could reach a record; empty when none could."""
        given: dict[str, Any] = {}
        for kind, field in self.collection.identity.items():
            values: list[Any] = who.get(kind, [])
            if self.types[field].whole:  # a number typed otherwise than it is written is no number of ours
                values = [int(v) for v in values if v.isdecimal() and len(v) < 19 and str(int(v)) == v]
            given[f"by_{kind}"] = values
        if self.collection.via:
            given["parents"] = parents
        return {way: values for way, values in given.items() if values}

    def find(self, ways: Iterable[str]) -> sa.Select[Any]:
        """Records reached in these ways only: one way more, and the database could no longer use its indexes."""
        asked = tuple(ways)
        if asked not in self._finds:
            self._finds[asked] = self._rows.where(sa.or_(*(self._reached(way) for way in asked)))
        return self._finds[asked]

    def keys(self, keys: Iterable[tuple[str, ...]]) -> dict[str, Any]:
        """Parameters that name records by key, for `read`, `lock`, `delete` and the stops."""
        named = list(keys)
        if self._postgres or len(self.collection.key) == 1:
            return {f"key_{i}": [k[i] for k in named] for i in range(len(self.collection.key))}
        return {"keys": named}

    def update(self, fields: tuple[str, ...]) -> sa.Update:
        """Write `new_<field>` into the fields of the one record that `at_<n>` name."""
        if fields not in self._updates:
            at = [self.table.c[k] == self._typed(f"at_{i}", k) for i, k in enumerate(self.collection.key)]
            new = {f: self._typed(f"new_{f}", f) for f in fields}
            self._updates[fields] = sa.update(self.table).where(*at).values(new)
        return self._updates[fields]

    def stop(self, field: str) -> sa.Update:
        """Write `value` into the field where it is another, in the records named by key."""
        if field not in self._stops:
            value, column = self._typed("value", field), self.table.c[field]
            where = self._keyed(), column.is_distinct_from(value)
            self._stops[field] = sa.update(self.table).where(*where).values({field: value})
        return self._stops[field]

    def said(self, wanted: Sequence[tuple[str, str]]) -> sa.Select[Any]:
        """How the database itself would store these (field, text), each in the field's type."""
        return sa.select(
            *(sa.cast(text, _Named(self.types[f].sized)).label(f"c{i}") for i, (f, text) in enumerate(wanted))
        )

    def _typed(self, bind: str, field: str) -> sa.ColumnElement[Any]:
        if self._postgres:
            return sa.cast(sa.bindparam(bind), _Named(self.types[field].name))
        return sa.bindparam(bind)

    def _any(self, expression: sa.ColumnElement[Any], bind: str, type_name: str) -> sa.ColumnElement[bool]:
        if self._postgres:
            values = sa.func.any(sa.cast(sa.bindparam(bind), _Named(f"{type_name}[]")))
            return expression.op("=", is_comparison=True, return_type=sa.Boolean())(values)  # `==` may turn sides
        return expression.in_(sa.bindparam(bind, expanding=True))

    def _reached(self, way: str) -> sa.ColumnElement[bool]:
        via = self.collection.via
        if via and way == "parents":
            return self._any(self.table.c[via.field], way, self.types[via.field].name)
        kind = way.removeprefix("by_")
        return self._identified(kind, self.collection.identity[kind])

    def _identified(self, kind: str, field: str) -> sa.ColumnElement[bool]:
        column, held = self.table.c[field], self.types[field]
        if held.whole:
            return self._any(column, f"by_{kind}", "bigint")
        said = column if held.text else sa.cast(column, sa.Text)
        return self._any(self._digits(said) if kind == "phone" else sa.func.lower(said), f"by_{kind}", "text")

    def _digits(self, said: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        if self._postgres:
            return sa.func.regexp_replace(said, r"\D", "", "g")
        return reduce(lambda text, sign: sa.func.replace(text, sign, ""), " -()+./\u00a0", said)

    def _keyed(self) -> sa.ColumnElement[bool]:
        columns = [self.table.c[k] for k in self.collection.key]
        names = [self.types[k].name for k in self.collection.key]
        if len(columns) == 1:
            return self._any(columns[0], "key_0", names[0])
        if not self._postgres:
            return sa.tuple_(*columns).in_(sa.bindparam("keys", expanding=True))
        lists = (sa.cast(sa.bindparam(f"key_{i}"), _Named(f"{name}[]")) for i, name in enumerate(names))
        return sa.tuple_(*columns).in_(sa.select(*(sa.func.unnest(values) for values in lists)))
