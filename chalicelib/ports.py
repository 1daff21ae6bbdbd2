"""What the use cases need of the world: one Protocol per concern.

Each has a real adapter and a real in-memory one, held to one contract suite (tests/contracts). Every write that
changes a request's status is `RequestStore.create` or `.commit`: one transaction (rule 2).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict

from chalicelib.domain.announcement import Announcement
from chalicelib.domain.audit import Event
from chalicelib.domain.duty import Duty
from chalicelib.domain.feedback import Sent
from chalicelib.domain.identity import Identifier
from chalicelib.domain.ledger import Entry
from chalicelib.domain.notice import Notice, Posted, Reply, Tidings
from chalicelib.domain.peer import Peer
from chalicelib.domain.plan import Outcome, Record, Refusal, Treatment
from chalicelib.domain.request import Request, Right
from chalicelib.domain.tally import Sums, Tally
from chalicelib.domain.walk import Walk
from chalicelib.links import Link


class Wait(BaseModel):
    """An open wait of the machine for a person: its task token never leaves the server."""

    model_config = ConfigDict(frozen=True)

    reference: str
    name: str
    token: str
    begun_at: datetime


class Suppression(BaseModel):
    """Somebody's opt-out from one scope: a keyed hash, when, under which policy version, by which key."""

    model_config = ConfigDict(frozen=True)

    hash: str
    scope: str
    since: datetime
    policy_version: str
    key_name: str


class Hold(BaseModel):
    """A legal hold on all that is held about one subject: a keyed hash, since when, by whom, from which request."""

    model_config = ConfigDict(frozen=True)

    subject: str
    since: datetime
    by: str
    reference: str


class KeptMail(BaseModel):
    """A mail that a person must read: which, when it came, why nothing was done by itself. Nothing personal."""

    model_config = ConfigDict(frozen=True)

    id: str
    mail: str
    """The name of the raw mail in the inbox."""
    at: datetime
    why: str
    reference: str | None = None
    """The request whose thread it came in, where its sender is who asked."""
    opened: tuple[tuple[str, datetime], ...] = ()
    """The staff who opened it, and when: every view is on record."""


