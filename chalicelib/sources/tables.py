"""The shape of a source's DynamoDB tables: keys, indexes, the types of both, held against its data map.

A data map that names a key or an index otherwise than the table has it would find nobody and call it "nothing held":
it is misread instead, with the mend. Leaves to others: items (dynamodb).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from chalicelib.adapters.faults import answering
from chalicelib.domain.datamap import SourceMap
from chalicelib.errors import SourceMisread
from chalicelib.sources.attributes import TYPES, Raw, keyed, plain
from chalicelib.sources.values import sampled_type

MEND = "Run `make check-data` to see where the data map and the tables disagree"
SAMPLE = 200

Columns = dict[str, tuple[str, bool]]


class Way(NamedTuple):
    """How to ask for the records with a value in a field."""

    by: str | None
    """The index; None: the table itself."""
    attribute: str


class Tables:
    def __init__(self, source: str, source_map: SourceMap, client: Any) -> None:
        self._source, self._map, self._client = source, source_map, client
        self._types: dict[str, dict[str, str]] = {}

    def table(self, name: str) -> str:
        return self._map.where + (self._map.collections[name].table or name)

    def way(self, name: str, field: str) -> Way:
        lookup = self._map.collections[name].lookup.get(field)
        return Way(lookup.index, lookup.attribute or field) if lookup else Way(None, field)

    def type_of(self, name: str, field: str) -> str:
        """`S`, `N` or `B`: the type of what a field is asked by. Raises SourceMisread, SourceUnavailable."""
        return self._known(name)[self.way(name, field).attribute]

    def key(self, name: str, key: Sequence[str]) -> dict[str, Raw] | None:
        """A record's key as the table writes it; None when no item can have it."""
        types = self._known(name)
        raw = {k: keyed(types[k], part) for k, part in zip(self._map.collections[name].key, key, strict=True)}
        return None if None in raw.values() else {k: part for k, part in raw.items() if part is not None}

    def sampled(self) -> dict[str, Columns]:
        """Every table under the map's prefix to its attributes, as some items have them. Raises as `type_of`."""
        names = {self.table(name): name for name in self._map.collections}
        there = sorted(self._all() if self._map.where else names)
        found: dict[str, Columns] = {}
        for table in there:
            own = table.removeprefix(self._map.where)
            found[own] = self._columns(names[table]) if table in names else {}
        return found

    def _all(self) -> list[str]:
        with answering(self._source, "the list of tables", MEND):
            pages = self._client.get_paginator("list_tables").paginate()
            return [t for page in pages for t in page["TableNames"] if t.startswith(self._map.where)]

    def _columns(self, name: str) -> Columns:
        self._known(name)
        with answering(self._source, f"table {self.table(name)}", MEND):
            items = self._client.scan(TableName=self.table(name), Limit=SAMPLE)["Items"]
        lookups = self._map.collections[name].lookup
        copies = {lookup.attribute for f, lookup in lookups.items() if lookup.attribute != f}
        held: dict[str, list[Raw]] = {}
        for item in items:
            for attribute in item.keys() - copies:
                held.setdefault(attribute, []).append(item[attribute])
        return {attribute: (_type(raws), True) for attribute, raws in held.items()}

    def _known(self, name: str) -> dict[str, str]:
        """Key attribute to type of one collection's table, once it has been held against the map."""
        if name not in self._types:
            with answering(self._source, f"table {self.table(name)}", MEND):
                said = self._client.describe_table(TableName=self.table(name))["Table"]
            self._hold(name, said)
            self._types[name] = {a["AttributeName"]: a["AttributeType"] for a in said["AttributeDefinitions"]}
        return self._types[name]

    def _hold(self, name: str, said: dict[str, Any]) -> None:
        collection, table = self._map.collections[name], self.table(name)
        key = tuple(k["AttributeName"] for k in sorted(said["KeySchema"], key=lambda k: str(k["KeyType"])))
        if key != collection.key:
            raise SourceMisread(
                f"source {self._source}: the key of table {table} is {', '.join(key)}; the data map says "
                f"{', '.join(collection.key)}. {MEND}."
            )
        indexes = {i["IndexName"]: i["KeySchema"] for i in said.get("GlobalSecondaryIndexes", ())}
        for field, lookup in collection.lookup.items():
            parts = {k["KeyType"]: k["AttributeName"] for k in indexes.get(lookup.index, ())}
            if parts.get("HASH") != (lookup.attribute or field):
                wrong = f"is by {parts['HASH']}, not by {lookup.attribute or field}" if parts else "is not there"
                raise SourceMisread(f"source {self._source}: index {lookup.index} of table {table} {wrong}. {MEND}.")


def _type(raws: Sequence[Raw]) -> str:
    kinds = {kind for raw in raws for kind in raw} - {"NULL"}
    if kinds == {"S"}:
        return sampled_type([plain(raw) for raw in raws])
    return TYPES.get(kinds.pop(), "document") if len(kinds) == 1 else "text" if not kinds else "document"
