"""Audit events: numbered, each carrying the hash of the one before, so a missing or altered one shows.

Tags are ids and kinds (`staff:dana`, `exempt`), never personal data.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel, ConfigDict

GENESIS = "0" * 64


class Event(BaseModel):
    """Something that happened to a request. `at` is UTC, set by the server; `by` is system, customer or staff:<id>."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    reference: str
    number: int
    at: datetime
    what: str
    by: str
    note: str | None = None
    previous: str
    hash: str

    @classmethod
    def after(
        cls, previous: str, *, reference: str, number: int, at: datetime, what: str, by: str, note: str | None
    ) -> Event:
        return cls(
            reference=reference, number=number, at=at, what=what, by=by, note=note, previous=previous,
            hash=_digest(previous, reference, number, at, what, by, note),
        )  # fmt: skip


def first_broken(events: Iterable[Event]) -> int | None:
    """The number of the first event that does not follow from the one before it; None when the chain is whole."""
    previous, expected = GENESIS, 1
    for event in events:
        honest = _digest(previous, event.reference, event.number, event.at, event.what, event.by, event.note)
        if event.number != expected or event.previous != previous or event.hash != honest:
            return expected
        previous, expected = event.hash, expected + 1
    return None


def _digest(previous: str, reference: str, number: int, at: datetime, what: str, by: str, note: str | None) -> str:
    said = json.dumps([previous, reference, number, at.isoformat(), what, by, note])
    return hashlib.sha256(said.encode()).hexdigest()
