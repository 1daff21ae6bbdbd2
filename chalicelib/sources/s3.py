"""A source in an S3 bucket: lines of log files under a prefix, and objects under a prefix per customer.

Rules 8, 11, 16: every record is held against what staff approved before the first write; each file is written anew as
a stream, on condition that it still is the file that was read, children before parents. A line that nobody can read
stays byte for byte, and the source says which it is instead of "nothing held" (rule 7: file and line, no value).
Leaves to others: lines (lines), reading and writing objects (buckets), what counts as done or drifted (values).
"""

from __future__ import annotations

import base64
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from chalicelib.domain.datamap import Collection, SourceMap
from chalicelib.domain.identity import Identifier
from chalicelib.domain.plan import Doing, Record, Treatment
from chalicelib.errors import SourceMisread, SourceUnavailable
from chalicelib.sources.buckets import Bucket, Changed, File, Stream
from chalicelib.sources.lines import BrokenFile, Line, as_cell, is_gzip, like, lines_of, syntax_of
from chalicelib.sources.values import (
    WRITES,
    Place,
    is_done,
    json_value,
    one_spelling,
    sampled_type,
    spelt,
    still_to_do,
)  # fmt: skip

TRIES = 4
"""How often files that others change meanwhile are read anew."""
SMALL = 64 * 1024
"""Bytes of an object that is shown with its content."""
NAMED = 5
"""How many faults one message names."""
SAMPLE = 200

New = dict[str, str | bool | None]
Columns = dict[str, tuple[str, bool]]


@dataclass
class _Faults:
    """What could not be understood, by file and line."""

    source: str
    said: list[str] = field(default_factory=list)

    def add(self, file: str, line: int, why: str) -> None:
        self.said.append(f"{file} line {line} {why}")

    def raise_any(self) -> None:
        if self.said:
            more = len(self.said) - NAMED
            rest = f"; and {more} more" if more > 0 else ""
            raise SourceMisread(
                f"source {self.source}: {'; '.join(self.said[:NAMED])}{rest}. Nothing of it was changed or left out of "
                "the file. Mend or move these lines, or correct the data map, then try again."
            )


@dataclass
class _Held:
    """A record and the files that hold it: the same line may stand in several."""

    record: Record
    files: dict[str, File] = field(default_factory=dict)


