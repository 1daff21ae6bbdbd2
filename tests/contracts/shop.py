"""A small shop for the source contract: its data map, its tables, and its rows in memory, SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from chalicelib.adapters.memory import MemorySecrets
from chalicelib.adapters.system import SystemClock
from chalicelib.domain.datamap import SourceMap
from chalicelib.domain.identity import Identifier
from chalicelib.domain.plan import Doing, Record, Treatment
from chalicelib.errors import SourceMisread
from chalicelib.ports import Source, every
from chalicelib.sources.cursor import PAGE
from chalicelib.sources.http import HttpSource
from chalicelib.sources.memory import MemorySource
from chalicelib.sources.sql import SqlSource, engine_for
from chalicelib.wire import Wire
from local.example_peer import Changed, Data, ExamplePeer, Missing
from local.peers import Ask, speaking

Rows = dict[str, list[dict[str, Any]]]


def _fields(**labels: Any) -> dict[str, Any]:
    return {f: {"label": f, "category": "user", **(more or {})} for f, more in labels.items()}


MAP = SourceMap.model_validate(
    {
        "kind": "sql",
        "title": "The shop",
        "where": "shop",
        "collections": {
            "members": {
                "title": "Members",
                "identity": {"email": "email", "phone": "phone", "customer_number": "number", "name": "name"},
                "fields": _fields(
                    id=None, email=None, phone=None, number=None,
                    name={"correct": "text", "blank": "erased"},
                    wants_offers={"stop": {"email": False, "kind:offers": False}},
                ),
            },
            "orders": {
                "title": "Orders",
                "identity": {"email": "guest_email"},
                "via": {"field": "member_id", "collection": "members", "equals": "id"},
                "fields": _fields(
                    id=None, member_id={"blank": "null"}, guest_email={"blank": "pseudonym"},
                    ordered_on=None, total={"blank": "0"},
                ),
            },
            "order_lines": {
                "title": "Lines",
                "key": ["order_id", "line"],
                "via": {"field": "order_id", "collection": "orders", "equals": "id"},
                "fields": _fields(order_id=None, line=None, what=None, note={"blank": "null"}),
            },
            "gifts": {
                "title": "Gifts sent to you",
                "table": "orders",
                "identity": {"email": "gift_email"},
                "erase": "blank",
                "fields": _fields(id=None, gift_email={"blank": "null"}),
            },
            "newsletter": {
                "title": "Newsletter",
                "key": ["email"],
                "identity": {"email": "email"},
                "fields": _fields(email=None, state={"stop": {"email": "stopped"}}),
            },
        },
    }
)  # fmt: skip

DDL = """
CREATE TABLE {s}members (id integer PRIMARY KEY, email varchar(120), phone varchar(40), number {n}, name varchar(90),
                         wants_offers boolean, secret text DEFAULT 'unmapped');
CREATE TABLE {s}orders (id bigint PRIMARY KEY, member_id integer REFERENCES {s}members (id), guest_email varchar(120),
                        gift_email varchar(120), ordered_on date, total {t});
CREATE TABLE {s}order_lines (order_id bigint NOT NULL REFERENCES {s}orders (id), line smallint NOT NULL, what text,
                             note text, PRIMARY KEY (order_id, line));
