"""The data-subject request: what may be known of it without opening it, and the sealed personal data inside.

Rule 7: `Request` holds nothing personal in the clear; `Personal` is sealed under the request's own data key
(adapters/kms) and travels as `sealed`. Rule 2 (one transaction: status, version and audit event
together) starts here: `advance` gives both halves, the store writes them as one. Leaves to others: which status may
follow which (status), its storage (adapters).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from chalicelib.domain.audit import GENESIS, Event
from chalicelib.domain.decision import Decision
from chalicelib.domain.feedback import Undelivered
from chalicelib.domain.status import TRANSITIONS, Status
from chalicelib.domain.verification import Proof
from chalicelib.errors import TransitionNotAllowed

SETTLES_AFTER = timedelta(days=30)
"""After its end a request stays as it is for so long: the results link lives that long, and so may a question."""
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: speakable, no I, L, O, U


class Right(StrEnum):
    ACCESS = "access"
    CORRECTION = "correction"
    DELETION = "deletion"
    CALIFORNIA_DISCLOSURE = "california_disclosure"
    OPT_OUT = "opt_out"
    CONCERN = "concern"


class Channel(StrEnum):
    WEB = "web"
    MEMBER_PAGE = "member_page"
    EMAIL = "email"
    PHONE = "phone"
    POST = "post"
    AGENT = "agent"


class Relationship(StrEnum):
    SELF = "self"
    PARENT = "parent"
    AGENT = "agent"


class Message(BaseModel):
    """One turn of the talk between staff and customer. `at` is UTC; `by` is customer or staff:<id>."""

    at: datetime
    by: str
    text: str


class FieldCorrection(BaseModel):
    """What a customer wants one field to say. `field` is `<source>.<collection>.<field>` of the data map."""

    field: str
    value: str


class Chosen(BaseModel):
    """Which records the correction of one field means, as staff chose: by their keys."""

    field: str
    keys: list[tuple[str, ...]]


class Personal(BaseModel):
    """All that was typed, and all that was said: sealed. Never logged, never in the machine's input."""

    model_config = ConfigDict(hide_input_in_errors=True)

    email: str | None = None
    name: str | None = None
    residence: str | None = None
    details: str | None = None
    identifier: str | None = None
    identifier_kind: str | None = None
    subject_name: str | None = None
    subject_email: str | None = None
    postal_address: str | None = None
    corrections: list[FieldCorrection] = Field(default_factory=list)
    chosen: list[Chosen] = Field(default_factory=list)
    stop: list[str] = Field(default_factory=list)
    pet: str | None = None
    scope: str = "specific"
    period: str = "all"
    proven_email: str | None = None
    """The subject's mailbox that opened the link, or that the member page vouched for: what selects data (rule 4)."""
    answer_to: str | None = None
    """Where the answer goes once the subject has let an agent act: to themself, or, if they chose so, to the agent."""
    answers: dict[str, str] = Field(default_factory=dict)
    signature: str | None = None
    messages: list[Message] = Field(default_factory=list)
    extension_reason: str | None = None
    """What staff gave as the reason for more time; it stands in the mail."""
    explanation: str | None = None
    notes: list[Message] = Field(default_factory=list)
    """What staff wrote for themselves: why a hold was set or ended. Never mailed."""

    def means(self, field: str) -> list[tuple[str, ...]]:
        """Keys of the records that staff chose for the correction of this field; empty: none, so all."""
        return [key for chosen in self.chosen if chosen.field == field for key in chosen.keys]

    @property
    def addressee(self) -> str | None:
        """Who hears of it: whoever asked; of an agent's request, from the consent on, whom the subject chose."""
        return self.answer_to or self.email


