"""The SQL of one source, built once from its data map and the types its database really has.

Values travel as parameters only, and only mapped columns are selected. On PostgreSQL every list is one typed array
(`= ANY`), so the text of a statement never changes and the server may prepare it; on SQLite it is an `IN`. Records
reached through others are joined by the database: however many those are, they are neither fetched nor sent. An array
of them, not a join, because beside another way (`OR`) PostgreSQL then still uses the indexes of both.
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


REACHED = "rightsdesk_reached"
"""The column of a find that says how each record was reached: the kind it holds, or the collection it hangs on."""

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

    def __init__(
        self, name: str, collection: Collection, schema: str, types: Mapping[str, Type], dialect: str,
        parent: Statements | None = None,
    ) -> None:  # fmt: skip
        self.name = name
        self.collection = collection
        self.types = types
        self._parent = parent
        self._postgres = dialect == "postgresql"
        self.table = sa.table(
            table_of(name, collection),
            *(sa.column(f) for f in collection.fields),
            schema=schema or None if self._postgres else None,
        )
        keys = [self.table.c[k] for k in collection.key]
        # The columns in the map's order, which whoever reads the rows relies on.
        self._rows = sa.select(*self.table.c).order_by(*keys)
        self.read = self._rows.where(self._keyed())
        self.lock = self.read.with_for_update()
        self.delete = sa.delete(self.table).where(self._keyed())
        self._finds: dict[tuple[Any, ...], sa.Select[Any]] = {}
        self._updates: dict[tuple[str, ...], sa.Update] = {}
        self._stops: dict[tuple[Any, ...], sa.Update] = {}

    def reaching(self, who: Mapping[str, list[str]]) -> dict[str, Any]:
        """Parameters for `find`: the identifiers that could reach a record, its parents' too; empty when none could."""
        given: dict[str, Any] = self._parent.reaching(who) if self._parent else {}
        for kind, field in self.collection.identity.items():
            values: list[Any] = who.get(kind, [])
            if self.types[field].whole:  # a number typed otherwise than it is written is no number of ours
                values = [int(v) for v in values if v.isdecimal() and len(v) < 19 and str(int(v)) == v]
            given[self._by(kind)] = values
        return {way: values for way, values in given.items() if values}

    def find(self, ways: Iterable[str], *, on: bool = False) -> sa.Select[Any]:
        """At most `most` records reached in these ways, by key, each with how; with `on`, those after `after_<n>`.

        These ways only: one way more, and the database could no longer use its indexes.
        """
        asked = (*ways, on)
        if asked not in self._finds:
            held = [(self._identified(kind, self.table), kind) for kind in self._held(asked)]
            other = self._parent.name if self._parent else ""
            how = sa.case(*held, else_=other) if held else sa.literal(other)
            found = self._rows.add_columns(how.label(REACHED)).where(self._reached(asked, self.table))
            if on:
                found = found.where(self._past())
            self._finds[asked] = found.limit(sa.bindparam("most", type_=sa.Integer))
        return self._finds[asked]

    def listing(self, field: str, *, on: bool = False) -> sa.Select[Any]:
        """Key and one field of at most `most` records, of everybody's, by key; with `on`, those after `after_<n>`."""
        keys = [self.table.c[k] for k in self.collection.key]
        found = sa.select(*(k.label(f"key_{i}") for i, k in enumerate(keys)), self.table.c[field]).order_by(*keys)
        return (found.where(self._past()) if on else found).limit(sa.bindparam("most", type_=sa.Integer))

    def _past(self) -> sa.ColumnElement[bool]:
        """By key after the one that `after_<n>` name."""
        last = [self._typed(f"after_{i}", k) for i, k in enumerate(self.collection.key)]
        own = [self.table.c[k] for k in self.collection.key]
        return own[0] > last[0] if len(own) == 1 else sa.tuple_(*own) > sa.tuple_(*last)

    def unkeyed(self, ways: Iterable[str]) -> sa.Select[Any]:
        """One of the records reached whose key is not whole: paging by key would pass it by."""
        nothing = sa.or_(*(self.table.c[k].is_(None) for k in self.collection.key))
        return self._rows.where(self._reached(tuple(ways), self.table), nothing).limit(1)

    def keys(self, keys: Iterable[tuple[str, ...]]) -> dict[str, Any]:
        """Parameters that name records by key, for `read`, `lock` and `delete`."""
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

    def stop(self, field: str, ways: Iterable[str]) -> sa.Update:
        """Write `value` into the field where it is another, in the records reached in these ways."""
        asked = (field, *ways)
        if asked not in self._stops:
            value, column = self._typed("value", field), self.table.c[field]
            where = self._reached(asked[1:], self.table), column.is_distinct_from(value)
            self._stops[asked] = sa.update(self.table).where(*where).values({field: value})
        return self._stops[asked]

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

    def _by(self, kind: str) -> str:
        return f"{self.name}_by_{kind}"

    def _held(self, ways: Iterable[Any]) -> list[str]:
        """Of the ways to a record, the kinds of identifier that it holds itself."""
        asked = set(ways)
        return [kind for kind in self.collection.identity if self._by(kind) in asked]

    def _reached(self, ways: tuple[Any, ...], table: sa.FromClause) -> sa.ColumnElement[bool]:
        own = [self._identified(kind, table) for kind in self._held(ways)]
        via, parent = self.collection.via, self._parent
        if via and parent and parent.leads(ways):
            field, held = self.types[via.field], parent.types[via.equals]
            theirs = parent.table.alias()
            equals: sa.ColumnElement[Any] = theirs.c[via.equals]
            if self._postgres and field.name != held.name and not (field.whole and held.whole):
                equals = sa.cast(equals, _Named(field.name))
            parents = sa.select(equals).where(parent._reached(ways, theirs))
            own.append(self._among(table.c[via.field], parents))
        return sa.or_(*own)

    def leads(self, ways: Iterable[Any]) -> bool:
        """Whether any of these ways ends here or at what this hangs on."""
        return bool(self._held(ways)) or (self._parent is not None and self._parent.leads(ways))

    def _among(self, column: sa.ColumnElement[Any], values: sa.Select[Any]) -> sa.ColumnElement[bool]:
        if not self._postgres:
            return column.in_(values)
        listed = sa.func.any(sa.func.array(values.scalar_subquery()))
        return column.op("=", is_comparison=True, return_type=sa.Boolean())(listed)

    def _identified(self, kind: str, table: sa.FromClause) -> sa.ColumnElement[bool]:
        field = self.collection.identity[kind]
        column, held, given = table.c[field], self.types[field], self._by(kind)
        if held.whole:
            return self._any(column, given, "bigint")
        said = column if held.text else sa.cast(column, sa.Text)
        return self._any(self._digits(said) if kind == "phone" else sa.func.lower(said), given, "text")

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
