"""What lies under the prefixes of an S3 source: log files line by line, objects one by one, as the data map says.

A file that changes while it is looked at is opened anew; one that is rewritten keeps every line that is not to change
byte for byte, those that nobody can read too. Leaves to others: whose records they are and what becomes of them (s3),
how lines are written (lines), talking to S3 (buckets).
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
from chalicelib.domain.plan import Record
from chalicelib.errors import SourceMisread, SourceUnavailable
from chalicelib.sources.buckets import Bucket, Changed, File, Stream
from chalicelib.sources.lines import BrokenFile, Line, is_gzip, lines_of, syntax_of
from chalicelib.sources.values import Place, json_value, sampled_type

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
class Faults:
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


class Files:
    def __init__(self, source: str, source_map: SourceMap, client: Any) -> None:
        self.bucket = Bucket(source, source_map.where, client)
        self._source, self._map = source, source_map

    def table(self, name: str) -> str:
        return self._map.collections[name].table or name

    def is_objects(self, name: str) -> bool:
        return self._map.collections[name].format == "objects"

    def files(self, name: str) -> list[File]:
        files = self.bucket.files(f"{self.table(name)}/")
        if not files:
            raise SourceMisread(
                f"source {self._source}: there is no log under {self.table(name)}/ in bucket {self.bucket.name}. "
                "Correct `table` in the data map, or put an empty file there to say that there are none yet."
            )
        return files

    def lines(self, name: str, faults: Faults, files: Iterable[File] | None = None) -> Iterator[tuple[File, Line]]:
        """Every line of a collection's files; what is broken goes to `faults`. Raises Changed."""
        for file in self.files(name) if files is None else files:
            if (current := self._current(file)) is None:
                continue
            file, answer = current
            with _opened(answer) as stream, self.bucket.asked(file.key):
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
                return now, self.bucket.get(now)
            except Changed:
                now = self.bucket.head(file.key)
        raise SourceUnavailable(f"source {self._source}: object {file.key} keeps changing while it is read")

    def _syntax(self, name: str) -> Any:
        """How this place's files are read: by all collections that are views of it, so that nothing is left out."""
        views = [c for n, c in self._map.collections.items() if self.table(n) == self.table(name)]
        mapped = {f for c in views for f in c.fields}
        needed = {f for c in views for f in (*c.key, *c.identity.values(), *((c.via.field,) if c.via else ()))}
        return syntax_of("csv" if views[0].format == "csv" else "jsonl", sorted(mapped), sorted(needed))

    def object(self, name: str, file: File) -> Record | None:
        """One object as a record; None when it has just gone."""
        fields = self._map.collections[name].fields
        owner = file.key.removeprefix(f"{self.table(name)}/").partition("/")[0]
        said: dict[str, Any] = {"key": file.key, "owner": owner, "size": file.size, "modified": file.modified}
        if fields.keys() & {"type", "content"}:
            if (current := self._current(file)) is None:
                return None
            _, answer = current
            with answer["Body"] as body, self.bucket.asked(file.key):
                small = "content" in fields and file.size <= SMALL
                said |= {"type": answer.get("ContentType"), "content": _content(body.read()) if small else None}
        return Record(collection=name, key=(file.key,), values={f: json_value(said[f]) for f in fields})

    def columns(self, name: str) -> Columns:
        """The fields in the first lines of the first and the last file."""
        collection = self._map.collections[name]
        if collection.format == "objects":
            return {f: ("text (date)" if f == "modified" else "text", True) for f in collection.fields}
        files, faults, seen = self.files(name), Faults(self._source), defaultdict(list)
        for file in {f.key: f for f in (files[0], files[-1])}.values():
            for _, line in islice(self.lines(name, faults, [file]), SAMPLE):
                for at, value in (line.row or {}).items():
                    csv_word = collection.format == "csv" and value in ("true", "false")
                    seen[at].append(value == "true" if csv_word else value)
        faults.raise_any()
        return {at: (sampled_type(values), True) for at, values in seen.items()}

    def rewrite(self, file: File, changes: Mapping[Place, New | None]) -> None:
        """Change one file; None deletes a line. Raises Changed, SourceMisread: nothing changed."""
        names = sorted({name for name, _ in changes})
        syntax, answer = self._syntax(names[0]), self.bucket.get(file)
        with _opened(answer) as stream:
            packed = is_gzip(stream)
            with self.bucket.written(file, answer, packed=packed) as anew:
                try:
                    for line in lines_of(stream, syntax):
                        after = self._after(line, names, changes, syntax)
                        if after:
                            anew.write(after)
                except BrokenFile as broken:
                    faults = Faults(self._source)
                    faults.add(file.key, broken.line, f"({broken.why})")
                    faults.raise_any()

    def _after(self, line: Line, names: Sequence[str], changes: Mapping[Place, New | None], syntax: Any) -> bytes:
        """What is to stand in place of a line: its own bytes, if nothing is to change."""
        if line.row is None:
            return line.raw
        new: New = {}
        for name in names:
            place = name, key_of(self._map.collections[name], line.row)
            if place in changes:
                wanted = changes[place]
                if wanted is None:
                    return b""
                new |= wanted
        return bytes(syntax.changed(line, new)) if new else line.raw


def key_of(collection: Collection, row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(row[k]) for k in collection.key)


def record_of(name: str, collection: Collection, row: Mapping[str, Any]) -> Record:
    values = {f: json_value(row.get(f)) for f in collection.fields}
    return Record(collection=name, key=key_of(collection, row), values=values)


def _opened(answer: Mapping[str, Any]) -> io.BufferedReader:
    return io.BufferedReader(Stream(answer["Body"]), 1 << 18)


def _content(data: bytes) -> str:
    """Text as it is, anything else in base 64."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return base64.b64encode(data).decode()
