"""Holds a data map against samples of the values that are really there: what names and types cannot show.

An email address in a column that nobody called one, or in a table said to hold nobody, is what an erasure would leave
behind. Only `make check-data` looks: what it says names columns and kinds, never a value (rule 7). It is a suspicion,
drawn from a sample, and no proof that the rest is clean. Leaves to others: reading samples (sources/sql), names and
types (check).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from chalicelib.businesses.check import Problem
from chalicelib.domain.datamap import DataMap, FieldMap, SourceMap
from chalicelib.domain.masking import NUMBERS, guarded

EMAIL = re.compile(r"[^\s@<>,;:\"']+@[^\s@<>,;:\"']+\.[a-z]{2,}", re.IGNORECASE)
FREE_TEXT = ("user.content", "user.behavior", "user.social_activity")
"""Categories in which people write what they like: an address in the text is the text."""

Samples = Mapping[str, Mapping[str, Mapping[str, Sequence[Any]]]]
"""Source to table to column to some of its values."""


def suspicious(datamap: DataMap, samples: Samples) -> list[Problem]:
    """What in the sampled values speaks against the map."""
    return [p for name, tables in samples.items() for p in _of_source(name, datamap.sources[name], tables)]


def _of_source(
    name: str, source: SourceMap, tables: Mapping[str, Mapping[str, Sequence[Any]]]
) -> Iterator[Problem]:  # fmt: skip
    mapped: dict[tuple[str, str], list[tuple[str, FieldMap]]] = {}
    for c, collection in source.collections.items():
        for f, field in collection.fields.items():
            at = f"sources.{name}.collections.{c}.fields.{f}"
            mapped.setdefault((collection.table or c, f), []).append((at, field))
    for table, columns in tables.items():
        for column, values in columns.items():
            said = [_text(v) for v in values if v is not None]
            if table in source.not_personal:
                yield from _of_nobody(f"sources.{name}.not_personal.{table}", column, said)
            for at, field in mapped.get((table, column), ()):
                yield from _of_field(at, field, said, nested=any(isinstance(v, dict | list) for v in values))


def _of_nobody(at: str, column: str, said: Sequence[str]) -> Iterator[Problem]:
    if _some(said, EMAIL.search) or _some(said, _number):
        mend = "map the table as a collection, with how a person's records are found"
        yield Problem(at, f"its column {column} holds what looks like email addresses or guarded numbers", mend)


def _of_field(at: str, field: FieldMap, said: Sequence[str], *, nested: bool) -> Iterator[Problem]:
    if nested and field.export and not field.third_person and _some(said, EMAIL.search):
        mend = "take `export` away, call it `third_person`, or keep it in columns of its own"
        yield Problem(at, "a document with email addresses inside, which cannot be masked one by one", mend)
    free = field.category.startswith(("user.contact.email", *FREE_TEXT))
    if not nested and not free and _some(said, EMAIL.fullmatch):
        yield Problem(at, "holds what looks like email addresses", "give it `category: user.contact.email`")
    if field.never not in NUMBERS and field.export and _whole(said, _number):
        mend = "say which kind under `never`, e.g. `never: card_number`"
        yield Problem(at, "holds what looks like card or social-security numbers", mend)


def _some(said: Iterable[str], like: Any) -> bool:
    return any(like(text.strip()) for text in said)


def _whole(said: Sequence[str], like: Any) -> bool:
    """Whether most are so: one number that a customer wrote into a note is struck out there anyway."""
    return bool(said) and sum(bool(like(text)) for text in said) * 2 > len(said)


def _number(text: str) -> bool:
    return bool(guarded(text) != text)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
