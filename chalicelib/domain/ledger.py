"""The ledger of deletions: what must stay gone, and what is kept for now and goes at its end date.

An entry belongs to one source of one deletion and is of one kind. In the clear it has counts and dates; record keys
and identifiers are sealed under a data key of the entry's own, which outlives the request's and is destroyed with the
entry's last duty (rule 7). Pure. Leaves to others: its storage (adapters), doing anything (usecases/staying_gone).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from chalicelib.domain.identity import Identifier
from chalicelib.domain.plan import Doing, Treatment

LOOKS = (timedelta(days=30), timedelta(days=180))
"""After a deletion its sources are searched again so long; then nothing that leads to anybody is left."""


MOST_RECORDS = 2_000
"""Records in one entry: sealed, they fit many times into an item of the table (400 KB)."""


class EntryKind(StrEnum):
    GONE = "gone"
    KEPT = "kept"


class EntryState(StrEnum):
    PLANNED = "planned"
    """Written before the deletion runs, so that a step cut short loses nothing."""
    WAITING = "waiting"
    RETURNED = "returned"
    """What was erased is there again, or what is kept is not what it was: staff were told, and decide."""
    ERASING = "erasing"
    """Staff want it erased again; the next sweep does it."""
    LEAVING = "leaving"
    """Staff leave it as it is; the next sweep looks for it no more."""
    OVER = "over"


class Erased(BaseModel):
    """One record as it was before it was erased: by its key and fingerprint it is known again."""

    model_config = ConfigDict(frozen=True)

    collection: str
    key: tuple[str, ...]
    fingerprint: str


class KeptRecord(BaseModel):
    """One record that stays until the end of `until` (a calendar day); `start` is what that day was counted from."""

    model_config = ConfigDict(frozen=True)

    collection: str
    key: tuple[str, ...]
    until: date
    start: str


class Secret(BaseModel):
    """The sealed part of an entry."""

    model_config = ConfigDict(hide_input_in_errors=True)

    who: list[Identifier] = Field(default_factory=list)
    subjects: list[str] = Field(default_factory=list)
    """Keyed hashes under which a legal hold may stand."""
    left: list[str] = Field(default_factory=list)
    """Collections that staff left out: what is there was never to go."""
    erased: list[Erased] = Field(default_factory=list)
    kept: list[KeptRecord] = Field(default_factory=list)
    found: list[Treatment] = Field(default_factory=list)
    """What came back, and what erasing it again would do: the plan that staff decide on (rule 16)."""


class Line(BaseModel):
    """So many records of a collection, and what is or would be done with them."""

    model_config = ConfigDict(frozen=True)

    collection: str
    doing: Doing
    count: int


class Happened(BaseModel):
    """Something that happened to an entry. `at` is UTC; `by` is system, engineer or staff:<id>."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    what: str
    by: str = "system"
    records: int = 0


class Entry(BaseModel):
    """One line of the ledger. Times are UTC."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    reference: str
    source: str
    kind: EntryKind
    part: int = 0
    """Which of several entries, where there are more records than one holds. The first has the identifiers."""
    digest: str
    """Of the plan that was carried out: a source may be taken up again under another plan."""
    state: EntryState = EntryState.PLANNED
    version: int = 1
    at: datetime
    """When it was erased, or kept."""
    due: datetime | None = None
    """When the sweep looks at it next. None: never again."""
    looks: int = 0
    records: int = 0
    found: list[Line] = Field(default_factory=list)
    plan: str | None = None
    """The hash of what came back: a decision carries it."""
    history: list[Happened] = Field(default_factory=list)
    gone_at: datetime | None = None
    """Over: when this line goes too."""
    sealed: bytes = b""

    @property
    def name(self) -> str:
        return f"{self.source}#{self.digest[:12]}#{self.kind.value}#{self.part}"

    @property
    def id(self) -> str:
        """Names its data key, too."""
        return f"{self.reference}#{self.name}"

    def next_look(self) -> datetime | None:
        """When to search for what is gone the next time; None when every look was had."""
        return self.at + LOOKS[self.looks] if self.looks < len(LOOKS) else None


def first_end(kept: Iterable[KeptRecord], zone: ZoneInfo) -> datetime | None:
    """When the first of them need not be kept any longer: the day after its last, in the business's zone."""
    ends = [record.until for record in kept]
    return datetime.combine(min(ends) + timedelta(days=1), time.min, zone) if ends else None


def lines(treatments: Iterable[Treatment]) -> list[Line]:
    """How many records of each collection are treated how."""
    counts: dict[tuple[str, Doing], int] = {}
    for t in treatments:
        counts[t.collection, t.doing] = counts.get((t.collection, t.doing), 0) + 1
    return [Line(collection=c, doing=d, count=n) for (c, d), n in sorted(counts.items())]