class RequestStore(Protocol):
    def create(self, request: Request, event: Event, *, links: Sequence[Link] = (), once: str | None = None) -> None:
        """File a new request with its first event, findable by whom it names. `once` names the form that was sent.

        Raises AlreadyFiled when that form made a request before, RequestChanged when the reference is taken.
        """

    def commit(
        self, request: Request, event: Event, *, links: Sequence[Link] = (), spend: Link | None = None,
        notice: Notice | None = None,
    ) -> None:  # fmt: skip
        """Write `request` and `notice` (one version on), the event and `links`, and mark `spend` used, all or nothing.

        Raises RequestChanged when a stored version is not the one before, or `spend` was used already.
        """

    def get(self, reference: str) -> Request:
        """The request, read consistently. Raises RequestNotFound."""

    def events(self, reference: str) -> list[Event]:
        """Its audit events, first to last."""

    def queue(self, limit: int = 200) -> list[Request]:
        """Open requests, and those whose answer is still to be posted; due first."""

    def closed(self, due_by: datetime | None = None) -> Iterator[Request]:
        """Requests that ended, by the date of their upkeep, read page by page; only those due by then, if given."""

    def delete(self, reference: str) -> None:
        """Delete all that hangs on a request, the request last, so that a deletion cut short is found again.

        Its place in its subject's index goes too. Its tally stays, and so does what the person stopped.
        """

    def tallies(self, year: int) -> Iterator[Tally]:
        """How each request of a year stands or ended; stored with the request, in the same transaction."""

    def put_sums(self, sums: Sums) -> None: ...

    def sums(self, year: int) -> Sums | None:
        """A year as it was last counted, if it was."""

    def put_outcome(self, outcome: Outcome) -> None: ...

    def outcomes(self, reference: str) -> list[Outcome]:
        """One per source, by name."""

    def outcome(self, reference: str, source: str) -> Outcome | None:
        """That of one source, if it has one."""

    def drop_findings(self, reference: str) -> None:
        """Empty the sealed part of its outcomes: what was found is no longer needed, what was done stays."""

    def put_notice(self, notice: Notice) -> bool:
        """Write a notice that is one version on, or a first one; False when somebody else was faster."""

    def notice(self, reference: str, recipient: str) -> Notice | None: ...

    def notices(self, reference: str) -> list[Notice]:
        """Those of a request, by recipient."""

    def notices_due(self, by: datetime) -> Iterator[Notice]:
        """Notices that the sweep is to look at by then, the longest due first, read page by page."""

    def put_wait(self, wait: Wait) -> None: ...

    def wait(self, reference: str, name: str) -> Wait | None: ...

    def put_links(self, links: Iterable[Link]) -> None: ...

    def link(self, hash: str) -> Link:
        """Raises LinkMissing."""

    def claim_mail(self, reference: str, mail: str, at: datetime) -> bool:
        """True for the one caller that may send this mail now; False when it was sent.

        Raises MailUncertain when an earlier claim neither finished nor was released.
        """

    def mail_sent(self, reference: str, mail: str, message_id: str) -> None: ...

    def note_sent(self, sent: Sent) -> None:
        """Remember a mail by the mail service's id, for as long as something may be told of it: 60 days."""

    def sent(self, message_id: str) -> Sent | None:
        """The mail of a request that has this id; None for any other."""

    def release_mail(self, reference: str, mail: str) -> None:
        """The claimed mail did not leave: somebody may claim it again."""

    def release_uncertain(self, reference: str) -> None:
        """Every mail of this request of which nobody knows whether it left may be claimed again: staff say so."""

    def count(self, name: str, key: str, *, limit: int, ends: datetime) -> int:
        """Count one more of `name` for `key` in the window that ends then; the new number.

        Counted by a conditional write before anything is evaluated (rule 17). Raises LimitReached.
        """

    def uncount(self, name: str, key: str, *, ends: datetime) -> None:
        """Take one back: it turned out to be no try at anybody's door (a proven mailbox, a right answer)."""

    def claim(self, name: str, key: str, holder: str) -> str:
        """Who holds this: `holder` if nobody did (or it already does), else the one who came first."""

    def release(self, name: str, key: str, holder: str) -> None:
        """Give a claim back, if `holder` has it."""

    def take_turn(self, name: str, key: str, holder: str, at: datetime) -> list[datetime]:
        """Give `holder`, which asked at `at`, the next turn of `name` for `key`: one conditional write.

        The instants of all turns up to and with the holder's own, in the order taken. Taking twice is one turn.
        """

    def give_back_turn(self, name: str, key: str, holder: str) -> None:
        """Let the holder's turn count no longer, if it has one."""

    def suppress(self, entries: Iterable[Suppression]) -> None:
        """Remember opt-outs; an entry that stands keeps its first date."""

    def suppressions(self, hash: str) -> list[Suppression]: ...

    def all_suppressions(self) -> Iterator[Suppression]:
        """The whole list, in no order, read page by page. For commands: it reads the whole table."""

    def lift_suppression(self, hash: str, scope: str, at: datetime | None = None) -> None:
        """Let it no longer stand. `at`: because the person asked so (UTC), which stays on record."""

    def lifted(self, hash: str) -> list[tuple[str, datetime, datetime]]:
        """What this person once stopped and asked for again: scope, since, and when it was lifted."""

    def hold(self, hold: Hold) -> Hold:
        """Set a legal hold; the one that stands now: an earlier one keeps its date. Kept until released."""

    def hold_of(self, subject: str) -> Hold | None:
        """The legal hold on this subject, read consistently."""

    def release_hold(self, subject: str) -> None: ...

    def keep_mail(self, kept: KeptMail) -> bool:
        """Note a mail for staff, for as long as the raw mail lasts; False where it is noted already."""

    def kept_mail(self, id: str) -> KeptMail | None: ...

    def kept_mails(self, limit: int = 200) -> list[KeptMail]:
        """Newest days first."""

    def note_opened(self, id: str, by: str, at: datetime) -> KeptMail | None:
        """Add who opened it; None where it is gone."""

    def drop_kept(self, id: str) -> None: ...

    def put_walk(self, walk: Walk) -> None: ...

    def walk(self) -> Walk | None:
        """The canary's last walk, read consistently."""

    def take_walk(self, form: str) -> bool:
        """True for the one filing of the form that the canary noted: a conditional write, so once."""

    def cut_off(self, member: str) -> None:
        """Remember that this staff id is one of the business's no longer, whatever its files say."""

    def let_in(self, member: str) -> None:
        """Forget that it was cut off."""

    def those_cut_off(self) -> frozenset[str]: ...

    def of_subject(self, hash: str) -> list[str]:
        """References that name this subject, newest first."""

    def put_entry(self, entry: Entry) -> bool:
        """Write an entry of the ledger: the first version, or one after the stored. False when another stands there."""

    def entries(self, reference: str) -> list[Entry]:
        """The ledger's entries of one deletion, by name; those that are over until their line goes."""

    def entries_due(self, by: datetime | None = None) -> Iterator[Entry]:
        """Entries that something is still to be done about, first due first; only those due by then, if given."""

    def put_announcement(self, one: Announcement) -> bool:
        """Write the first revision, or the one after the stored. False when another stands there."""

    def announcement(self, version: str) -> Announcement | None: ...

    def put_duty(self, duty: Duty) -> bool:
        """Write the first revision, or the one after the stored. False when another stands there."""

    def duties(self, occasion: str) -> list[Duty]:
        """Those of the staff who were reminded on it, by their id."""


