"""The plan: what each right would do to each record, shown to staff before and held against the data after.

Rule 16: what staff approve is this plan, by its hash; a record that has changed since is drift. Rule 12: what is kept
is told, on which ground and until when. Treatments carry record keys and so stay sealed; counts do not.
Leaves to others: finding records (sources), deciding (usecases/review), doing (usecases/fulfilment).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from chalicelib.domain.datamap import Collection
from chalicelib.domain.identity import Identifier, Unclear
from chalicelib.domain.request import Right

_SAID = json.JSONEncoder(sort_keys=True, default=str).encode


class Record(BaseModel):
    """One record of the person in a source, as it is now. `values` are JSON values."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    collection: str
    key: tuple[str, ...]
    values: dict[str, Any]
    reached: str = ""
    """How it was reached: the kind of identifier it holds, or the collection it hangs on. Empty when read by key."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever any value does."""
        said = _SAID([self.collection, self.key, self.values])
        return hashlib.blake2b(said.encode(), digest_size=8).hexdigest()


class Doing(StrEnum):
    EXPORT = "export"
    CHANGE = "change"
    DELETE = "delete"
    BLANK = "blank"
    KEEP = "keep"


class Kept(BaseModel):
    """Why a record stays: the ground in plain words, the law if one demands it, the last day (None: no end known)."""

    model_config = ConfigDict(frozen=True)

    ground: str
    law: str | None = None
    until: date | None = None


LEGAL_HOLD = Kept(ground="Legal hold: a legal matter obliges us to keep everything as it is until it has ended")
"""Staff set it, staff release it; until then no deletion of this person touches anything (rule 12)."""


class Refusal(StrEnum):
    """Why a place refuses a new value."""

    TAKEN = "taken"
    TOO_LONG = "too_long"
    NO_SUCH = "no_such"
    MISSING = "missing"
    WRONG_KIND = "wrong_kind"
    RULE = "rule"
    NO_RIGHT = "no_right"


