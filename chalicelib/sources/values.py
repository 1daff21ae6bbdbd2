"""Values of a source as JSON values, and whether a record is as a treatment wants it. Pure.

Rule 16: every source judges drift here, in the same words, so that a fingerprint means the same everywhere.
Leaves to others: reading and writing (sql, dynamodb, s3, memory).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from chalicelib.domain.datamap import Collection
from chalicelib.domain.identity import Identifier, IdentifierKind
from chalicelib.domain.plan import Doing, Record, Treatment
from chalicelib.errors import PlanDrifted

Place = tuple[str, tuple[str, ...]]
"""Collection and key: where one record is."""

PLAIN = frozenset({type(None), bool, int, str})
WRITES = frozenset({Doing.CHANGE, Doing.BLANK, Doing.DELETE})


def json_value(value: Any) -> Any:
    """`value` as JSON can say it: numbers that are exact and points in time as text (ISO 8601, UTC where zoned)."""
    if type(value) in PLAIN:  # nearly all are, and a million records have many
        return value
    match value:
        case bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case datetime():
            return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
        case date() | time():
            return value.isoformat()
        case bytes() | memoryview():
            return bytes(value).hex()
        case list() | tuple():
            return [json_value(v) for v in value]
        case dict():
            return {str(k): json_value(v) for k, v in value.items()}
        case _:
            return str(value)


def spelt(who: Iterable[Identifier]) -> dict[str, list[str]]:
    """Kind of identifier to the spellings that select data. An empty identifier selects nothing, never the unnamed."""
    values: dict[str, list[str]] = {}
    for one in who:
        if not one.value:
            continue
        spellings = values.setdefault(str(one.kind), [])
        spellings.append(one.value)
        if one.kind is IdentifierKind.PHONE and len(one.value) == 10:
            spellings.append("1" + one.value)
    return values


def one_spelling(kind: str, held: Any) -> str:
    """A held identifier in the spelling that `spelt` gives: lower case, a phone's digits; empty for nothing."""
    said = "" if held is None else str(held)
    return re.sub(r"\D", "", said) if kind == "phone" else said.lower()


def reached_by(
    collection: Collection, row: Mapping[str, Any], who: Mapping[str, list[str]],
    reached: Mapping[str, Sequence[Mapping[str, Any]]],
) -> str:  # fmt: skip
    """How a record is reached: the kind of identifier in it, or the collection it hangs on; empty when it is not."""
    for kind, field in collection.identity.items():
        if one_spelling(kind, row[field]) in who.get(kind, ()):
            return kind
    via = collection.via
    hangs = (
        via is not None
        and row[via.field] is not None
        and any(row[via.field] == parent[via.equals] for parent in reached[via.collection])
    )
    return via.collection if via and hangs else ""


ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?")


def sampled_type(values: Iterable[Any]) -> str:
    """The type of a field that no schema names, from the JSON values seen in it, in a schema's words."""
    seen = [v for v in values if v is not None]
    if seen and all(isinstance(v, bool) for v in seen):
        return "boolean"
    if seen and all(isinstance(v, int | float) for v in seen):
        return "numeric"
    if any(isinstance(v, dict | list) for v in seen):
        return "document"
    return "text (date)" if seen and all(ISO_DAY.fullmatch(str(v)) for v in seen) else "text"


def as_told(held: Any, wanted: Any) -> bool:
    """Whether a held JSON value says what a treatment wrote, which was text or nothing."""
    if held is None or wanted is None:
        return held is wanted
    if isinstance(held, bool) and isinstance(wanted, str):
        return wanted.casefold() in (("true", "t", "1", "yes") if held else ("false", "f", "0", "no"))
    return bool(held == wanted) or str(held) == wanted


def is_done(treatment: Treatment, record: Record | None) -> bool:
    """Whether nothing is left to do. A record already gone counts as done (rule 11)."""
    if record is None or treatment.doing not in WRITES:
        return True
    if treatment.doing is Doing.DELETE:
        return False
    return all(as_told(record.values.get(field), wanted) for field, wanted in treatment.fields.items())


def still_to_do(treatments: Sequence[Treatment], held: Mapping[Place, Record]) -> list[Treatment]:
    """The treatments not done yet. Raises PlanDrifted when one's record is not what staff approved."""
    due = [t for t in treatments if not is_done(t, held.get((t.collection, t.key)))]
    for treatment in due:
        if held[treatment.collection, treatment.key].fingerprint != treatment.fingerprint:
            raise PlanDrifted(f"a record of {treatment.collection} has changed since the plan was made")
    return due
