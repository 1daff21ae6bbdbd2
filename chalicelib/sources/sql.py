"""A source in a SQL database, reached as its data map says: PostgreSQL, one schema a source, or SQLite.

Rules 8, 11, 16: an erasure is one transaction that locks the records, holds each against what staff approved, deletes
children before parents, and can be read back. Errors name tables and columns, never values (rule 7).
Leaves to others: the statements (statements), what counts as done or drifted (values).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from chalicelib.domain.datamap import SourceMap
from chalicelib.domain.identity import Identifier
from chalicelib.domain.plan import Doing, Record, Refusal, Treatment
from chalicelib.errors import RightsdeskError, SourceMisread, SourceRefuses, SourceUnavailable
from chalicelib.ports import Listed, Page
from chalicelib.sources import cursor
from chalicelib.sources.cursor import PAGE, Cursor
from chalicelib.sources.refusals import refusal
from chalicelib.sources.statements import MEND, Layout, Statements, check, layout_of, table_of
from chalicelib.sources.values import PLAIN, WRITES, Place, is_done, json_value, spelt, still_to_do

SAMPLE = 500
"""Rows of a table that `check-data` looks into."""
TRIED = 20
"""Changes of one correction that are tried beforehand; the rest is told when it is written."""
POSTGRES = "postgresql+psycopg"


def engine_for(database_url: str) -> sa.Engine:
    """An engine with a small pool. Waits end (5 s to connect or for a lock, 20 s a statement): a step retries."""
    url = sa.make_url(database_url)
    if url.get_backend_name() == "sqlite":
        engine = sa.create_engine(url, hide_parameters=True)
        sa.event.listen(engine, "connect", lambda made, _: made.execute("PRAGMA foreign_keys = ON"))
        return engine
    arguments: dict[str, Any] = {} if "connect_timeout" in url.query else {"connect_timeout": 5}
    if "options" not in url.query:
        arguments["options"] = "-c lock_timeout=5000 -c statement_timeout=20000"
    return sa.create_engine(
        url.set(drivername=POSTGRES), pool_pre_ping=True, pool_size=5, max_overflow=2, pool_timeout=5,
        connect_args=arguments, hide_parameters=True,
    )  # fmt: skip


def schema_of(database_url: str) -> dict[str, dict[str, dict[str, tuple[str, bool]]]]:
    """What a PostgreSQL database has: schema to table to column to (type, nullable), system schemas left out.

    Raises SourceUnavailable.
    """
    columns = sa.text(
        """SELECT table_schema, table_name, column_name, data_type, is_nullable = 'YES'
        FROM information_schema.columns WHERE table_schema NOT IN ('pg_catalog', 'information_schema')
        ORDER BY table_schema, table_name, ordinal_position"""
    )
    engine = engine_for(database_url)
    found: dict[str, dict[str, dict[str, tuple[str, bool]]]] = {}
    try:
        with engine.connect() as connection:
            for schema, table, column, kind, nullable in connection.execute(columns):
                found.setdefault(schema, {}).setdefault(table, {})[column] = (kind, nullable)
    except exc.SQLAlchemyError as error:
        raise SourceUnavailable(f"the database does not answer ({type(error).__name__})") from None
    finally:
        engine.dispose()
    return found


def samples_of(database_url: str, schema: str, tables: Iterable[str]) -> dict[str, dict[str, list[Any]]]:
    """Table to column to the values of some rows. Raises SourceUnavailable."""
    engine = engine_for(database_url)
    found: dict[str, dict[str, list[Any]]] = {}
    try:
        with engine.connect() as connection:
            for table in tables:
                some = sa.select(sa.text("*")).select_from(sa.table(table, schema=schema or None)).limit(SAMPLE)
                rows = connection.execute(some)
                columns = list(rows.keys())
                found[table] = {c: list(of) for c, of in zip(columns, zip(*rows, strict=True), strict=False)}
    except exc.SQLAlchemyError as error:
        raise SourceUnavailable(f"the database does not answer ({type(error).__name__})") from None
    finally:
        engine.dispose()
    return found


class SqlSource:
    """`ports.Source` on one schema. Statements and column types are read at first use and kept."""

    def __init__(self, name: str, source_map: SourceMap, engine: sa.Engine, page: int = PAGE) -> None:
        self.name = name
        self._map = source_map
        self._engine = engine
        self._page = page
        self._layout: Layout = {}
        self._built: dict[str, Statements] = {}

    def find(self, who: Sequence[Identifier], after: str | None = None, among: str | None = None) -> Page:
        values, last, order = spelt(who), cursor.read(after), (among,) if among else self._map.order()
        found: list[Record] = []
        with self._transaction() as (connection, statements):
            for name in order[order.index(last.collection) :] if last else order:
                room = self._page - len(found)
                found += self._reach(connection, statements[name], values, last, room)
                last = None
                if len(found) > self._page:
                    del found[self._page :]
                    return Page(found, cursor.after(found[-1]))
        return Page(found)

    def listed(self, collection: str, field: str, after: str | None = None, most: int = 500) -> list[Listed]:
        """See ports.Listing."""
        last = cursor.read(after)
        given = {f"after_{i}": part for i, part in enumerate(last.key)} if last else {}
        with self._transaction() as (connection, statements):
            find = statements[collection].listing(field, on=last is not None)
            rows = connection.execute(find, {**given, "most": most}).all()
        return [Listed(str(v or ""), cursor.at(collection, tuple(str(k) for k in key))) for *key, v in rows]

    def read(self, keys: Iterable[tuple[str, tuple[str, ...]]]) -> list[Record]:
        with self._transaction() as (connection, statements):
            return list(self._held(connection, statements, keys).values())

    def carry_out(self, treatments: Sequence[Treatment]) -> None:
        wanted = [t for t in treatments if t.doing in WRITES]
        if not wanted:
            return
        with self._transaction(writes=True) as (connection, statements):
            held = self._held(connection, statements, ((t.collection, t.key) for t in wanted), lock=True)
            due: dict[str, list[Treatment]] = defaultdict(list)
            for treatment in still_to_do(self._as_stored(connection, statements, wanted), held):
                due[treatment.collection].append(treatment)
            for name in reversed(self._map.order()):
                self._write(connection, statements[name], due[name])

    def refuses(self, treatments: Sequence[Treatment]) -> dict[tuple[str, str], Refusal]:
        """Each change is tried for itself and taken back at once: the database's own word on its rules."""
        found: dict[tuple[str, str], Refusal] = {}
        with self._transaction(writes=True) as (connection, statements):
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
            for t in [t for t in treatments if t.doing is Doing.CHANGE][:TRIED]:
                for name in t.fields:
                    why = self._tried(connection, statements[t.collection], t, name)
                    if why:
                        found[t.collection, name] = why
        return found

    def _tried(self, connection: sa.Connection, own: Statements, change: Treatment, field: str) -> Refusal | None:
        at = {f"at_{i}": part for i, part in enumerate(change.key)}
        tried = connection.begin_nested()
        try:
            connection.execute(own.update((field,)), [{**at, f"new_{field}": change.fields[field]}])
        except exc.DBAPIError as error:
            why = refusal(error)
            if why is None:
                raise
            return why
        finally:
            tried.rollback()
        return None

    def not_done(self, treatments: Sequence[Treatment]) -> list[Treatment]:
        wanted = [t for t in treatments if t.doing in WRITES]
        if not wanted:
            return []
        with self._transaction() as (connection, statements):
            held = self._held(connection, statements, ((t.collection, t.key) for t in wanted))
            stored = self._as_stored(connection, statements, wanted)
        return [t for t, s in zip(wanted, stored, strict=True) if not is_done(s, held.get((t.collection, t.key)))]

    def stop(self, who: Sequence[Identifier], scopes: Iterable[str]) -> int:
        stops, values, changed = self._stops(scopes), spelt(who), 0
        if not stops:
            return 0
        with self._transaction(writes=True) as (connection, statements):
            for name, fields in stops.items():
                given = statements[name].reaching(values)
                for field, value in fields.items() if given else ():
                    told = statements[name].stop(field, given)
                    changed += connection.execute(told, {**given, "value": value}).rowcount
        return changed

    def _stops(self, scopes: Iterable[str]) -> dict[str, dict[str, str | bool | None]]:
        """Collection to field to the value that carries these opt-outs out."""
        asked = list(scopes)
        stops: dict[str, dict[str, str | bool | None]] = {}
        for name, collection in self._map.collections.items():
            fields = {f: m.stop[s] for f, m in collection.fields.items() for s in asked if s in m.stop}
            if fields:
                stops[name] = fields
        return stops

    def _reach(
        self,
        connection: sa.Connection,
        own: Statements,
        values: Mapping[str, list[str]],
        last: Cursor | None,
        room: int,
    ) -> list[Record]:
        """The records of one collection from a cursor on: as many as there is room for, and one, if there is more."""
        given = own.reaching(values)
        if not given:
            return []
        find = own.find(given, on=last is not None)
        after = {f"after_{i}": part for i, part in enumerate(last.key)} if last else {}
        rows = connection.execute(find, {**given, **after, "most": room + 1}).all()
        if len(rows) > room and last is None and connection.execute(own.unkeyed(given), given).first() is not None:
            raise self._no_key(own)
        return self._records(own, rows)

    def _held(
        self, connection: sa.Connection, statements: Mapping[str, Statements],
        places: Iterable[Place], *, lock: bool = False,
    ) -> dict[Place, Record]:  # fmt: skip
        keys: dict[str, dict[tuple[str, ...], None]] = defaultdict(dict)
        for collection, key in places:
            keys[collection][key] = None
        held: dict[Place, Record] = {}
        for name in self._map.order():  # always the same order, so that two who lock never wait for each other
            if keys[name]:
                own = statements[name]
                rows = connection.execute(own.lock if lock else own.read, own.keys(keys[name])).all()
                held |= {(name, r.key): r for r in self._records(own, rows)}
        return held

    def _records(self, own: Statements, rows: Sequence[sa.Row[Any]]) -> list[Record]:
        """Records of rows that have the mapped columns in the map's order, and perhaps how each was reached."""
        fields, keys = list(own.collection.fields), own.collection.key
        records: dict[tuple[str, ...], Record] = {}
        for row in rows:
            values = {f: v if type(v) in PLAIN else json_value(v) for f, v in zip(fields, row, strict=False)}
            key = tuple([str(values[k]) for k in keys])
            if key in records or any(values[k] is None for k in keys):
                raise self._no_key(own)
            reached = row[-1] if len(row) > len(fields) else ""
            records[key] = Record(collection=own.name, key=key, values=values, reached=reached)
        return list(records.values())

    def _no_key(self, own: Statements) -> SourceMisread:
        """Else one record's approval would stand for another's erasure."""
        told = f"the key {', '.join(own.collection.key)} of {own.name} does not tell its rows apart"
        return SourceMisread(f"source {self.name}: {told}. {MEND}.")

    def _as_stored(
        self, connection: sa.Connection, statements: Mapping[str, Statements], wanted: Sequence[Treatment]
    ) -> list[Treatment]:
        """The treatments with their values as the database will say them: `0` in a column of cents is `0.00`."""
        if connection.dialect.name == "sqlite":
            return list(wanted)
        stored = []
        for treatment in wanted:
            own = statements[treatment.collection]
            typed = [(f, v) for f, v in treatment.fields.items() if v is not None and not own.types[f].as_is]
            if typed:
                said = zip((f for f, _ in typed), connection.execute(own.said(typed)).one(), strict=True)
                fields = treatment.fields | {f: json_value(v) for f, v in said}
                treatment = treatment.model_copy(update={"fields": fields})
            stored.append(treatment)
        return stored

    def _write(self, connection: sa.Connection, own: Statements, due: Sequence[Treatment]) -> None:
        gone = [t.key for t in due if t.doing is Doing.DELETE]
        if gone:
            connection.execute(own.delete, own.keys(gone))
        changes: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
        for treatment in due:
            if treatment.doing is not Doing.DELETE:
                at = {f"at_{i}": part for i, part in enumerate(treatment.key)}
                new = {f"new_{f}": v for f, v in treatment.fields.items()}
                changes[tuple(treatment.fields)].append(at | new)
        for fields, given in changes.items():
            connection.execute(own.update(fields), given)

    @contextmanager
    def _transaction(self, *, writes: bool = False) -> Iterator[tuple[sa.Connection, dict[str, Statements]]]:
        try:
            with self._engine.begin() as connection:
                if writes and connection.dialect.name == "sqlite":
                    connection.exec_driver_sql("BEGIN IMMEDIATE")  # SQLite's only way to lock before reading
                yield connection, self._statements(connection)
        except exc.SQLAlchemyError as error:
            raise self._in_our_words(error) from None

    def _statements(self, connection: sa.Connection) -> dict[str, Statements]:
        if not self._built:
            built: dict[str, Statements] = {}
            layout = layout_of(connection, self._map)
            check(self.name, self._map, layout)
            for name in self._map.order():
                c = self._map.collections[name]
                parent = built[c.via.collection] if c.via else None
                types = layout[table_of(name, c)]
                built[name] = Statements(name, c, self._map.where, types, connection.dialect.name, parent)
            self._layout, self._built = layout, built
        return self._built

    def _in_our_words(self, error: exc.SQLAlchemyError) -> RightsdeskError:
        """Trouble with the connection is retried; all else is for the engineer, who is told where to look."""
        cause = getattr(error, "orig", None)
        why = refusal(error) if isinstance(error, exc.DBAPIError) else None
        gone = isinstance(error, exc.DBAPIError) and error.connection_invalidated
        lost = isinstance(error, exc.OperationalError | exc.InterfaceError | exc.TimeoutError) or gone
        if lost and "no such" not in str(cause):
            return SourceUnavailable(f"source {self.name} does not answer ({type(cause or error).__name__})")
        before, self._built = self._layout, {}
        try:
            with self._engine.connect() as connection:
                self._statements(connection)
        except SourceMisread as misread:
            return misread
        except exc.SQLAlchemyError as again:
            return SourceUnavailable(f"source {self.name} does not answer ({type(again).__name__})")
        if self._layout != before:  # a migration passed under our feet: the statements are made anew, and may be tried
            return SourceUnavailable(f"source {self.name}: its tables have just changed")
        diag = getattr(cause, "diag", None)
        names = [
            f"{what} {n}" for what in ("table", "column", "constraint") if (n := getattr(diag, f"{what}_name", None))
        ]
        where = f" at {', '.join(names)}" if names else ""
        of_the_map = why in (None, Refusal.NO_SUCH)  # what hangs on a record, and the map does not say so
        return (SourceMisread if of_the_map else SourceRefuses)(
            f"source {self.name}: the database refuses ({type(cause or error).__name__}{where}). {MEND}."
        )
