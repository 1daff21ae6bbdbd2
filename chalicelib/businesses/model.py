"""What a business says about itself: contact points, rights, staff, mails, waits, and whom it shares with.

The shape of business.yaml and sharing.yaml; the data map's shape is domain/datamap. Nothing about any one business
is hard-coded elsewhere. Leaves to others: reading and checking the files (loader).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, model_validator

from chalicelib import language
from chalicelib.domain.datamap import DataMap, FieldMap
from chalicelib.domain.peer import Peer
from chalicelib.domain.request import Right


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Contact(Part):
    email: str
    phone: str
    post: tuple[str, ...]
    """Lines of the postal address."""


class Notices(Part):
    """To whom a change of the policy is announced (CET-7)."""

    to: tuple[str, ...]
    """Fields of the data map that hold everybody's addresses: `<source>.<collection>.<field>`."""
    kind: str
    """The kind of mail that such a notice is: who stopped it is left alone."""


class Change(Part):
    """A coming version of the policy, with one new use of data that people may decline."""

    version: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]*$")
    summary: str
    """What changes, in plain words: it stands in the mail."""
    new_use: str
    """The new use, as a phrase: `Suggesting software by what you use`."""
    days: int = Field(30, ge=1)
    """From the announcement until it takes effect."""
    stops_with: tuple[str, ...] = ()
    """Opt-outs that decline it too."""

    @property
    def scope(self) -> str:
        """What declining it is called among the opt-outs."""
        return f"policy:{self.version}"


class Policy(Part):
    version: str
    url: HttpUrl
    home: HttpUrl
    """The business's own front page."""

    notices: Notices | None = None
    """How changes of the policy are announced by mail."""
    changes: tuple[Change, ...] = ()
    """Those that are coming."""

    def change(self, version: str) -> Change | None:
        return next((c for c in self.changes if c.version == version), None)


class RightTerms(Part):
    """One right at this business: on what it stands, in its own words, and the proof and decision it takes."""

    stands_on: tuple[Literal["policy", "law", "courtesy"], ...]
    words: str
    """What the start page says of it."""
    answer: str = ""
    """A sentence of the business's own in the answer mail."""
    questions: tuple[str, ...] = ()
    """Data points asked of everyone, ids from the data map; each with "I don't have this"."""
    points: int = Field(1, ge=1, le=3)
    """The floor of proof (rule 19): the mailbox is one point, each right answer one more."""
    declaration: bool = False
    review: Literal["staff", "automatic"] = "staff"
    two_above: int | None = Field(None, ge=0)
    """Of a deletion: more records than this take the approval of two members of staff."""
    stops: tuple[str, ...] = ()
    """Of a deletion: the opt-outs that come with it, for good (CET-5)."""


class Role(Part):
    """What staff of this role may decide and see: rights, and categories by prefix (`user.contact`; `*` for all)."""

    decides: tuple[Right, ...] = ()
    sees: tuple[str, ...] = ()
    lead: bool = False
    """Hears when a decision is overdue, and decides appeals."""

    def may_see(self, category: str) -> bool:
        return any(prefix == "*" or category == prefix or category.startswith(prefix + ".") for prefix in self.sees)


class Member(Part):
    """One of the staff. `id` stands in audit events and links."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    name: str
    email: str
    roles: tuple[str, ...]


class Kind(Part):
    """A kind of mail the business sends: which opt-out scope stops it, or why none can."""

    title: str
    stops_with: tuple[str, ...] = ()
    """Scopes that stop it besides its own `kind:<k>`; empty and not `stoppable`: it still comes."""
    stoppable: bool = True
    why_not: str = ""


class Duties(Part):
    """What staff are reminded of, every quarter and at each new policy (CET-8)."""

    rules: tuple[str, ...] = Field(min_length=1)
    """The privacy duties, each in a sentence."""
    again_days: int = Field(7, ge=1)
    """Days after which who has not acknowledged is reminded again."""


class Canary(Part):
    """The synthetic customer who tries the whole road on a schedule. A person of nobody's: invented by the business."""

    email: str
    """Its mailbox, which only the canary reads: at the business's own domain."""
    answers: dict[str, str] = {}
    """What it answers to questions, by data point."""
    rows: dict[str, tuple[tuple[str, ...], ...]] = {}
    """The keys of its rows, by `<source>.<collection>`: the only ones that its walk may be answered with by itself."""