class Vault(Protocol):
    """Seals each request's personal data under its own data key."""

    def begin(self, reference: str) -> None:
        """Make the request's data key."""

    def seal(self, reference: str, clear: bytes) -> bytes: ...

    def open(self, reference: str, sealed: bytes) -> bytes:
        """Raises RequestNotFound when the key has been destroyed: purged everywhere."""

    def forget(self, reference: str) -> None:
        """Destroy the key: nothing sealed under it can be read again, backups included."""


class Mailer(Protocol):
    def send(self, *, sender: str, to: str, message: bytes) -> str:
        """Hand over a raw MIME message; its message id. Raises ServiceUnavailable when it surely did not leave."""


@dataclass(frozen=True)
class Seen:
    """A page as a visitor sees it. `location`: where it sends one on, else empty."""

    status: int
    location: str
    text: str


class Visitor(Protocol):
    """Somebody who goes to our own pages over HTTP. Raises ServiceUnavailable when there is no answer."""

    def get(self, path: str) -> Seen: ...

    def post(self, path: str, fields: Mapping[str, str]) -> Seen: ...


class Workflow(Protocol):
    def start(self, name: str, data: Mapping[str, Any]) -> None:
        """Start the execution `name`; starting one that runs already is the same start."""

    def complete(self, token: str, output: Mapping[str, Any]) -> bool:
        """Let a wait go on. False when it no longer waits (timed out, or completed already)."""

    def fail(self, token: str, error: str) -> bool:
        """End a wait with an error class of errors.py. False when it no longer waits."""


class Unfinished(NamedTuple):
    """A package cut short between two files: what is needed to go on writing it."""

    upload: str = ""
    pieces: tuple[str, ...] = ()
    tail: bytes = b""
    """Too little yet to be a piece."""


class PackageWriter(Protocol):
    """A stream into a package. Nobody can fetch it before `finish`.

    Raises RequestNotFound when what is gone on with has been finished, or cleared away, meanwhile.
    """

    def write(self, data: bytes) -> object: ...

    def pause(self) -> Unfinished:
        """Stop here for now."""

    def finish(self) -> None: ...


class PackageStore(Protocol):
    """Packages, and what they are made of until they are: parts by name, sealed by whoever writes them."""

    def put_part(self, reference: str, name: str, data: bytes) -> None: ...

    def part(self, reference: str, name: str) -> bytes:
        """Raises RequestNotFound when there is none (expired, forgotten)."""

    def put_answer(self, reference: str, name: str, data: bytes) -> None:
        """Keep a sealed answer, or a file of one, for as long as a request can be open."""

    def answer(self, reference: str, name: str) -> bytes:
        """Raises RequestNotFound when there is none."""

    def write_package(self, reference: str, so_far: Unfinished | None = None) -> PackageWriter:
        """Write a package as a stream, in bounded memory; a small one is one call. `so_far`: go on from there."""

    def package_url(self, reference: str, filename: str, seconds: int) -> str:
        """A link to the package that lives `seconds`. Raises RequestNotFound when there is none (expired)."""

    def drop_package(self, reference: str) -> None:
        """Delete the package, if there is one; links to it that were given out open nothing more."""

    def forget(self, reference: str) -> None: ...


class Page(NamedTuple):
    """Some of the records reached, in the source's own steady order: parents before what is reached through them."""

    records: list[Record]
    next: str | None = None
    """The cursor of the page after this one; None on the last. It may hold a record's key, and so an email address:
    sealed wherever it is kept, never in the machine's data or a log (rule 7)."""


class Inbox(Protocol):
    """Raw mail to the business, where SES put it; it expires by itself (rule 7)."""

    def read(self, id: str) -> bytes | None:
        """The beginning of a mail, as far as anybody reads; None where it is gone."""

    def forget(self, id: str) -> None: ...