class Request(BaseModel):
    """One request of one person to one business. Times are UTC; due dates are ends of local days."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    reference: str
    right: Right
    regime: str
    channel: Channel = Channel.WEB
    relationship: Relationship = Relationship.SELF
    status: Status = Status.RECEIVED
    reason: str | None = None
    version: int = 0
    road: int = 1
    last_event_hash: str = GENESIS

    received_at: datetime
    entered_at: datetime | None = None
    acknowledge_by: datetime | None = None
    due_at: datetime
    """The day to aim for: the earlier reading of the clock."""
    limit_at: datetime | None = None
    """The law's last day, by the later reading; None for requests filed before it was stored."""
    designated: bool = True
    """Whether it came to an address that the business names for such requests (Civil Code 1798.83(b)(1))."""
    fallback_from: str | None = None
    """The law that was looked at first, where the policy governs in its stead."""
    fallback: str | None = None
    """Why that law does not govern, in words for people."""
    extended_at: datetime | None = None
    paused_at: datetime | None = None
    """Since when the clock stands still, where the law lets it: an answer of the customer's is awaited."""
    paused_days: int = 0
    """Calendar days that stood still so far; they are in `due_at` and `limit_at`."""
    closed_at: datetime | None = None
    undo_until: datetime | None = None
    taken_back: datetime | None = None
    """A decision was taken back while the machine waited out its undo window: that wait counts for nothing."""
    links_dead_before: datetime | None = None

    policy_version: str
    subject_hash: str | None = None
    asker_hash: str | None = None
    """The agent's who asks for the subject."""
    proof: Proof = Field(default_factory=Proof)
    findings: dict[str, str] = Field(default_factory=dict)
    by_hand: bool = False
    """Enough is proven, or nothing is held elsewhere: people are asked to look where no program can."""
    answers: dict[str, str] = Field(default_factory=dict)
    """What sources answered later: `<step>:<source>` to the name of the sealed answer. The first one stands."""
    plan_hash: str | None = None
    decision: Decision | None = None
    first_approval: Decision | None = None
    """Of a deletion that takes two people: the first one's, which moves nothing."""
    resume: Status | None = None
    appeal_of: str | None = None
    appealed_by: str | None = None
    incomplete: bool = False
    """It came by mail, which has no fields: its proof page first asks for what the form would have."""
    files: int = 0
    """Files that came with the mail, which nobody opens."""
    continues: str | None = None
    """The deletion whose rest it does, now that the legal hold which kept that has ended."""
    asked_with: str | None = None
    """The other request that the same message opened: it asked two things."""
    nth: int = 0
    """Which one it is in the law's window, where the law limits how often a person may ask; 0 where none is counted."""
    not_staff: str | None = None
    entered_by: str | None = None
    """The member of staff who filed it for a caller or a letter."""
    by_post: bool = False
    """Nobody can be mailed: staff print the answer and post it to the address on file."""
    to_post: bool = False
    """The answer is ready and waits to be posted."""
    asked_before: bool = False
    """The year's disclosure went out before: the first answer again (JEF-3)."""
    language: str = "en"
    """What its mails, its tracker and its package speak: the language it was asked in."""
    categories_only: bool = False
    """The proof did not suffice for details: the categories are answered (rule 10)."""
    purge_at: datetime | None = None
    """Settled: what the answer needed is gone, and this is when the rest goes."""
    year: int | None = None
    """The business's calendar year in which it came, and its number in that year's metrics: random, so that nothing
    leads from the metrics to the request. None and empty: counted nowhere (an appeal, a synthetic walk)."""
    tally_id: str = ""
    remind_at: datetime | None = None
    """Answered, and a source is still to be done: when staff are next told so."""
    in_part: bool = False
    """Answered, and something of what was asked for was kept or withheld."""
    quiet: bool = False
    """Too many mails went to this address today: an opt-out acts, without a mail; others' mails wait (rule 17)."""
    asked_from: str = ""
    """Keyed hash of the address and the network it was filed from, as it was counted; empty where it was not."""
    nth_from_network: int = 0
    """Which one it was from its network that day; 0 where nobody counted."""
    undelivered: dict[str, Undelivered] = Field(default_factory=dict)
    """Its mails that did not arrive, by what each was claimed under; the worst that was told of each."""
    synthetic: bool = False
    """A walk of the canary's: about nobody, in no metrics and no year's numbers."""

    sealed: bytes = b""

    @property
    def execution(self) -> str:
        """The name of the execution that drives it now: `<reference>-<n>`, n counting its roads."""
        return f"{self.reference}-{self.road}"

    @property
    def stands_at(self) -> Status:
        """Its status; while it needs attention, the one in which it stopped."""
        return self.resume if self.status is Status.NEEDS_ATTENTION and self.resume else self.status

    @property
    def indexed(self) -> tuple[str, ...]:
        """The keyed hashes under which it is found: its subject's, and an agent's own."""
        return tuple(dict.fromkeys(h for h in (self.subject_hash, self.asker_hash) if h))

    @property
    def upkeep_at(self) -> datetime | None:
        """When the daily sweep has something to do with it: to settle it, to purge it, to remind. None while open."""
        if not self.status.is_final or self.closed_at is None or self.to_post:
            return None
        ends = self.purge_at or self.closed_at + SETTLES_AFTER
        return min(ends, self.remind_at) if self.remind_at else ends

    def days_left(self, now: datetime) -> int:
        """Whole calendar days until the answer is due; negative when it is late. None pass while the clock stands."""
        return (self.due_at - (self.paused_at or now)).days


def advance(
    request: Request, to: Status, at: datetime, *, by: str = "system", reason: str | None = None,
    note: str | None = None, **changes: Any,
) -> tuple[Request, Event]:  # fmt: skip
    """The request in status `to` at time `at` (UTC) and the audit event that says so, both for one write.

    `by` is `system`, `customer`, or `staff:<id>`; `note` is what the event says, if more than the reason; `changes`
    are further fields of the request.
    Raises TransitionNotAllowed when the life cycle has no such step.
    """
    if to not in TRANSITIONS[request.status]:
        raise TransitionNotAllowed(f"{request.reference}: {request.status} to {to}")
    closed = {"closed_at": at if to.is_final else None, "purge_at": None}
    return _next_version(
        request, at, what=to.value, by=by, reason=reason, note=note, status=to, **{**closed, **changes}
    )  # fmt: skip


def amend(
    request: Request, what: str, at: datetime, *, by: str = "system", reason: str | None = None, **changes: Any
) -> tuple[Request, Event]:
    """The request changed within its status (an extension, a reminder), and the audit event `what` for it."""
    return _next_version(request, at, what=what, by=by, reason=request.reason, note=reason, **changes)


def _next_version(
    request: Request, at: datetime, *, what: str, by: str, reason: str | None, note: str | None = None, **changes: Any
) -> tuple[Request, Event]:
    number = request.version + 1
    event = Event.after(
        request.last_event_hash,
        reference=request.reference,
        number=number,
        at=at,
        what=what,
        by=by,
        note=note or reason,
    )
    changed = request.model_copy(update={"reason": reason, "version": number, "last_event_hash": event.hash, **changes})
    return changed, event


def reference_from(number: int) -> str:
    """A reference `R-XXXX-XXXX` for a random number of 40 bits: speakable, and no secret."""
    digits = "".join(ALPHABET[(number >> (5 * place)) & 31] for place in reversed(range(8)))
    return f"R-{digits[:4]}-{digits[4:]}"