class Treatment(BaseModel):
    """What happens to one record. `fields` are the values that a change or a blanking writes."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    collection: str
    key: tuple[str, ...]
    fingerprint: str
    doing: Doing
    fields: dict[str, str | None] = Field(default_factory=dict)
    kept: Kept | None = None

    @property
    def acts(self) -> bool:
        """Whether anything is to be done: what needs nothing can not drift."""
        return self.doing is not Doing.KEEP

    @property
    def print(self) -> int:
        """The record as it is and what happens to it, in eight bytes: the fingerprint, moved on by the doing."""
        return (int(self.fingerprint, 16) + _DOINGS[self.doing]) & 0xFFFF_FFFF_FFFF_FFFF


_DOINGS = {doing: n for n, doing in enumerate(Doing)}

Counts = dict[str, dict[Doing, int]]
KeptCounts = list[tuple[str, Kept, int]]


class Sums(BaseModel):
    """What stands in a finding for treatments that are too many to be listed: those lie in sealed parts."""

    counts: Counts
    kept: KeptCounts
    prints: str
    """Digest over the prints of all of them, which decide what is drift."""
    parts: int
    """How many parts have the treatments that act; none for what is only exported."""


def treat(
    right: Right,
    collection: Collection,
    record: Record,
    *,
    today: date,
    corrections: Mapping[str, str] | None = None,
    pseudonym: Callable[[str], str] = str,
    held: bool = False,
) -> Treatment:
    """What `right` does to `record` on `today` (the business's calendar day).

    `corrections` are this collection's fields to their new values; `held`: a legal hold keeps all. A record already
    as it should be is kept as it is, so that a step run twice finds nothing to do.
    """

    def say(doing: Doing, fields: dict[str, str | None] | None = None, kept: Kept | None = None) -> Treatment:
        return Treatment(
            collection=record.collection, key=record.key, fingerprint=record.fingerprint, doing=doing,
            fields=fields or {}, kept=kept,
        )  # fmt: skip

    if right is Right.ACCESS:
        return say(Doing.EXPORT)
    if right is Right.CORRECTION:
        wrong = {f: v for f, v in (corrections or {}).items() if record.values.get(f) != v}
        return say(Doing.CHANGE, dict(wrong)) if wrong else say(Doing.KEEP)
    if right is not Right.DELETION:
        return say(Doing.KEEP)
    if held:
        return say(Doing.KEEP, kept=LEGAL_HOLD)
    kept = _kept(collection, record, today)
    blanks = _blanks(collection, record, pseudonym) if kept or collection.erase == "blank" else {}
    if blanks:
        return say(Doing.BLANK, blanks, kept)
    if kept or collection.erase == "blank":
        return say(Doing.KEEP, kept=kept)
    return say(Doing.DELETE)


def treat_by_hand(right: Right, record: Record, *, kept: Kept | None, held: bool) -> Treatment:
    """What `right` does to what a person found: `kept` is what they say must stay; `held`: a legal hold keeps all."""
    doing = {Right.ACCESS: Doing.EXPORT, Right.CORRECTION: Doing.CHANGE, Right.DELETION: Doing.DELETE}[right]
    if right is not Right.ACCESS and (held or kept):
        doing = Doing.KEEP
    if right is Right.DELETION and held:
        kept = LEGAL_HOLD
    return Treatment(
        collection=record.collection, key=record.key, fingerprint=record.fingerprint, doing=doing, kept=kept
    )  # fmt: skip


def _kept(collection: Collection, record: Record, today: date) -> Kept | None:
    retain = collection.retain
    if retain:
        until = retain.until(record.values)
        if until is None or until >= today:
            return Kept(ground=retain.ground, law=retain.law, until=until)
    if collection.erase == "keep" and collection.keep_ground:
        return Kept(ground=collection.keep_ground)
    return None


def _blanks(collection: Collection, record: Record, pseudonym: Callable[[str], str]) -> dict[str, str | None]:
    """The fields still to be blanked, with what is to stand there."""
    wanted: dict[str, str | None] = {}
    for name, field in collection.fields.items():
        held = record.values.get(name)
        if field.blank is None or held is None:
            continue
        match field.blank:
            case "null":
                wanted[name] = None
            case "pseudonym":
                if not str(held).startswith(PSEUDONYM):
                    wanted[name] = PSEUDONYM + pseudonym(str(held))
            case text:
                if held != text:
                    wanted[name] = text
    return wanted


PSEUDONYM = "erased-"


class Finding(BaseModel):
    """What one source holds about the person, and what is to happen to each record: sealed when stored."""

    model_config = ConfigDict(hide_input_in_errors=True)

    source: str
    treatments: list[Treatment] = Field(default_factory=list)
    sums: Sums | None = None
    """In their place, where they are very many."""
    matched: list[str] = Field(default_factory=list)
    """Data points answered rightly."""
    recipients: list[str] = Field(default_factory=list)
    """Whom the records, or the map of their collections, name as having received data (CET-3)."""
    named: dict[str, list[str]] = Field(default_factory=dict)
    """The same by collection: who only received what is left out is not told."""
    ambiguous: list[str] = Field(default_factory=list)
    """Fields to be corrected that hold different values in several records: nobody guesses which is meant."""
    changed: dict[str, list[str]] = Field(default_factory=dict)
    """Where a record was no longer what staff approved: by collection, which fields now say something else."""
    refused: dict[str, Refusal] = Field(default_factory=dict)
    """Fields to be corrected whose new value the place would refuse, and why."""
    shown: list[Record] = Field(default_factory=list)
    """What the review page may reveal: some records of each collection, without what is never disclosed."""
    also: list[Identifier] = Field(default_factory=list)
    """Identifiers reached from the proven ones, by which this source was read too."""
    unclear: list[Unclear] = Field(default_factory=list)
    """What only a person can tell about whose records these are."""
    unasked: bool = False
    """A person would have to look there, and nobody was asked: too little is proven."""
    failed: str | None = None
    """Why the source could not be read, in words for staff, without personal data."""

    @property
    def digest(self) -> str:
        said = "\n".join(sorted(t.model_dump_json() for t in self.treatments)) + (self.failed or "")
        said += self.sums.model_dump_json() if self.sums else ""
        said += "".join(u.model_dump_json() for u in self.unclear)
        return hashlib.sha256(said.encode()).hexdigest()

    @property
    def counts(self) -> Counts:
        """Per collection, how many records each thing happens to."""
        return self.sums.counts if self.sums else counts_of(self.treatments)

    @property
    def kept(self) -> KeptCounts:
        """Collection, why records stay, how many."""
        return self.sums.kept if self.sums else kept_of(self.treatments)

    @property
    def acts(self) -> bool:
        """Whether anything is to be done."""
        return any(n for doings in self.counts.values() for doing, n in doings.items() if doing is not Doing.KEEP)

    def since(self, before: Finding) -> dict[str, list[str]]:
        """By collection, the fields in which records that are shown differ from an earlier finding. No values."""
        earlier = {(r.collection, r.key): r.values for r in before.shown}
        changed: dict[str, set[str]] = {}
        for r in self.shown:
            values = earlier.get((r.collection, r.key))
            differ = {f for f, v in r.values.items() if values is not None and values.get(f) != v}
            if differ or values is None:
                changed.setdefault(r.collection, set()).update(differ)
        for collection in {c for c, _ in earlier.keys() - {(r.collection, r.key) for r in self.shown}}:
            changed.setdefault(collection, set())
        return {collection: sorted(fields) for collection, fields in sorted(changed.items())}

    def drift(self, now: Iterable[Treatment], approved: Container[int] | None = None) -> list[Treatment]:
        """Of what would be done now, all that was not approved so. What is gone already counts as done (rule 11).

        `approved` are the prints, where the treatments are not listed.
        """
        known = {t.print for t in self.treatments} if approved is None else approved
        return [t for t in now if t.acts and t.print not in known]

    def without(self, left: Container[str]) -> Finding:
        """The finding less the collections that staff left out."""
        if not left:
            return self
        recipients = set(self.recipients)
        if self.named:
            recipients = {id for collection, ids in self.named.items() if collection not in left for id in ids}
        treatments = [t for t in self.treatments if t.collection not in left]
        sums = self.sums and self.sums.model_copy(
            update={
                "counts": {c: n for c, n in self.sums.counts.items() if c not in left},
                "kept": [k for k in self.sums.kept if k[0] not in left],
            }
        )
        return self.model_copy(update={"treatments": treatments, "sums": sums, "recipients": sorted(recipients)})


def counts_of(treatments: Iterable[Treatment]) -> Counts:
    counts: dict[str, Counter[Doing]] = {}
    for t in treatments:
        counts.setdefault(t.collection, Counter())[t.doing] += 1
    return {collection: dict(doings) for collection, doings in counts.items()}


def kept_of(treatments: Iterable[Treatment]) -> KeptCounts:
    return [
        (c, kept, n) for (c, kept), n in Counter((t.collection, t.kept) for t in treatments if t.kept).items() if kept
    ]


class PlannedCollection(BaseModel):
    """One line of the plan: counts and grounds, no values."""

    source: str
    collection: str
    title: str
    counts: dict[Doing, int] = Field(default_factory=dict)
    kept: list[tuple[Kept, int]] = Field(default_factory=list)

    @property
    def place(self) -> str:
        return f"{self.source}.{self.collection}"

    @property
    def found(self) -> int:
        return sum(self.counts.values())

    @property
    def acts(self) -> int:
        """How many of the records something would be done with."""
        return self.found - self.counts.get(Doing.KEEP, 0)


class Plan(BaseModel):
    """All that would be done, per source and collection, and what could not be read."""

    right: Right
    collections: list[PlannedCollection] = Field(default_factory=list)
    failed: dict[str, str] = Field(default_factory=dict)
    unclear: list[tuple[str, Unclear]] = Field(default_factory=list)
    """By source, what only a person can tell about whose records these are."""
    changed: list[tuple[str, str, list[str]]] = Field(default_factory=list)
    """Source, collection, fields: what is no longer as it was when staff approved it."""
    unasked: list[str] = Field(default_factory=list)
    """Sources in which nobody has looked."""

    @property
    def nothing_held(self) -> bool:
        return not self.failed and not self.unclear and not any(c.found for c in self.collections)

    def total(self, doing: Doing) -> int:
        return sum(c.counts.get(doing, 0) for c in self.collections)


def plan_of(right: Right, findings: Iterable[Finding], titles: Mapping[tuple[str, str], str]) -> Plan:
    """The plan that findings make; `titles` names each (source, collection) for people, in the order to show them."""
    plan = Plan(right=right)
    found = list(findings)
    plan.failed = {f.source: f.failed for f in found if f.failed}
    plan.unclear = [(f.source, u) for f in found for u in f.unclear]
    plan.changed = [(f.source, c, fields) for f in found for c, fields in f.changed.items()]
    plan.unasked = [f.source for f in found if f.unasked]
    of = {f.source: (f.counts, f.kept) for f in found}
    for (source, collection), title in titles.items():
        counts, kept = of.get(source, ({}, []))
        plan.collections.append(
            PlannedCollection(
                source=source, collection=collection, title=title,
                counts=counts.get(collection, {}), kept=[(k, n) for c, k, n in kept if c == collection],
            )
        )  # fmt: skip
    return plan


def plan_hash(right: Right, digests: Mapping[str, str], *asked: str) -> str:
    """The hash that binds a decision to a plan: the right, every source's digest, and what was asked for."""
    said = json.dumps([right, sorted(digests.items()), asked])
    return hashlib.sha256(said.encode()).hexdigest()[:32]


class OutcomeState(StrEnum):
    FOUND = "found"
    DONE = "done"
    FAILED = "failed"
    DRIFTED = "drifted"


class Outcome(BaseModel):
    """Where one source stands in one request. In the clear: counts, grounds, causes; sealed: the finding."""

    model_config = ConfigDict(frozen=True)

    reference: str
    source: str
    state: OutcomeState
    at: datetime | None = None
    why: str | None = None
    done: dict[str, dict[Doing, int]] = Field(default_factory=dict)
    """Per collection, what has been done and read back, over all passes."""
    kept: list[tuple[str, Kept, int]] = Field(default_factory=list)
    """Collection, why it stays, how many."""
    parts: int = 0
    """How many parts of an access package it has written."""
    going_on: str | None = None
    """The step whose time was over before all was read; how far it came lies sealed beside the parts."""
    sealed: bytes = b""