class Waits(Part):
    """How long the road waits for people. Days are calendar days of 24 hours; the laptop run shortens `undo`."""

    proof_days: int = 14
    proof_reminder_days: int = 7
    reply_days: int = 14
    undo_days: int = 2
    attention_days: int = 2
    answer_reminder_days: int = Field(2, gt=0)
    """For a source that answers later: from its reminder, when its own days have passed, to the lead's mail."""
    answer_last_days: int = Field(2, gt=0)
    """From the lead's mail until it is noted that the source did not answer."""
    recipient_days: tuple[int, ...] = (7, 21)
    """Days after which a recipient who has not confirmed is asked again; after the last, staff are told."""

    @model_validator(mode="after")
    def _in_order(self) -> Waits:
        if not 0 < self.proof_reminder_days < self.proof_days:
            raise ValueError(
                f"proof_reminder_days: {self.proof_reminder_days} is not before proof_days ({self.proof_days})"
            )
        if (
            not self.recipient_days
            or list(self.recipient_days) != sorted({*self.recipient_days})
            or self.recipient_days[0] < 1
        ):
            raise ValueError("recipient_days: are not days in rising order")
        return self

    @property
    def undo(self) -> timedelta:
        return timedelta(days=self.undo_days)


class Recipient(Part):
    """Whom the business passes data to. `source_value`: how a record's `recipient_field` names it (CET-3)."""

    name: str
    address: tuple[str, ...]
    role: Literal["processor", "third_party"] = "processor"
    purpose: str
    email: str | None = None
    """Where a correction or deletion is told, unless `peer` takes it."""
    peer: Peer | None = None
    """Their own system, which is told over the wire."""
    tell: tuple[Right, ...] = (Right.CORRECTION, Right.DELETION)
    per_person: bool = False
    """Told only of people whose own records name it."""


class Disclosed(Part):
    """What one third party was given for its own direct marketing in a year (Civil Code 1798.83)."""

    recipient: str
    categories: tuple[str, ...]
    """Keys of the statute's 27 categories (law/california)."""
    examples: str = ""


class Sharing(Part):
    """sharing.yaml: recipients by id, and the disclosures of each calendar year."""

    recipients: dict[str, Recipient] = Field(default_factory=dict)
    years: dict[int, tuple[Disclosed, ...]] = Field(default_factory=dict)
    note: str = ""
    """What the business says about its sharing, e.g. only with consent, or never."""

    @model_validator(mode="after")
    def _known(self) -> Sharing:
        for year, disclosures in self.years.items():
            for d in disclosures:
                if d.recipient not in self.recipients:
                    raise ValueError(f"years.{year}: names the unknown recipient {d.recipient!r}")
        return self


