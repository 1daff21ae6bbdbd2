"""What a source that answers later has answered: a person who looked, or a vendor that took its time.

Sealed when stored, like all that is personal. Leaves to others: asking and waiting (usecases/awaiting), what becomes
of it (usecases/gathering, usecases/fulfilment).
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from chalicelib.domain.plan import Kept, Record


class Step(StrEnum):
    """What a source is asked: what it holds, or to carry out what was approved."""

    GATHER = "gather"
    FULFIL = "fulfil"


class Said(StrEnum):
    """Done (found, or carried out), none (it holds nothing), kept (it holds it and must keep it), failed (why)."""

    DONE = "done"
    NONE = "none"
    KEPT = "kept"
    FAILED = "failed"


class Answer(BaseModel):
    """`by` is `staff:<id>`, a keeper's or a vendor's name; `at` is UTC. `records` are what it holds, for `gather`."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    said: Said
    by: str
    at: datetime
    records: list[Record] = Field(default_factory=list)
    kept: Kept | None = None
    note: str | None = None
    """What a person wrote for staff."""
    why: str | None = None
    """Of `failed`: a cause for staff, without personal data."""
    files: dict[str, str] = Field(default_factory=dict)
    """What was attached: a file's name to the name under which it is kept sealed."""
