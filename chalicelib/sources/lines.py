"""Log files as lines: JSON lines and CSV, plain or gzip, read and written one record at a time. Pure.

Nothing lost, nothing guessed: a line comes with its own bytes, so what is not changed is written back as it was, and
what cannot be understood is named by its number, never by what stands in it (rule 7). A line without a field that
people are found by is not understood either: a renamed field would make everybody a stranger.
Leaves to others: where files are and who may change them (s3).
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal, Protocol

from chalicelib.sources.attributes import FALSE, TRUE

LONGEST = 4 * 1024 * 1024
"""Bytes of a line: a longer one is no record of ours, and is passed on in pieces."""
GZIP = b"\x1f\x8b"

Row = dict[str, Any]
Format = Literal["jsonl", "csv"]


class BrokenFile(Exception):
    """A file that cannot be read on from a line. `why` is for whoever mends it."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line, self.why = line, why


@dataclass(frozen=True)
class Line:
    """The bytes of one record, or of what is none: a header, an empty line, one that is `broken`."""

    number: int
    raw: bytes
    row: Row | None = None
    broken: str = ""


class Syntax(Protocol):
    """How one file writes its records."""

    def lines(self, stream: BinaryIO) -> Iterator[Line]: ...

    def changed(self, line: Line, new: Mapping[str, str | bool | None]) -> bytes:
        """The line with other values in some fields, each of the type that stood there."""


def is_gzip(stream: io.BufferedReader) -> bool:
    return stream.peek(2)[:2] == GZIP


def lines_of(stream: io.BufferedReader, syntax: Syntax) -> Iterator[Line]:
    """Every line, unpacked if need be. Raises BrokenFile where a file ends in its middle."""
    packed, number = is_gzip(stream), 0
    plain: Any = io.BufferedReader(gzip.GzipFile(fileobj=stream), 1 << 17) if packed else stream
    try:
        for line in syntax.lines(plain):
            number = line.number
            yield line
    except EOFError:
        raise BrokenFile(number + 1, "the gzip ends in its middle") from None
    except (gzip.BadGzipFile, zlib.error):
        raise BrokenFile(number + 1, "the gzip is damaged") from None


class JsonLines:
    def __init__(self, needed: Sequence[str]) -> None:
        self._needed = needed

    def lines(self, stream: BinaryIO) -> Iterator[Line]:
        number, inside = 1, False
        while raw := stream.readline(LONGEST):
            ends = raw.endswith(b"\n")
            if inside or (not ends and len(raw) == LONGEST):
                yield Line(number, raw, broken="" if inside else "is longer than 4 MB")
                inside = not ends
            else:
                yield self._line(number, raw)
            number += ends

    def _line(self, number: int, raw: bytes) -> Line:
        if not raw.strip():
            return Line(number, raw)
        try:
            row = json.loads(raw)
        except (ValueError, RecursionError):
            return Line(number, raw, broken="is no JSON")
        if not isinstance(row, dict):
            return Line(number, raw, broken="is no JSON object")
        for field in self._needed:
            if field not in row:
                return Line(number, raw, broken=f"has no {field}")
        return Line(number, raw, row)

    def changed(self, line: Line, new: Mapping[str, str | bool | None]) -> bytes:
        row = dict(line.row or {})
        row |= {field: like(row.get(field), value) for field, value in new.items()}
        tight = b'": ' not in line.raw
        text = json.dumps(row, ensure_ascii=line.raw.isascii(), separators=(",", ":") if tight else None)
        return text.encode() + line.raw[len(line.raw.rstrip(b"\r\n")) :]


class Csv:
    def __init__(self, mapped: Sequence[str]) -> None:
        self._mapped = mapped
        self._header: list[str] = []

    def lines(self, stream: BinaryIO) -> Iterator[Line]:
        taken: list[bytes] = []
        reader, number = csv.reader(self._texts(stream, taken), strict=True), 1
        self._header = []
        while True:
            try:
                cells = next(reader, None)
                wrong = ""
            except csv.Error:
                cells, wrong = [], "is no CSV"
            if cells is None and not taken:
                return
            raw = b"".join(taken)
            yield self._line(number, raw, cells or [], wrong)
            number += len(taken)
            taken.clear()

    def _line(self, number: int, raw: bytes, cells: list[str], wrong: str) -> Line:
        if not self._header:
            if wrong or not raw.strip():
                raise BrokenFile(number, "there is no header")
            self._header = cells
            if missing := [field for field in self._mapped if field not in cells]:
                raise BrokenFile(number, f"the header has no column {', '.join(missing)}")
            return Line(number, raw)
        if wrong:
            return Line(number, raw, broken=wrong)
        if not raw.strip():
            return Line(number, raw)
        if "\ufffd" in "".join(cells) and not _is_utf8(raw):
            return Line(number, raw, broken="is not UTF-8")
        if len(cells) != len(self._header):
            return Line(number, raw, broken=f"has {len(cells)} columns, the header {len(self._header)}")
        return Line(number, raw, {f: cell or None for f, cell in zip(self._header, cells, strict=True)})

    def _texts(self, stream: BinaryIO, taken: list[bytes]) -> Iterator[str]:
        while raw := stream.readline(LONGEST):
            taken.append(raw)
            yield raw.decode("utf-8-sig" if not self._header else "utf-8", errors="replace")

    def changed(self, line: Line, new: Mapping[str, str | bool | None]) -> bytes:
        row = dict(line.row or {}) | {field: as_cell(value) for field, value in new.items()}
        text = io.StringIO()
        ending = line.raw[len(line.raw.rstrip(b"\r\n")) :].decode()
        cells = [row[field] for field in self._header]
        odd = any("\r" in cell or "\n" in cell for cell in cells if cell)  # the writer leaves a bare \r without quotes
        quoting: Literal[0, 1] = csv.QUOTE_ALL if odd else csv.QUOTE_MINIMAL
        csv.writer(text, lineterminator=ending, quoting=quoting).writerow(cells)
        return text.getvalue().encode()


def syntax_of(format: Format, mapped: Sequence[str], needed: Sequence[str]) -> Syntax:
    """`mapped`: the fields of a record; `needed`: those without which nobody could be found."""
    return Csv(mapped) if format == "csv" else JsonLines(needed)


def like(held: Any, value: str | bool | None) -> Any:
    """`value` as the JSON type of what is held, where that says the same."""
    if not isinstance(value, str):
        return value
    if isinstance(held, bool) and value.casefold() in TRUE + FALSE:
        return value.casefold() in TRUE
    if isinstance(held, int | float) and not isinstance(held, bool):
        with_type = _number(type(held), value)
        return value if with_type is None else with_type
    return value


def as_cell(value: str | bool | None) -> str | None:
    return str(value).lower() if isinstance(value, bool) else value


def _number(kind: type[int] | type[float], text: str) -> Any:
    try:
        number = kind(text)
    except ValueError:
        return None
    return number if str(number) == text else None


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
