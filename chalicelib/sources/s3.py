"""A source in an S3 bucket: lines of log files under a prefix, and objects under a prefix per customer.

Rules 8, 11, 16: every record is held against what staff approved before the first write; each file is written anew as
a stream, on condition that it still is the file that was read, children before parents. A line that nobody can read
stays byte for byte, and the source says which it is instead of "nothing held" (rule 7: file and line, no value).
Leaves to others: files and objects (files, lines, buckets), what counts as done or drifted (values).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain.datamap import Collection, SourceMap
from chalicelib.domain.identity import Identifier
from chalicelib.domain.plan import Doing, Record, Treatment
from chalicelib.errors import SourceMisread, SourceUnavailable
from chalicelib.ports import Page
from chalicelib.sources import cursor
from chalicelib.sources.buckets import Changed, File
from chalicelib.sources.cursor import PAGE
from chalicelib.sources.files import TRIES, Columns, Faults, Files, New, key_of, record_of
from chalicelib.sources.lines import as_cell, like
from chalicelib.sources.values import WRITES, Place, is_done, one_spelling, spelt, still_to_do


@dataclass
class _Held:
    """A record and the files that hold it: the same line may stand in several."""

    record: Record
    files: dict[str, File] = field(default_factory=dict)


class S3Source:
    """`ports.Source` on the bucket that the map's `where` names."""

    def __init__(self, name: str, source_map: SourceMap, client: Any, page: int = PAGE) -> None:
        self.name = name
        self._map = source_map
        self._page = page
        self._files = Files(name, source_map, client)

    def find(self, who: Sequence[Identifier], after: str | None = None, among: str | None = None) -> Page:
        return cursor.page_of(
            (held.record for held in self._reach(who, among)), self._map.order(), after, self._page, among
        )

    def read(self, keys: Iterable[Place]) -> list[Record]:
        faults = Faults(self.name)
        held = self._held(keys, faults)
        faults.raise_any()
        return [h.record for h in held.values()]

    def carry_out(self, treatments: Sequence[Treatment]) -> None:
        wanted = [t for t in treatments if t.doing in WRITES]
        for _ in range(TRIES):
            held = self._held(((t.collection, t.key) for t in wanted), Faults(self.name))
            due = still_to_do(wanted, {place: h.record for place, h in held.items()})
            changes: dict[Place, New | None] = {
                (t.collection, t.key): None if t.doing is Doing.DELETE else dict(t.fields) for t in due
            }
            try:
                self._write(changes, held)
            except Changed:
                continue
            return
        raise SourceUnavailable(f"source {self.name}: its files keep changing while they are written")

    def not_done(self, treatments: Sequence[Treatment]) -> list[Treatment]:
        asked = [(t.collection, t.key) for t in treatments if t.doing in WRITES]
        records = {(r.collection, r.key): r for r in self.read(asked)}
        return [t for t in treatments if not is_done(t, records.get((t.collection, t.key)))]

    def stop(self, who: Sequence[Identifier], scopes: Iterable[str]) -> int:
        asked = list(scopes)
        for _ in range(TRIES):
            held = {(h.record.collection, h.record.key): h for h in self._reach(who)}
            changes: dict[Place, New | None] = {
                place: new for place, h in held.items() if (new := self._stops(h.record, asked))
            }
            try:
                self._write(changes, held)
            except Changed:
                continue
            return sum(len(new or ()) for new in changes.values())
        raise SourceUnavailable(f"source {self.name}: its files keep changing while they are written")

    def shape(self) -> dict[str, Columns]:
        """Its prefixes with the fields of some lines: what the data map must explain. Raises as `find`."""
        found = {self._files.table(name): self._files.columns(name) for name in self._map.collections}
        for prefix in self._files.bucket.prefixes():
            if not any(f"{table}/".startswith(prefix) for table in list(found)):
                found[prefix.rstrip("/")] = {}
        return found

    def keeps_versions(self) -> bool:
        """Whether what is erased would live on in older versions of the objects."""
        return self._files.bucket.keeps_versions()

    # -- reading ------------------------------------------------------------------------------------------------------

    def _reach(self, who: Sequence[Identifier], among: str | None = None) -> list[_Held]:
        """The records of these people, collection by collection, each in the order of its key. Raises SourceMisread."""
        values, faults = spelt(who), Faults(self.name)
        reached: dict[str, list[_Held]] = {}
        for name in self._map.toward(among):
            via = self._map.collections[name].via
            parents = [h.record.values[via.equals] for h in reached[via.collection]] if via else []
            known = {str(p) for p in parents if p is not None}
            found = self._objects(name, values, known) if self._files.is_objects(name) else self._rows(
                name, values, known, faults
            )  # fmt: skip
            reached[name] = sorted(_once(self.name, found), key=lambda h: h.record.key)
        faults.raise_any()
        return [held for of_one in reached.values() for held in of_one]

    def _rows(
        self, name: str, who: Mapping[str, list[str]], parents: set[str], faults: Faults
    ) -> Iterator[tuple[Record, File]]:
        collection = self._map.collections[name]
        if not parents and not any(who.get(kind) for kind in collection.identity):
            self._files.files(name)  # nobody to look for, but a place that is gone is said to be gone
            return
        for file, line in self._files.lines(name, faults):
            if line.row is not None and (way := _way(collection, line.row, who, parents)):
                yield record_of(name, collection, line.row).model_copy(update={"reached": way}), file

    def _objects(self, name: str, who: Mapping[str, list[str]], parents: set[str]) -> Iterator[tuple[Record, File]]:
        """Keys are case-sensitive and identifiers are not: an owner is looked for in lower and in upper case."""
        collection = self._map.collections[name]
        owners = dict.fromkeys(parents, collection.via.collection if collection.via else "") | {
            v: kind for kind in collection.identity for said in who.get(kind, ()) for v in (said, said.upper())
        }
        for owner, way in sorted(owners.items()):
            if owner and "/" not in owner:
                for file in self._files.bucket.files(f"{self._files.table(name)}/{owner}/"):
                    if record := self._files.object(name, file):
                        yield record.model_copy(update={"reached": way}), file

    def _held(self, places: Iterable[Place], faults: Faults) -> dict[Place, _Held]:
        asked: dict[str, set[tuple[str, ...]]] = defaultdict(set)
        for name, key in places:
            asked[name].add(key)
        found: list[_Held] = []
        for name in self._map.order():
            if asked[name]:
                found += _once(self.name, self._named(name, asked[name], faults))
        return {(h.record.collection, h.record.key): h for h in found}

    def _named(self, name: str, keys: set[tuple[str, ...]], faults: Faults) -> Iterator[tuple[Record, File]]:
        collection = self._map.collections[name]
        if self._files.is_objects(name):
            for (key,) in sorted(keys):
                if (file := self._files.bucket.head(key)) and (record := self._files.object(name, file)):
                    yield record, file
            return
        for file, line in self._files.lines(name, faults):
            if line.row is not None and key_of(collection, line.row) in keys:
                yield record_of(name, collection, line.row), file

    # -- writing ------------------------------------------------------------------------------------------------------

    def _stops(self, record: Record, asked: Sequence[str]) -> New:
        """The fields of a record that these opt-outs change, with what is to stand there."""
        collection, new = self._map.collections[record.collection], {}
        for at, said in collection.fields.items():
            for value in (said.stop[s] for s in asked if s in said.stop):
                wanted = as_cell(value) if collection.format == "csv" else like(record.values[at], value)
                if record.values[at] != wanted:
                    new[at] = value
        return new

    def _write(self, changes: Mapping[Place, New | None], held: Mapping[Place, _Held]) -> None:
        """New values into records, None deletes them: each file once, children before parents. Raises Changed."""
        by_file: dict[str, tuple[File, dict[Place, New | None]]] = {}
        order = list(reversed(self._map.order()))
        for place in sorted(changes, key=lambda p: order.index(p[0])):
            for file in held[place].files.values():
                by_file.setdefault(file.key, (file, {}))[1][place] = changes[place]
        for file, here in by_file.values():
            if all(self._files.is_objects(name) for name, _ in here):
                self._files.bucket.delete(file)
            else:
                self._files.rewrite(file, here)


def _once(source: str, found: Iterable[tuple[Record, File]]) -> list[_Held]:
    """Each record once. Raises SourceMisread when two that differ have one key: nobody guesses which is meant."""
    held: dict[tuple[str, ...], _Held] = {}
    for record, file in found:
        one = held.setdefault(record.key, _Held(record))
        if one.record.fingerprint != record.fingerprint:
            where = ", ".join(sorted({*one.files, file.key}))
            raise SourceMisread(
                f"source {source}: two records of {record.collection} differ and have the same key, in {where}. Name "
                "more fields under `key` in the data map."
            )
        one.files[file.key] = file
    return list(held.values())


def _way(collection: Collection, row: Mapping[str, Any], who: Mapping[str, list[str]], parents: set[str]) -> str:
    """The kind of identifier that a row holds, or the collection it hangs on; empty when neither leads here."""
    for kind, at in collection.identity.items():
        values = who.get(kind)
        if values and one_spelling(kind, row.get(at)) in values:
            return kind
    via = collection.via
    return via.collection if via and row[via.field] is not None and str(row[via.field]) in parents else ""
