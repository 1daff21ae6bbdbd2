"""The request store in memory: the same promises as on DynamoDB (one contract suite holds both), under one lock.

What it gives back is what it was given, written out and read again, so that nobody holds a hand on what is stored.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from threading import RLock
from typing import Concatenate, ParamSpec, TypeVar

from chalicelib.adapters.items import DEAD_LINK_KEPT, FORM_REMEMBERED, MAIL_KEPT, SENT_REMEMBERED
from chalicelib.domain.announcement import Announcement
from chalicelib.domain.audit import Event
from chalicelib.domain.duty import Duty
from chalicelib.domain.feedback import Sent
from chalicelib.domain.ledger import Entry
from chalicelib.domain.notice import Notice
from chalicelib.domain.plan import Outcome
from chalicelib.domain.request import Request
from chalicelib.domain.tally import Sums, Tally, tally_of
from chalicelib.domain.walk import Walk
from chalicelib.errors import AlreadyFiled, LimitReached, LinkMissing, MailUncertain, RequestChanged, RequestNotFound
from chalicelib.links import Link
from chalicelib.ports import Clock, Hold, KeptMail, Suppression, Wait

P = ParamSpec("P")
R = TypeVar("R")


def _alone(
    method: Callable[Concatenate[MemoryStore, P], R],
) -> Callable[Concatenate[MemoryStore, P], R]:
    @functools.wraps(method)
    def alone(self: MemoryStore, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.lock:
            return method(self, *args, **kwargs)

    return alone


class MemoryStore:
    """See ports.RequestStore."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.lock = clock, RLock()
        self._requests: dict[str, Request] = {}
        self._events: dict[str, list[Event]] = {}
        self._forms: dict[str, tuple[str, datetime]] = {}
        self._outcomes: dict[tuple[str, str], Outcome] = {}
        self._waits: dict[tuple[str, str], Wait] = {}
        self._notices: dict[tuple[str, str], Notice] = {}
        self._links: dict[str, Link] = {}
        self._mails: dict[tuple[str, str], str] = {}
        self._sent: dict[str, Sent] = {}
        self._cut_off: set[str] = set()
        self._walk: Walk | None = None
        self._taken = ""
        self._counts: dict[tuple[str, str, datetime], int] = {}
        self._claims: dict[tuple[str, str], str] = {}
        self._turns: dict[tuple[str, str], dict[str, datetime]] = {}
        self._suppressions: dict[tuple[str, str], Suppression] = {}
        self._holds: dict[str, Hold] = {}
        self._tallies: dict[tuple[int, str], Tally] = {}
        self._kept_mails: dict[str, KeptMail] = {}
        self._sums: dict[int, Sums] = {}
        self._subjects: dict[str, dict[str, datetime]] = {}
        self._lifted: dict[str, list[tuple[str, datetime, datetime]]] = {}
        self._ledger: dict[tuple[str, str], Entry] = {}
        self._announcements: dict[str, Announcement] = {}
        self._duties: dict[tuple[str, str], Duty] = {}

    @_alone
    def create(self, request: Request, event: Event, *, links: Sequence[Link] = (), once: str | None = None) -> None:
        first, until = self._forms.get(once or "", ("", self.clock.now()))
        if until > self.clock.now():
            raise AlreadyFiled(first)
        if request.reference in self._requests:
            raise RequestChanged(request.reference)
        if once:
            self._forms[once] = request.reference, self.clock.now() + FORM_REMEMBERED
        self._keep(request, event, links)
        for hashed in request.indexed:
            self._subjects.setdefault(hashed, {})[request.reference] = request.received_at

    @_alone
    def commit(
        self, request: Request, event: Event, *, links: Sequence[Link] = (), spend: Link | None = None,
        notice: Notice | None = None,
    ) -> None:  # fmt: skip
        stored = self._requests.get(request.reference)
        if stored is None or stored.version != request.version - 1:
            raise RequestChanged(request.reference)
        if event.number in {e.number for e in self._events[request.reference]}:
            raise RequestChanged(request.reference)
        if notice and not self._one_on(notice):
            raise RequestChanged(request.reference)
        if spend:
            standing = self._links.get(spend.hash)
            if standing is None or standing.used_at:
                raise RequestChanged(request.reference)
            self._links[spend.hash] = standing.model_copy(update={"used_at": event.at})
        if notice:
            self._notices[notice.reference, notice.recipient] = notice
        self._keep(request, event, links)

    def _keep(self, request: Request, event: Event, links: Iterable[Link]) -> None:
        self._requests[request.reference] = request.model_copy(deep=True)
        self._events.setdefault(request.reference, []).append(event)
        self._links.update({link.hash: link for link in links})
        if tally := tally_of(request):
            self._tallies[tally.year, tally.id] = tally

    @_alone
    def get(self, reference: str) -> Request:
        if reference not in self._requests:
            raise RequestNotFound(reference)
        return self._requests[reference].model_copy(deep=True)

    @_alone
    def events(self, reference: str) -> list[Event]:
        return sorted(self._events.get(reference, []), key=lambda e: e.number)

    @_alone
    def queue(self, limit: int = 200) -> list[Request]:
        still_open = [r.model_copy(deep=True) for r in self._requests.values() if not r.status.is_final or r.to_post]
        return sorted(still_open, key=lambda r: r.due_at)[:limit]

    def closed(self, due_by: datetime | None = None) -> Iterator[Request]:
        with self.lock:
            ended = [(r.upkeep_at, r.model_copy(deep=True)) for r in self._requests.values() if r.upkeep_at]
        yield from (r for at, r in sorted(ended, key=lambda one: one[0]) if due_by is None or at <= due_by)

    @_alone
    def delete(self, reference: str) -> None:
        self._forget_sent()
        request = self._requests.pop(reference, None)
        for hashed in request.indexed if request else ():
            others = self._subjects.pop(hashed, {})
            others.pop(reference, None)
            self._subjects |= {hashed: others} if others else {}
        self._events.pop(reference, None)
        for family in (self._outcomes, self._waits, self._mails, self._notices):
            for key in [key for key in family if key[0] == reference]:
                del family[key]

    @_alone
    def tallies(self, year: int) -> Iterator[Tally]:
        return iter([tally for (of, _), tally in sorted(self._tallies.items()) if of == year])

    def put_sums(self, sums: Sums) -> None:
        self._sums[sums.year] = sums

    def sums(self, year: int) -> Sums | None:
        return self._sums.get(year)

    @_alone
    def put_outcome(self, outcome: Outcome) -> None:
        written = Outcome.model_validate_json(outcome.model_dump_json(exclude={"sealed"}))
        self._outcomes[outcome.reference, outcome.source] = written.model_copy(update={"sealed": outcome.sealed})

    @_alone
    def outcomes(self, reference: str) -> list[Outcome]:
        return [o.model_copy(deep=True) for (ref, _), o in sorted(self._outcomes.items()) if ref == reference]

    def outcome(self, reference: str, source: str) -> Outcome | None:
        return next((o for o in self.outcomes(reference) if o.source == source), None)

    @_alone
    def drop_findings(self, reference: str) -> None:
        for key, outcome in self._outcomes.items():
            if outcome.reference == reference:
                self._outcomes[key] = outcome.model_copy(update={"sealed": b""})

    @_alone
    def put_notice(self, notice: Notice) -> bool:
        mine = self._one_on(notice)
        if mine:
            self._notices[notice.reference, notice.recipient] = notice
        return mine or self._notices.get((notice.reference, notice.recipient)) == notice

    def _one_on(self, notice: Notice) -> bool:
        stands = self._notices.get((notice.reference, notice.recipient))
        return notice.version == (stands.version + 1 if stands else 1)

    @_alone
    def notice(self, reference: str, recipient: str) -> Notice | None:
        return self._notices.get((reference, recipient))

    @_alone
    def notices(self, reference: str) -> list[Notice]:
        return [notice for (ref, _), notice in sorted(self._notices.items()) if ref == reference]

    def notices_due(self, by: datetime) -> Iterator[Notice]:
        with self.lock:
            due = [(n.next_at, n) for n in self._notices.values() if n.next_at and n.next_at <= by]
        yield from (notice for _, notice in sorted(due, key=lambda one: one[0]))

    @_alone
    def put_wait(self, wait: Wait) -> None:
        self._waits[wait.reference, wait.name] = wait

    @_alone
    def wait(self, reference: str, name: str) -> Wait | None:
        return self._waits.get((reference, name))

    @_alone
    def put_links(self, links: Iterable[Link]) -> None:
        self._links.update({link.hash: link for link in links})

    @_alone
    def link(self, hash: str) -> Link:
        link = self._links.get(hash)
        if link is None or link.expires_at + DEAD_LINK_KEPT <= self.clock.now():
            raise LinkMissing
        return link

    @_alone
    def claim_mail(self, reference: str, mail: str, at: datetime) -> bool:  # noqa: ARG002  (kept for people, on AWS)
        state = self._mails.get((reference, mail), "released")
        if state == "sending":
            raise MailUncertain(f"{reference} {mail}")
        if state == "released":
            self._mails[reference, mail] = "sending"
        return state == "released"

    @_alone
    def mail_sent(self, reference: str, mail: str, message_id: str) -> None:  # noqa: ARG002
        self._mails[reference, mail] = "sent"

    @_alone
    def note_sent(self, sent: Sent) -> None:
        self._forget_sent()
        self._sent.setdefault(sent.message_id, sent)

    def _forget_sent(self) -> None:
        """As the table does when their time is over."""
        now = self.clock.now()
        self._sent = {id: sent for id, sent in self._sent.items() if sent.at + SENT_REMEMBERED > now}

    @_alone
    def sent(self, message_id: str) -> Sent | None:
        sent = self._sent.get(message_id)
        return sent if sent and sent.at + SENT_REMEMBERED > self.clock.now() else None

    @_alone
    def release_mail(self, reference: str, mail: str) -> None:
        if self._mails.get((reference, mail)) == "sending":
            self._mails[reference, mail] = "released"

    @_alone
    def release_uncertain(self, reference: str) -> None:
        for whose, mail in list(self._mails):
            if whose == reference:
                self.release_mail(reference, mail)

    @_alone
    def count(self, name: str, key: str, *, limit: int, ends: datetime) -> int:
        so_far = self._counts.get((name, key, ends), 0)
        if so_far >= limit:
            raise LimitReached(name, ends)
        self._counts[name, key, ends] = so_far + 1
        return so_far + 1

    @_alone
    def uncount(self, name: str, key: str, *, ends: datetime) -> None:
        if self._counts.get((name, key, ends)):
            self._counts[name, key, ends] -= 1

    @_alone
    def claim(self, name: str, key: str, holder: str) -> str:
        return self._claims.setdefault((name, key), holder)

    @_alone
    def release(self, name: str, key: str, holder: str) -> None:
        if self._claims.get((name, key)) == holder:
            del self._claims[name, key]

    @_alone
    def take_turn(self, name: str, key: str, holder: str, at: datetime) -> list[datetime]:
        turns = self._turns.setdefault((name, key), {})
        turns.setdefault(holder, at)
        return list(turns.values())[: list(turns).index(holder) + 1]

    @_alone
    def give_back_turn(self, name: str, key: str, holder: str) -> None:
        turns = self._turns.get((name, key), {})
        turns.pop(holder, None)
        if not turns:
            self._turns.pop((name, key), None)

    @_alone
    def suppress(self, entries: Iterable[Suppression]) -> None:
        for entry in entries:
            self._suppressions.setdefault((entry.hash, entry.scope), entry)

    @_alone
    def suppressions(self, hash: str) -> list[Suppression]:
        return [entry for (whose, _), entry in sorted(self._suppressions.items()) if whose == hash]

    def all_suppressions(self) -> Iterator[Suppression]:
        with self.lock:
            found = list(self._suppressions.values())
        yield from found

    @_alone
    def lift_suppression(self, hash: str, scope: str, at: datetime | None = None) -> None:
        stood = self._suppressions.pop((hash, scope), None)
        if at and stood:
            self._lifted.setdefault(hash, []).append((scope, stood.since, at))

    @_alone
    def lifted(self, hash: str) -> list[tuple[str, datetime, datetime]]:
        return list(self._lifted.get(hash, []))

    @_alone
    def hold(self, hold: Hold) -> Hold:
        return self._holds.setdefault(hold.subject, hold)

    @_alone
    def hold_of(self, subject: str) -> Hold | None:
        return self._holds.get(subject)

    @_alone
    def release_hold(self, subject: str) -> None:
        self._holds.pop(subject, None)

    @_alone
    def keep_mail(self, kept: KeptMail) -> bool:
        return self.kept_mail(kept.id) is None and self._kept_mails.update({kept.id: kept}) is None

    @_alone
    def kept_mail(self, id: str) -> KeptMail | None:
        kept = self._kept_mails.get(id)
        return kept if kept and kept.at + MAIL_KEPT > self.clock.now() else None

    @_alone
    def kept_mails(self, limit: int = 200) -> list[KeptMail]:
        there = (kept for kept in map(self.kept_mail, sorted(self._kept_mails, reverse=True)) if kept)
        return list(islice(there, limit))

    @_alone
    def note_opened(self, id: str, by: str, at: datetime) -> KeptMail | None:
        kept = self.kept_mail(id)
        if kept is None:
            return None
        self._kept_mails[id] = kept.model_copy(update={"opened": (*kept.opened, (by, at))})
        return self._kept_mails[id]

    @_alone
    def drop_kept(self, id: str) -> None:
        self._kept_mails.pop(id, None)

    @_alone
    def put_walk(self, walk: Walk) -> None:
        self._walk = walk

    @_alone
    def walk(self) -> Walk | None:
        return self._walk

    @_alone
    def take_walk(self, form: str) -> bool:
        before, self._taken = self._taken, form
        return before != form

    @_alone
    def cut_off(self, member: str) -> None:
        self._cut_off.add(member)

    @_alone
    def let_in(self, member: str) -> None:
        self._cut_off.discard(member)

    @_alone
    def those_cut_off(self) -> frozenset[str]:
        return frozenset(self._cut_off)

    @_alone
    def of_subject(self, hash: str) -> list[str]:
        noted = sorted(self._subjects.get(hash, {}).items())
        return [reference for reference, _ in sorted(noted, key=lambda one: one[1], reverse=True)]

    @_alone
    def put_entry(self, entry: Entry) -> bool:
        stored = self._ledger.get((entry.reference, entry.name))
        if (stored.version if stored else 0) != entry.version - 1:
            return False
        self._ledger[entry.reference, entry.name] = entry.model_copy(deep=True)
        return True

    @_alone
    def entries(self, reference: str) -> list[Entry]:
        found = [e.model_copy(deep=True) for (of, _), e in sorted(self._ledger.items()) if of == reference]
        return [e for e in found if e.gone_at is None or e.gone_at > self.clock.now()]

    def entries_due(self, by: datetime | None = None) -> Iterator[Entry]:
        with self.lock:
            found = [(e.due, e.model_copy(deep=True)) for e in self._ledger.values() if e.due]
        yield from (e for at, e in sorted(found, key=lambda one: one[0]) if by is None or at <= by)

    @_alone
    def put_announcement(self, one: Announcement) -> bool:
        stored = self._announcements.get(one.version)
        if (stored.revision if stored else 0) != one.revision - 1:
            return False
        self._announcements[one.version] = one
        return True

    @_alone
    def announcement(self, version: str) -> Announcement | None:
        return self._announcements.get(version)

    @_alone
    def put_duty(self, duty: Duty) -> bool:
        stored = self._duties.get((duty.occasion, duty.member))
        if (stored.revision if stored else 0) != duty.revision - 1:
            return False
        self._duties[duty.occasion, duty.member] = duty
        return True

    @_alone
    def duties(self, occasion: str) -> list[Duty]:
        return [duty for (of, _), duty in sorted(self._duties.items()) if of == occasion]
