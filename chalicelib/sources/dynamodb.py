"""A source in DynamoDB tables, each asked by its key or by an index that the data map names; never scanned.

Rule 4: an index may lag behind, so what it names is read from the table and held against the identifier once more.
Rules 8, 11, 16: an erasure is held whole against what staff approved, then written in transactions, children before
parents, each write on condition that the record still is what was read. Rule 7: errors name tables and attributes.
Leaves to others: attribute values (attributes), what counts as done or drifted (values), the table's shape (tables).
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.adapters.faults import PASSING, answering, code
from chalicelib.domain.datamap import Collection, SourceMap
from chalicelib.domain.identity import Identifier
from chalicelib.domain.plan import Doing, Record, Treatment
from chalicelib.errors import SourceUnavailable
from chalicelib.ports import Page
from chalicelib.sources import cursor
from chalicelib.sources.attributes import Raw, keyed, like, plain, stored
from chalicelib.sources.cursor import PAGE
from chalicelib.sources.tables import MEND, Columns, Tables
from chalicelib.sources.values import WRITES, Place, is_done, one_spelling, spelt, still_to_do

TRIES = 4
"""How often what others change meanwhile is read anew, and what was left unanswered is asked again."""
AT_ONCE = 100
"""Items of one read or one transaction, as DynamoDB has it."""

Item = dict[str, Raw]


class _Changed(Exception):
    """A record is no longer what was read."""


@dataclass
class _Held:
    record: Record
    item: Item


@dataclass
class _Write:
    """What is to become of one item, and what it must still be for that."""

    table: str
    key: Item
    delete: bool = False
    set: dict[str, Raw | None] = field(default_factory=dict)
    expected: dict[str, Raw | None] = field(default_factory=dict)

    def operation(self) -> dict[str, Any]:
        touched = [*self.expected, *(() if self.delete else self.set)]
        named = {name: f"#n{i}" for i, name in enumerate(dict.fromkeys(touched))}
        values: dict[str, Raw] = {}
        conditions = []
        for i, (name, held) in enumerate(self.expected.items()):
            if held is None:
                conditions.append(f"attribute_not_exists({named[name]})")
            else:
                conditions.append(f"{named[name]} = :e{i}")
                values[f":e{i}"] = held
        said: dict[str, Any] = {
            "TableName": self.table, "Key": self.key, "ConditionExpression": " AND ".join(conditions),
            "ExpressionAttributeNames": {alias: name for name, alias in named.items()},
            "ExpressionAttributeValues": values,
        }  # fmt: skip
        if self.delete:
            return {"Delete": said}
        return {"Update": said | {"UpdateExpression": self._update(named, values)}}

    def _update(self, named: Mapping[str, str], values: dict[str, Raw]) -> str:
        new = {name: raw for name, raw in self.set.items() if raw is not None}
        values |= {f":s{i}": raw for i, raw in enumerate(new.values())}
        sets = ", ".join(f"{named[name]} = :s{i}" for i, name in enumerate(new))
        gone = ", ".join(named[name] for name, raw in self.set.items() if raw is None)
        return " ".join(part for part in (f"SET {sets}" if sets else "", f"REMOVE {gone}" if gone else "") if part)


class DynamoSource:
    """`ports.Source` on tables whose names begin with the map's `where`. Their shape is read at first use and kept."""

    def __init__(self, name: str, source_map: SourceMap, client: Any, page: int = PAGE) -> None:
        self.name = name
        self._map = source_map
        self._page = page
        self._client = client
        self._tables = Tables(name, source_map, client)

    def find(self, who: Sequence[Identifier], after: str | None = None, among: str | None = None) -> Page:
        return cursor.page_of(
            (held.record for held in self._reach(who, among)), self._map.order(), after, self._page, among
        )

    def read(self, keys: Iterable[Place]) -> list[Record]:
        return [held.record for held in self._held(keys).values()]

    def carry_out(self, treatments: Sequence[Treatment]) -> None:
        wanted = [t for t in treatments if t.doing in WRITES]
        for _ in range(TRIES):
            held = self._held((t.collection, t.key) for t in wanted)
            due = still_to_do(_as_stored(wanted, held), {place: h.record for place, h in held.items()})
            try:
                self._write(list(self._writes(due, held)))
            except _Changed:
                continue
            return
        raise SourceUnavailable(f"source {self.name}: its records keep changing while they are written")

    def not_done(self, treatments: Sequence[Treatment]) -> list[Treatment]:
        held = self._held((t.collection, t.key) for t in treatments if t.doing in WRITES)
        records = {place: h.record for place, h in held.items()}
        as_stored = _as_stored(treatments, held)
        return [t for t, s in zip(treatments, as_stored, strict=True) if not is_done(s, records.get(_place(t)))]

    def stop(self, who: Sequence[Identifier], scopes: Iterable[str]) -> int:
        asked = list(scopes)
        return sum(self._stop(held, asked) for held in self._reach(who))

    def shape(self) -> dict[str, Columns]:
        """Its tables with the attributes of some items: what the data map must explain."""
        return self._tables.sampled()

    def _stop(self, held: _Held | None, asked: Sequence[str]) -> int:
        """Write the opt-out into one record as it now is; how many fields changed."""
        for _ in range(TRIES):
            if held is None:
                return 0
            name, collection = held.record.collection, self._map.collections[held.record.collection]
            said = {f: m.stop[s] for f, m in collection.fields.items() for s in asked if s in m.stop}
            new = {f: value for f, value in said.items() if held.record.values[f] != value}
            if not new:
                return 0
            try:
                self._write([self._to_write(name, held, {f: like(held.item.get(f), v) for f, v in new.items()})])
            except _Changed:
                held = self._held([_place(held.record)]).get(_place(held.record))
                continue
            return len(new)
        raise SourceUnavailable(f"source {self.name}: its records keep changing while they are written")

    # -- reading ------------------------------------------------------------------------------------------------------

    def _reach(self, who: Sequence[Identifier], among: str | None = None) -> Iterator[_Held]:
        """The records of these people, collection by collection, each in the order of its key."""
        values = spelt(who)
        reached: dict[str, list[_Held]] = {}
        for name in self._map.toward(among):
            collection = self._map.collections[name]
            via = collection.via
            parents = [h.item[via.equals] for h in reached[via.collection] if via.equals in h.item] if via else []
            keys = [*self._by_identity(name, values), *self._by_parent(name, parents)]
            items = self._items(name, keys)
            theirs = [
                _Held(h.record.model_copy(update={"reached": way}), h.item)
                for h in items
                if (way := _way(collection, h.item, values, parents))
            ]
            reached[name] = sorted(theirs, key=lambda h: h.record.key)
            yield from reached[name]

    def _by_identity(self, name: str, values: Mapping[str, list[str]]) -> Iterator[Item]:
        for kind, at in self._map.collections[name].identity.items():
            for value in values.get(kind, ()):
                raw = keyed(self._tables.type_of(name, at), value)
                if raw is not None:
                    yield from self._query(name, at, raw)

    def _by_parent(self, name: str, parents: Sequence[Raw]) -> Iterator[Item]:
        via = self._map.collections[name].via
        for raw in {str(p): p for p in parents}.values() if via else ():
            if via and self._tables.type_of(name, via.field) in raw:
                yield from self._query(name, via.field, raw)

    def _query(self, name: str, at: str, value: Raw) -> Iterator[Item]:
        """The keys of the items with this value, every page of them."""
        way, keys = self._tables.way(name, at), self._map.collections[name].key
        names = {f"#k{i}": key for i, key in enumerate(keys)} | {"#at": way.attribute}
        asked: dict[str, Any] = {
            "TableName": self._tables.table(name), "KeyConditionExpression": "#at = :value",
            "ProjectionExpression": ", ".join(f"#k{i}" for i in range(len(keys))),
            "ExpressionAttributeNames": names, "ExpressionAttributeValues": {":value": value},
        }  # fmt: skip
        asked |= {"IndexName": way.by} if way.by else {"ConsistentRead": True}
        while True:
            with answering(self.name, f"table {asked['TableName']}", MEND):
                page = self._client.query(**asked)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            asked["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _items(self, name: str, keys: Iterable[Item]) -> list[_Held]:
        """The items with these keys that exist now, read consistently."""
        wanted = list({str(sorted(key.items())): key for key in keys}.values())
        collection = self._map.collections[name]
        found = [
            i for start in range(0, len(wanted), AT_ONCE) for i in self._got(name, wanted[start : start + AT_ONCE])
        ]
        return [_Held(_record(name, collection, item), item) for item in found]

    def _got(self, name: str, keys: list[Item]) -> list[Item]:
        table, found = self._tables.table(name), []
        asked: dict[str, Any] = {table: {"Keys": keys, "ConsistentRead": True}}
        for patience in range(TRIES):
            with answering(self.name, f"table {table}", MEND):
                said = self._client.batch_get_item(RequestItems=asked)
            found += said["Responses"].get(table, [])
            asked = said.get("UnprocessedKeys") or {}
            if not asked:
                return found
            time.sleep(0.05 * 2**patience)
        raise SourceUnavailable(f"source {self.name}: table {table} answers in part only")

    def _held(self, places: Iterable[Place]) -> dict[Place, _Held]:
        keys: dict[str, list[Item]] = defaultdict(list)
        for name, key in dict.fromkeys(places):
            if raw := self._tables.key(name, key):
                keys[name].append(raw)
        return {_place(h.record): h for name, wanted in keys.items() for h in self._items(name, wanted)}

    # -- writing ------------------------------------------------------------------------------------------------------

    def _writes(self, due: Sequence[Treatment], held: Mapping[Place, _Held]) -> Iterator[_Write]:
        """One write for each item, children before parents; two views of one item are written together."""
        children_first = {name: i for i, name in enumerate(reversed(self._map.order()))}
        writes: dict[str, _Write] = {}
        for t in sorted(due, key=lambda t: children_first[t.collection]):
            here = held[_place(t)]
            new = {f: like(here.item.get(f), value) for f, value in t.fields.items()}
            one = self._to_write(t.collection, here, new)
            one.delete = t.doing is Doing.DELETE
            before = writes.setdefault(f"{one.table} {sorted(one.key.items())}", one)
            if before is not one:
                before.delete |= one.delete
                before.set |= one.set
                before.expected |= one.expected
        yield from writes.values()

    def _to_write(self, name: str, held: _Held, new: Mapping[str, Raw | None]) -> _Write:
        """`new` into one item that still is as held; the copy that an index reads follows its field."""
        collection = self._map.collections[name]
        written = dict(new)
        for at, lookup in collection.lookup.items():
            if lookup.attribute and lookup.attribute != at and at in new:
                kinds = [kind for kind, f in collection.identity.items() if f == at]
                spelling = one_spelling(kinds[0] if kinds else "", plain(new[at]))
                written[lookup.attribute] = {"S": spelling} if spelling else None
        key = {k: held.item[k] for k in collection.key}
        expected = {f: held.item.get(f) for f in collection.fields}
        return _Write(self._tables.table(name), key, set=written, expected=expected)

    def _write(self, writes: Sequence[_Write]) -> None:
        """In transactions of as many as DynamoDB takes. Raises _Changed when an item is not what was read."""
        for start in range(0, len(writes), AT_ONCE):
            some = writes[start : start + AT_ONCE]
            tables = ", ".join(sorted({w.table for w in some}))
            with answering(self.name, f"a write to {tables}", MEND):
                try:
                    self._client.transact_write_items(TransactItems=[w.operation() for w in some])
                except ClientError as fault:
                    reasons = {r.get("Code") for r in fault.response.get("CancellationReasons", ())}
                    if code(fault) != "TransactionCanceledException" or not reasons:
                        raise
                    if reasons & PASSING or "ThrottlingError" in reasons:
                        raise SourceUnavailable(f"source {self.name} does not answer (a write to {tables})") from None
                    if "ConditionalCheckFailed" in reasons:
                        raise _Changed from None
                    raise


def _place(of: Record | Treatment) -> Place:
    return of.collection, of.key


def _record(name: str, collection: Collection, item: Item) -> Record:
    values = {f: plain(item.get(f)) for f in collection.fields}
    return Record(collection=name, key=tuple(str(plain(item[k])) for k in collection.key), values=values)


def _way(collection: Collection, item: Item, who: Mapping[str, list[str]], parents: Sequence[Raw]) -> str:
    """The kind of identifier that an item holds, or the collection it hangs on; empty when neither leads here."""
    for kind, at in collection.identity.items():
        said = one_spelling(kind, plain(item.get(at)))
        if said and said in who.get(kind, ()):
            return kind
    via = collection.via
    return via.collection if via and item.get(via.field) in parents else ""


def _as_stored(wanted: Sequence[Treatment], held: Mapping[Place, _Held]) -> list[Treatment]:
    """The treatments, their values as DynamoDB says them."""
    return [
        t.model_copy(update={"fields": {f: stored(held[_place(t)].item.get(f), v) for f, v in t.fields.items()}})
        if _place(t) in held and t.fields else t
        for t in wanted
    ]  # fmt: skip