class Source(Protocol):
    """One place of the business where personal data is. Every call is safe to run twice.

    Whichever cannot answer at once raises SourceAwaited: it is waited for, and what it answered is stored.
    """

    name: str

    def find(self, who: Sequence[Identifier], after: str | None = None, among: str | None = None) -> Page:
        """Records reached from these identifiers, each saying how (`Record.reached`): one page, from a cursor on.

        A page is small enough for seconds and a few dozen MB; a person with little has one. A page may be empty and
        still not be the last (a slow place is asked again). `among`: of this collection only.
        Raises SourceUnavailable, SourceMisread.
        """

    def read(self, keys: Iterable[tuple[str, tuple[str, ...]]]) -> list[Record]:
        """Those of the (collection, key) named that exist now."""

    def carry_out(self, treatments: Sequence[Treatment]) -> None:
        """Change, blank or delete each record as told, in one transaction, children before parents.

        A record already gone counts as deleted; another fingerprint raises PlanDrifted, nothing is done.
        """

    def not_done(self, treatments: Sequence[Treatment]) -> list[Treatment]:
        """Read back: the treatments that the data does not show."""

    def stop(self, who: Sequence[Identifier], scopes: Iterable[str]) -> int:
        """Carry out an opt-out in the records reached from these identifiers; how many fields changed."""


class Listed(NamedTuple):
    """One record of a list: what stands in the field, and the cursor to go on after it (as sealed as any cursor)."""

    value: str
    cursor: str


@runtime_checkable
class Listing(Protocol):
    """A source that can also list everybody, for what is told to all: one field of one collection, and no more."""

    def listed(self, collection: str, field: str, after: str | None = None, most: int = 500) -> list[Listed]:
        """The next records by key, at most so many; fewer are the last. Raises SourceUnavailable, SourceMisread."""


@runtime_checkable
class Strict(Protocol):
    """A source with rules of its own (types, lengths, what must be alone or must exist): it can say beforehand."""

    def refuses(self, treatments: Sequence[Treatment]) -> dict[tuple[str, str], Refusal]:
        """(collection, field) to why a change of it would be refused. Changes nothing.

        Raises SourceUnavailable, SourceMisread.
        """


@runtime_checkable
class Later(Protocol):
    """A source that may say after days what it holds: asked with an address to report to, it reports once."""

    def begin(self, who: Sequence[Identifier], id: str, callback_url: str) -> None:
        """Ask what it holds; under the same id it is the same question. Raises SourceUnavailable, SourceMisread."""

    def hear(self, who: Sequence[Identifier], id: str, posted: Posted) -> list[Record] | None:
        """The records that it reports of these people; None when it says that it cannot.

        Raises CallbackRefused unless it signed just this, SourceMisread when it is not as the data map says.
        """


def every(source: Source, who: Sequence[Identifier], among: str | None = None) -> Iterator[Record]:
    """Every record reached, page after page: for who has the time and keeps only what they need."""
    after: str | None = None
    while True:
        records, after = source.find(who, after, among) if among else source.find(who, after)
        yield from records
        if after is None:
            return


class Peers(Protocol):
    """Recipients that are told over the wire. Telling one again under the same id is the same telling."""

    def takes(self, peer: Peer, right: Right) -> bool:
        """Whether its way of speaking has words for this right."""

    def tell(self, peer: Peer, tidings: Tidings) -> Reply:
        """Raises PeerUnavailable (try again), PeerMisread (it answers, but not as agreed)."""

    def ask(self, peer: Peer, id: str) -> Reply:
        """How it stands with what was told under this id. Raises PeerUnavailable, PeerMisread."""

    def hear(self, peer: Peer, id: str, posted: Posted) -> Reply:
        """What its callback says of this id. Raises CallbackRefused unless it signed just this."""


class Secrets(Protocol):
    def get(self, name: str) -> bytes:
        """A key by name: `identity` (keyed hashes), `stop` (one-click links), `member` (member page), `check` (signed
        questions about the suppression list), a peer's."""

    def versions(self, name: str) -> list[str]:
        """The names under which this key has ever stood, the newest first: `identity-2`, `identity`."""

    def rotate(self, name: str) -> str:
        """Make a newer version of this key; its name. The older ones stay."""


class Clock(Protocol):
    def now(self) -> datetime:
        """UTC."""


class Chance(Protocol):
    def token(self) -> str:
        """Unguessable, url-safe, at least 256 bits."""

    def number(self, bits: int) -> int: ...