class S3Source:
    """`ports.Source` on the bucket that the map's `where` names."""

    def __init__(self, name: str, source_map: SourceMap, client: Any) -> None:
        self.name = name
        self._map = source_map
        self._bucket = Bucket(name, source_map.where, client)

    def find(self, who: Sequence[Identifier]) -> list[Record]:
        return [held.record for held in self._reach(who)]

    def read(self, keys: Iterable[Place]) -> list[Record]:
        faults = _Faults(self.name)
        held = self._held(keys, faults)
        faults.raise_any()
        return [h.record for h in held.values()]

    def carry_out(self, treatments: Sequence[Treatment]) -> None:
        wanted = [t for t in treatments if t.doing in WRITES]
        for _ in range(TRIES):
            held = self._held(((t.collection, t.key) for t in wanted), _Faults(self.name))
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
        mapped = {self._table(name): collection for name, collection in self._map.collections.items()}
        found = {table: self._columns(table, collection) for table, collection in mapped.items()}
        for prefix in self._bucket.prefixes():
            if not any(f"{table}/".startswith(prefix) for table in mapped):
                found[prefix.rstrip("/")] = {}
        return found

    def keeps_versions(self) -> bool:
        """Whether what is erased would live on in older versions of the objects."""
        return self._bucket.keeps_versions()

    # -- reading ------------------------------------------------------------------------------------------------------

    def _table(self, name: str) -> str:
        return self._map.collections[name].table or name

    def _reach(self, who: Sequence[Identifier]) -> list[_Held]:
        """The records of these people, collection by collection, each in the order of its key. Raises SourceMisread."""
        values, faults = spelt(who), _Faults(self.name)
        reached: dict[str, list[_Held]] = {}
        for name in self._map.order():
            via = self._map.collections[name].via
            parents = [h.record.values[via.equals] for h in reached[via.collection]] if via else []
            known = {str(p) for p in parents if p is not None}
            found = self._objects(name, values, known) if self._is_objects(name) else self._rows(
                name, values, known, faults
            )  # fmt: skip
            reached[name] = sorted(_once(self.name, found), key=lambda h: h.record.key)
        faults.raise_any()
        return [held for of_one in reached.values() for held in of_one]

    def _is_objects(self, name: str) -> bool:
        return self._map.collections[name].format == "objects"

    def _rows(
        self, name: str, who: Mapping[str, list[str]], parents: set[str], faults: _Faults
    ) -> Iterator[tuple[Record, File]]:
        collection = self._map.collections[name]
        if not parents and not any(who.get(kind) for kind in collection.identity):
            self._files(name)  # nobody to look for, but a place that is gone is said to be gone
            return
        for file, line in self._lines(name, faults):
            if line.row is not None and _is_theirs(collection, line.row, who, parents):
                yield _record(name, collection, line.row), file

    def _objects(self, name: str, who: Mapping[str, list[str]], parents: set[str]) -> Iterator[tuple[Record, File]]:
        """Keys are case-sensitive and identifiers are not: an owner is looked for in lower and in upper case."""
        collection = self._map.collections[name]
        owners = {v for kind in collection.identity for said in who.get(kind, ()) for v in (said, said.upper())}
        for owner in sorted(owners | parents):
            if owner and "/" not in owner:
                for file in self._bucket.files(f"{self._table(name)}/{owner}/"):
                    if record := self._object(name, file):
                        yield record, file

    def _object(self, name: str, file: File) -> Record | None:
        """One object as a record; None when it has just gone."""
        fields = self._map.collections[name].fields
        owner = file.key.removeprefix(f"{self._table(name)}/").partition("/")[0]
        said: dict[str, Any] = {"key": file.key, "owner": owner, "size": file.size, "modified": file.modified}
        if fields.keys() & {"type", "content"}:
            if (current := self._current(file)) is None:
                return None
            _, answer = current
            with answer["Body"] as body, self._bucket.asked(file.key):
                small = "content" in fields and file.size <= SMALL
                said |= {"type": answer.get("ContentType"), "content": _content(body.read()) if small else None}
        return Record(collection=name, key=(file.key,), values={f: json_value(said[f]) for f in fields})

    def _files(self, name: str) -> list[File]:
        files = self._bucket.files(f"{self._table(name)}/")
        if not files:
            raise SourceMisread(
                f"source {self.name}: there is no log under {self._table(name)}/ in bucket {self._bucket.name}. Correct "
                "`table` in the data map, or put an empty file there to say that there are none yet."
            )
        return files

    def _lines(self, name: str, faults: _Faults, files: Iterable[File] | None = None) -> Iterator[tuple[File, Line]]:
        """Every line of a collection's files; what is broken goes to `faults`. Raises Changed."""
        for file in self._files(name) if files is None else files:
            if (current := self._current(file)) is None:
                continue
            file, answer = current
            with _opened(answer) as stream, self._bucket.asked(file.key):
                try:
                    for line in lines_of(stream, self._syntax(name)):
                        if line.broken:
                            faults.add(file.key, line.number, line.broken)
                        yield file, line
                except BrokenFile as broken:
                    faults.add(file.key, broken.line, f"({broken.why})")

    def _current(self, file: File) -> tuple[File, dict[str, Any]] | None:
        """The file as it is now, opened; None when it has gone since it was listed."""
        now: File | None = file
        for _ in range(TRIES):
            if now is None:
                return None
            try:
                return now, self._bucket.get(now)
            except Changed:
                now = self._bucket.head(file.key)
        raise SourceUnavailable(f"source {self.name}: object {file.key} keeps changing while it is read")

    def _syntax(self, name: str) -> Any:
        """How this place's files are read: by all collections that are views of it, so that nothing is left out."""
        views = [c for n, c in self._map.collections.items() if self._table(n) == self._table(name)]
        mapped = {f for c in views for f in c.fields}
        needed = {f for c in views for f in (*c.key, *c.identity.values(), *((c.via.field,) if c.via else ()))}
        return syntax_of("csv" if views[0].format == "csv" else "jsonl", sorted(mapped), sorted(needed))

    def _held(self, places: Iterable[Place], faults: _Faults) -> dict[Place, _Held]:
        asked: dict[str, set[tuple[str, ...]]] = defaultdict(set)
        for name, key in places:
            asked[name].add(key)
        found: list[_Held] = []
        for name in self._map.order():
            if asked[name]:
                found += _once(self.name, self._named(name, asked[name], faults))
        return {(h.record.collection, h.record.key): h for h in found}

    def _named(self, name: str, keys: set[tuple[str, ...]], faults: _Faults) -> Iterator[tuple[Record, File]]:
        collection = self._map.collections[name]
        if self._is_objects(name):
            for (key,) in sorted(keys):
                if (file := self._bucket.head(key)) and (record := self._object(name, file)):
                    yield record, file
            return
        for file, line in self._lines(name, faults):
            if line.row is not None and _key(collection, line.row) in keys:
                yield _record(name, collection, line.row), file

    def _columns(self, table: str, collection: Collection) -> Columns:
        """The fields in the first lines of the first and the last file."""
        if collection.format == "objects":
            return {f: ("text (date)" if f == "modified" else "text", True) for f in collection.fields}
        name = next(n for n, c in self._map.collections.items() if c is collection)
        files, faults, seen = self._files(name), _Faults(self.name), defaultdict(list)
        for file in {f.key: f for f in (files[0], files[-1])}.values():
            for _, line in islice(self._lines(name, faults, [file]), SAMPLE):
                for at, value in (line.row or {}).items():
                    csv_word = collection.format == "csv" and value in ("true", "false")
                    seen[at].append(value == "true" if csv_word else value)
        faults.raise_any()
        return {at: (sampled_type(values), True) for at, values in seen.items()}

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
            if all(self._is_objects(name) for name, _ in here):
                self._bucket.delete(file)
            else:
                self._rewrite(file, here)

    def _rewrite(self, file: File, changes: Mapping[Place, New | None]) -> None:
        names = sorted({name for name, _ in changes})
        syntax, answer = self._syntax(names[0]), self._bucket.get(file)
        with _opened(answer) as stream:
            packed = is_gzip(stream)
            with self._bucket.written(file, answer, packed=packed) as anew:
                try:
                    for line in lines_of(stream, syntax):
                        after = self._after(line, names, changes, syntax)
                        if after:
                            anew.write(after)
                except BrokenFile as broken:
                    faults = _Faults(self.name)
                    faults.add(file.key, broken.line, f"({broken.why})")
                    faults.raise_any()

    def _after(self, line: Line, names: Sequence[str], changes: Mapping[Place, New | None], syntax: Any) -> bytes:
        """What is to stand in place of a line: its own bytes, if nothing is to change."""
        if line.row is None:
            return line.raw
        new: New = {}
        for name in names:
            place = name, _key(self._map.collections[name], line.row)
            if place in changes:
                wanted = changes[place]
                if wanted is None:
                    return b""
                new |= wanted
        return bytes(syntax.changed(line, new)) if new else line.raw


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


def _key(collection: Collection, row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(row[k]) for k in collection.key)


def _record(name: str, collection: Collection, row: Mapping[str, Any]) -> Record:
    values = {f: json_value(row.get(f)) for f in collection.fields}
    return Record(collection=name, key=_key(collection, row), values=values)


def _is_theirs(
    collection: Collection, row: Mapping[str, Any], who: Mapping[str, list[str]], parents: set[str]
) -> bool:  # fmt: skip
    for kind, at in collection.identity.items():
        values = who.get(kind)
        if values and one_spelling(kind, row.get(at)) in values:
            return True
    via = collection.via
    return bool(via and row[via.field] is not None and str(row[via.field]) in parents)


def _opened(answer: Mapping[str, Any]) -> io.BufferedReader:
    return io.BufferedReader(Stream(answer["Body"]), 1 << 18)


def _content(data: bytes) -> str:
    """Text as it is, anything else in base 64."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return base64.b64encode(data).decode()
