"""A source in memory: `ports.Source` over plain rows, for tests; the same contract as the SQL one.

`tables` is table to rows, each a dict of JSON values; the caller may look into it and change it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from chalicelib.domain.datamap import Collection, SourceMap
from chalicelib.domain.identity import Identifier
from chalicelib.domain.plan import Doing, Record, Treatment
from chalicelib.errors import SourceMisread
from chalicelib.ports import Listed, Page
from chalicelib.sources import cursor
from chalicelib.sources.cursor import PAGE
from chalicelib.sources.values import WRITES, Place, is_done, json_value, reached_by, spelt, still_to_do

Row = dict[str, Any]


class MemorySource:
    def __init__(self, name: str, source_map: SourceMap, tables: dict[str, list[Row]], page: int = PAGE) -> None:
        self.name = name
        self.tables = tables
        self._map = source_map
        self._page = page

    def find(self, who: Sequence[Identifier], after: str | None = None, among: str | None = None) -> Page:
        found = (
            _record(name, self._map.collections[name], row).model_copy(update={"reached": reached})
            for name, row, reached in self._reach(who, among)
        )
        return cursor.page_of(found, self._map.order(), after, self._page, among)

    def listed(self, collection: str, field: str, after: str | None = None, most: int = 500) -> list[Listed]:
        """See ports.Listing."""
        mapped, last = self._map.collections[collection], cursor.read(after)
        rows = sorted(((_key(mapped, row), row) for row in self._rows(collection)), key=lambda one: one[0])
        later = [(key, row) for key, row in rows if last is None or key > last.key]
        return [Listed(str(row[field] or ""), cursor.at(collection, key)) for key, row in later[:most]]

    def read(self, keys: Iterable[tuple[str, tuple[str, ...]]]) -> list[Record]:
        return list(self._held(keys).values())

    def carry_out(self, treatments: Sequence[Treatment]) -> None:
        wanted = [t for t in treatments if t.doing in WRITES]
        for treatment in still_to_do(wanted, self._held((t.collection, t.key) for t in wanted)):
            name, collection = treatment.collection, self._map.collections[treatment.collection]
            rows = self._rows(name)
            for row in [r for r in rows if _key(collection, r) == treatment.key]:
                if treatment.doing is Doing.DELETE:
                    rows.remove(row)
                else:
                    row.update(treatment.fields)

    def not_done(self, treatments: Sequence[Treatment]) -> list[Treatment]:
        held = self._held((t.collection, t.key) for t in treatments)
        return [t for t in treatments if not is_done(t, held.get((t.collection, t.key)))]

    def stop(self, who: Sequence[Identifier], scopes: Iterable[str]) -> int:
        asked, changed = list(scopes), 0
        for name, row, _ in self._reach(who):
            for field, said in self._map.collections[name].fields.items():
                for value in (said.stop[s] for s in asked if s in said.stop):
                    changed += row[field] != value
                    row[field] = value
        return changed

    def _rows(self, name: str) -> list[Row]:
        table = self._map.collections[name].table or name
        if table not in self.tables:
            raise SourceMisread(f"source {self.name}: there is no table {table}")
        return self.tables[table]

    def _reach(self, who: Sequence[Identifier], among: str | None = None) -> Iterator[tuple[str, Row, str]]:
        """Collection, row, and how it was reached; parents first, by key within a collection."""
        values = spelt(who)
        reached: dict[str, list[Row]] = {}
        for name in self._map.toward(among):
            collection = self._map.collections[name]
            ways = [(r, reached_by(collection, r, values, reached)) for r in self._rows(name)]
            reached[name] = [r for r, way in ways if way]
            for row, way in sorted(ways, key=lambda found: _key(collection, found[0])):
                if way:
                    yield name, row, way

    def _held(self, places: Iterable[Place]) -> dict[Place, Record]:
        asked = list(dict.fromkeys(places))
        records = [
            _record(name, self._map.collections[name], row)
            for name in dict.fromkeys(collection for collection, _ in asked)
            for row in self._rows(name)
        ]
        held = {(r.collection, r.key): r for r in records}
        return {place: held[place] for place in asked if place in held}


def _key(collection: Collection, row: Row) -> tuple[str, ...]:
    return tuple(str(row[k]) for k in collection.key)


def _record(name: str, collection: Collection, row: Row) -> Record:
    values = {field: json_value(row[field]) for field in collection.fields}
    return Record(collection=name, key=_key(collection, row), values=values)