class Business(Part):
    """One business, whole: what business.yaml says, with its data map and its sharing list."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    name: str
    tagline: str
    colour: str = Field(pattern=r"^#[0-9a-f]{6}$")
    timezone: str
    sender: str
    """The From address of its mails, alone: `privacy@…`."""
    contact: Contact
    designated: tuple[str, ...] = ()
    """Addresses named for privacy requests, of any kind; if none is given, the contact's email, phone and post."""
    policy: Policy
    rights: dict[Right, RightTerms]
    binding: tuple[str, ...] = ()
    """Regimes it must follow, by id."""
    voluntary: tuple[str, ...] = ()
    """Regimes it honours though it need not."""
    employees: int = 20
    animals: bool = False
    """Whether the opt-out form has "my pet has died"."""
    identifiers: tuple[str, ...] = ()
    """Identifier kinds, beside the email address, that its customers know themselves by."""
    opt_outs: dict[str, str]
    """Scopes people may stop (`email`, `post`, `phone`, `sharing`, `unrelated_uses`), each in plain words."""
    outside_opt_outs: tuple[tuple[str, HttpUrl], ...] = ()
    """What others must stop, and the page where they do (JEF-11)."""
    kinds: dict[str, Kind]
    roles: dict[str, Role]
    staff: tuple[Member, ...]
    duties: Duties | None = None
    waits: Waits = Waits()
    canary: Canary | None = None
    """Without one, nobody tries the road."""
    datamap: DataMap
    sharing: Sharing
    translations: dict[str, dict[str, str]] = Field(default_factory=dict)
    """Its own words by language: each English text to what is said instead (`es.yaml`). English has none."""

    @model_validator(mode="after")
    def _consistent(self) -> Business:
        if missing := set(Right) - self.rights.keys():
            raise ValueError(f"rights: {', '.join(sorted(missing))} missing: all six work for every business")
        known = self.datamap.questions()
        for right, terms in self.rights.items():
            if unknown := set(terms.questions) - known.keys():
                raise ValueError(
                    f"rights.{right}.questions: no field of the data map verifies {', '.join(sorted(unknown))}"
                )
            if terms.points > 1 + len(terms.questions):
                raise ValueError(
                    f"rights.{right}.points: {terms.points} points cannot be had from {len(terms.questions)} questions"
                )
            if unknown := set(terms.stops) - self.opt_outs.keys():
                raise ValueError(f"rights.{right}.stops: {', '.join(sorted(unknown))} not among opt_outs")
            if not self.deciders(right):
                raise ValueError(f"rights.{right}: no staff has a role that decides it")
        if self.canary and not self.canary.email.endswith("@" + self.sender.rpartition("@")[2]) and "@" in self.sender:
            raise ValueError("canary.email: is not at the domain of sender, which is the business's own")
        if self.canary and (unknown := self.canary.rows.keys() - {f"{s}.{c}" for s, c in self.titles()}):
            raise ValueError(f"canary.rows: no such collection: {', '.join(sorted(unknown))}")
        for name, source in self.datamap.sources.items():
            if source.by_hand and source.by_hand.role and not self.with_role(source.by_hand.role):
                raise ValueError(f"datamap: sources.{name}.by_hand.role: no staff has the role {source.by_hand.role!r}")
        for member in self.staff:
            if unknown := set(member.roles) - self.roles.keys():
                raise ValueError(f"staff.{member.id}.roles: {', '.join(sorted(unknown))} not among roles")
        try:
            ZoneInfo(self.timezone)
        except (KeyError, OSError, ValueError):
            raise ValueError("timezone: no such time zone is known") from None
        return self

    @property
    def languages(self) -> tuple[str, ...]:
        """What its pages and mails speak: English, and whatever its own words are translated into."""
        return (language.ENGLISH, *(code for code in language.LANGUAGES if code in self.translations))

    def say(self, text: str) -> str:
        """A text of its own in the language spoken now, or one of ours that stands among them; else as it is."""
        return self.translations.get(language.current(), {}).get(text) or language.lookup(text)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def declinable(self) -> dict[str, Change]:
        """The new uses that people may decline, by their scope."""
        return {change.scope: change for change in self.policy.changes}

    @property
    def designated_addresses(self) -> tuple[str, ...]:
        """Where a request starts the clock that the law sets for a designated address (Civil Code 1798.83(b)(1))."""
        return self.designated or (self.contact.email, self.contact.phone, ", ".join(self.contact.post))

    def without(self, gone: Collection[str]) -> Business:
        """The same business without these staff ids: nobody mails them, and no link of theirs opens."""
        if not any(m.id in gone for m in self.staff):
            return self
        return self.model_copy(update={"staff": tuple(m for m in self.staff if m.id not in gone)})

    def member(self, id: str) -> Member | None:
        return next((m for m in self.staff if m.id == id), None)

    def deciders(self, right: Right) -> list[Member]:
        """Staff who may decide a right."""
        return [m for m in self.staff if any(right in self.roles[r].decides for r in m.roles if r in self.roles)]

    def with_role(self, role: str) -> list[Member]:
        return [m for m in self.staff if role in m.roles]

    def leads(self) -> list[Member]:
        return [m for m in self.staff if any(self.roles[r].lead for r in m.roles)]

    def may_see(self, member: Member, category: str) -> bool:
        return any(self.roles[r].may_see(category) for r in member.roles)

    def correctable_by_title(self) -> list[tuple[str, dict[str, FieldMap]]]:
        """What people may have corrected, under the titles of its collections: there is more than one “Email”."""
        titles, found = self.titles(), dict[tuple[str, str], dict[str, FieldMap]]()
        for path, field in self.datamap.correctable().items():
            source, collection, _ = path.split(".")
            found.setdefault((source, collection), {})[path] = field
        return [(titles[place], fields) for place, fields in found.items()]

    def titles(self) -> dict[tuple[str, str], str]:
        """Every (source, collection) to its title, in the data map's order."""
        return {(s, c): col.title for s, src in self.datamap.sources.items() for c, col in src.collections.items()}