CREATE TABLE {s}newsletter (email varchar(120) PRIMARY KEY, state varchar(20));
"""


def member(id: int, email: str | None, **more: Any) -> dict[str, Any]:
    return {"id": id, "email": email, "phone": None, "number": None, "name": "N", "wants_offers": True} | more


def order(id: int, member_id: int | None, **more: Any) -> dict[str, Any]:
    empty = {"guest_email": None, "gift_email": None, "ordered_on": "2025-03-01", "total": "12.50"}
    return {"id": id, "member_id": member_id} | empty | more


def line(order_id: int, line: int, **more: Any) -> dict[str, Any]:
    return {"order_id": order_id, "line": line, "what": "Halter", "note": None} | more


def reader(email: str) -> dict[str, Any]:
    return {"email": email, "state": "on"}


ROWS: Rows = {
    "members": [
        member(1, "Ann@Example.com", phone="+1 (307) 555-0101", number=7001, name="Ann Ames"),
        member(2, "bob@example.com", phone="307.555.0102", number=7002, name="Bob Ball"),
        member(3, None, phone="", name=None),
    ],
    "orders": [
        order(10, 1),
        order(11, 1, gift_email="bob@example.com"),
        order(12, 2),
        order(13, None, guest_email="ANN@example.com"),
        order(14, None, guest_email="bob@example.com"),
        order(15, None),
    ],
    "order_lines": [line(10, 1), line(10, 2), line(11, 1), line(12, 1), line(13, 1), line(15, 1)],
    "newsletter": [reader("ann@example.com"), reader("bob@example.com")],
}


class Shop:
    """A source and a way to look at and change what lies behind it."""

    source: Source

    def paged(self, page: int) -> Source:
        """The same source with pages of this many records."""
        raise NotImplementedError

    def rows(self, table: str) -> list[dict[str, Any]]:
        raise NotImplementedError

    def fill(self, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """Put these rows in place of all others."""
        raise NotImplementedError

    def change(self, table: str, key: str, at: object, field: str, value: object) -> None:
        raise NotImplementedError

    def drop(self, table: str) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """Leave nothing behind."""

    def snapshot(self) -> Rows:
        return {table: sorted(self.rows(table), key=str) for table in ROWS}


class MemoryShop(Shop):
    def __init__(self) -> None:
        self.tables: Rows = {}
        self.source = self.paged()

    def paged(self, page: int = PAGE) -> Source:
        return MemorySource("shop", MAP, self.tables, page)

    def rows(self, table: str) -> list[dict[str, Any]]:
        return [dict(r) for r in self.tables[table]]

    def fill(self, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        self.tables |= {table: [dict(r) for r in rows.get(table, ())] for table in ROWS}

    def change(self, table: str, key: str, at: object, field: str, value: object) -> None:
        for row in self.tables[table]:
            if row[key] == at:
                row[field] = value

    def drop(self, table: str) -> None:
        del self.tables[table]


class SqlShop(Shop):
    def __init__(self, database_url: str) -> None:
        self.engine = engine_for(database_url)
        self.schema = "shop" if self.engine.dialect.name == "postgresql" else None
        exact = "numeric(10, 2)" if self.schema else "text"
        ddl = DDL.format(s="shop." if self.schema else "", t=exact, n="bigint" if self.schema else "integer")
        with self.engine.begin() as connection:
            if self.schema:
                connection.execute(sa.text("CREATE SCHEMA shop"))
            for statement in ddl.split(";")[:-1]:
                connection.execute(sa.text(statement))
        self.source = self.paged()

    def paged(self, page: int = PAGE) -> Source:
        return SqlSource("shop", MAP, self.engine, page)

    def table(self, name: str) -> sa.TableClause:
        columns = ROWS[name][0]
        return sa.table(name, *(sa.column(c) for c in columns), schema=self.schema)

    def rows(self, table: str) -> list[dict[str, Any]]:
        with self.engine.connect() as connection:
            return [dict(r) for r in connection.execute(sa.select(self.table(table))).mappings()]

    def fill(self, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        with self.engine.begin() as connection:
            for name in reversed(ROWS):
                connection.execute(sa.delete(self.table(name)))
            for name in ROWS:
                if rows.get(name):
                    connection.execute(sa.insert(self.table(name)), list(rows[name]))

    def change(self, table: str, key: str, at: object, field: str, value: object) -> None:
        t = self.table(table)
        with self.engine.begin() as connection:
            connection.execute(sa.update(t).where(t.c[key] == at).values({field: value}))

    def close(self) -> None:
        self.engine.dispose()

    def drop(self, table: str) -> None:
        with self.engine.begin() as connection:
            where = f"shop.{table} CASCADE" if self.schema else table
            connection.execute(sa.text(f"DROP TABLE {where}"))


class HttpShop(MemoryShop):
    """The shop behind the documented protocol: the example peer over its tables, on a real loopback server."""

    KEY = b"k" * 32
    HOST = "shop.example.com"

    def __init__(self, stand_in: str, served: dict[str, Ask]) -> None:
        super().__init__()
        served[self.HOST] = speaking(ExamplePeer(self.KEY, ShopData(self.source, self.tables)))
        told = MAP.model_dump(mode="json") | {"kind": "http", "where": f"https://{self.HOST}/data", "key": "shop"}
        secrets = MemorySecrets({"shop": self.KEY})
        behind = SourceMap.model_validate(told)

        def paged(page: int = PAGE) -> Source:
            wire = Wire(stand_in)
            return HttpSource("shop", behind, wire, secrets, SystemClock(), pause=lambda _: None, page=page)

        self.source, self._paged = paged(), paged

    def paged(self, page: int = PAGE) -> Source:
        return self._paged(page) if hasattr(self, "_paged") else super().paged(page)


class ShopData(Data):
    """The example's data, with the shop's tables in place of its sessions: two records a page."""

    def __init__(self, source: Source, tables: Rows) -> None:
        self.source, self.tables = source, tables

    def find(self, identities: list[dict[str, Any]], cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
        found = self.missing(lambda: all_of(self.source, [Identifier.of(i["kind"], i["value"]) for i in identities]))
        at = int(cursor or 0)
        return [self._told(r) for r in found[at : at + 2]], str(at + 2) if at + 2 < len(found) else None

    def read(self, keys: list[dict[str, Any]]) -> list[dict[str, Any]]:
        places = [(k["collection"], tuple(k["key"])) for k in keys]
        return [self._told(r) for r in self.missing(lambda: self.source.read(places))]

    def apply(self, changes: list[dict[str, Any]]) -> None:
        there = {(r["collection"], tuple(r["key"])): r["version"] for r in self.read(changes)}
        if any(there.get((c["collection"], tuple(c["key"])), c["version"]) != c["version"] for c in changes):
            raise Changed
        for change in changes:
            for row in self._rows(change["collection"], change["key"]):
                if change["do"] == "erase":
                    self.tables[self._table(change["collection"])].remove(row)
                else:
                    row.update(change["fields"])

    def _told(self, record: Record) -> dict[str, Any]:
        (row,) = self._rows(record.collection, list(record.key))
        more = record.values | {"unmapped": "not for you"}
        return {"collection": record.collection, "key": list(record.key), "values": more, "version": repr(row)}

    def _rows(self, name: str, key: list[str]) -> list[dict[str, Any]]:
        fields = MAP.collections[name].key
        return [r for r in self.tables[self._table(name)] if [str(r[k]) for k in fields] == key]

    def _table(self, name: str) -> str:
        return MAP.collections[name].table or name

    def missing(self, what: Callable[[], list[Record]]) -> list[Record]:
        try:
            return what()
        except SourceMisread as misread:
            raise Missing(str(misread).split()[-1]) from None


def who(**kinds: str) -> list[Identifier]:
    return [Identifier.of(kind, value) for kind, value in kinds.items()]


def all_of(source: Source, who: Sequence[Identifier]) -> list[Record]:
    return list(every(source, who))


def told(record: Record, doing: Doing, **fields: str | None) -> Treatment:
    """The treatment that staff approved for a record as it is now."""
    return Treatment(
        collection=record.collection, key=record.key, fingerprint=record.fingerprint, doing=doing, fields=fields
    )


def places(records: Sequence[Record]) -> set[tuple[str, tuple[str, ...]]]:
    return {(r.collection, r.key) for r in records}
