"""Parts: what one source gives for the access package, page by page, as small sealed files until it is all together.

Rule 13: each value passes `domain/masking` here, once, before anything is written; what must not leave is in no part,
but for the never-disclosed numbers themselves: the package strikes them out wherever else they stand. The last part of
a source carries the facts about all of them. Leaves to others: sealing and keeping (usecases), the files (files).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from chalicelib.domain.datamap import SourceMap
from chalicelib.domain.masking import NUMBERS, STRUCK, package_fields, shown
from chalicelib.domain.plan import Record

SHORTEST_SECRET = 6
"""Shorter texts stand everywhere by chance: striking them out would only spoil what is said."""


Row = list[Any]
"""One record as the package shows it: its values, in the order of its collection's package fields."""


@dataclass
class Facts:
    """What the parts of one source are about, gathered while they are written."""

    counts: dict[str, int] = field(default_factory=dict)
    """Records by collection."""
    received: dict[str, list[str]] = field(default_factory=dict)
    """By collection, what its recipient field names."""
    held: dict[str, list[str]] = field(default_factory=dict)
    """By collection, the fields of a never-disclosed kind that hold something."""
    secrets: list[str] = field(default_factory=list)
    """Never-disclosed numbers, as they are held and as digits alone."""

    parts: int = 0
    at: dict[str, list[int]] = field(default_factory=dict)
    """By collection, the first and the last part that has rows of it."""


class Packer:
    """Makes rows of one source's records, and notes the facts about them."""

    def __init__(self, source: SourceMap, facts: Facts | None = None) -> None:
        self.facts = facts or Facts()
        self._source = source
        self._secrets = set(self.facts.secrets)
        self._fields = {name: list(package_fields(c).items()) for name, c in source.collections.items()}
        self._never = {
            name: [(n, f.never in NUMBERS) for n, f in c.fields.items() if f.never]
            for name, c in source.collections.items()
        }

    def pack(self, records: Iterable[Record], *, last: bool) -> bytes | None:
        """The next part, to be kept under the number `facts.parts`; None where there is nothing to keep."""
        number, rows = self.facts.parts + 1, self.rows(records)
        if not rows and not (last and self.facts.parts):
            return None
        self.facts.parts = number
        for name in rows:
            self.facts.at.setdefault(name, [number, number])[1] = number
        said = [rows, asdict(self.facts) if last else None]
        return zlib.compress(json.dumps(said, separators=(",", ":")).encode(), 1)

    def rows(self, records: Iterable[Record]) -> dict[str, list[Row]]:
        """The records as the package shows them, by collection; noted in the facts."""
        made: dict[str, list[Row]] = {}
        for record in records:
            self._note(record)
            values, fields = record.values, self._fields[record.collection]
            made.setdefault(record.collection, []).append([shown(f, values.get(n)) for n, f in fields])
        return made

    def _note(self, record: Record) -> None:
        name, values, facts = record.collection, record.values, self.facts
        facts.counts[name] = facts.counts.get(name, 0) + 1
        to = self._source.collections[name].recipient_field
        if to and values.get(to) is not None:
            _add(facts.received.setdefault(name, []), str(values[to]))
        for field_name, is_number in self._never[name]:
            if (value := values.get(field_name)) is not None:
                _add(facts.held.setdefault(name, []), field_name)
                if is_number:
                    self._remember(str(value))

    def _remember(self, text: str) -> None:
        digits = "".join(c for c in text if c.isdigit())
        for secret in {text, digits if len(digits) * 2 > len(text) else text} - self._secrets:
            if len(secret) >= SHORTEST_SECRET:
                self._secrets.add(secret)
                self.facts.secrets.append(secret)


def unpack(part: bytes) -> tuple[dict[str, list[Row]], Facts | None]:
    rows, facts = json.loads(zlib.decompress(part))
    return rows, Facts(**facts) if facts else None


class Given(NamedTuple):
    """What one source gave: the facts, and a collection's rows as often as they are read, one part in memory."""

    facts: Facts
    rows: Callable[[str], Iterator[Row]]


def given(source: SourceMap, records: Sequence[Record]) -> Given:
    """The same from records that are all at hand."""
    packer = Packer(source)
    made = packer.rows(records)
    return Given(packer.facts, lambda collection: iter(made[collection]))


class Strike:
    """Strikes never-disclosed numbers out of texts. However many they are, a text is looked through once."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._by_start: dict[str, list[str]] = {}
        for secret in sorted(secrets, key=lambda s: (-len(s), s)):
            self._by_start.setdefault(secret[:SHORTEST_SECRET], []).append(secret)

    def __bool__(self) -> bool:
        return bool(self._by_start)

    def out_of(self, value: Any) -> Any:
        match value:
            case str():
                return self._text(value)
            case list():
                return [self.out_of(v) for v in value]
            case dict():
                return {k: self.out_of(v) for k, v in value.items()}
            case _:
                return value

    def _text(self, text: str) -> str:
        starts, kept, at, i = self._by_start, [], 0, 0
        while i <= len(text) - SHORTEST_SECRET:
            found = next((s for s in starts.get(text[i : i + SHORTEST_SECRET], ()) if text.startswith(s, i)), None)
            if found:
                kept += [text[at:i], STRUCK]
                i = at = i + len(found)
            else:
                i += 1
        return "".join([*kept, text[at:]]) if kept else text


def _add(known: list[str], one: str) -> None:
    if one not in known:
        known.append(one)
