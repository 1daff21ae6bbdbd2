"""Following: what the customer sees and may do from the tracker, whose link is only ever mailed.

Rule 15: "that wasn't me" freezes the request, kills its links and alerts staff. Withdrawing and undoing are as easy as
asking. An appeal is a linked request, decided by someone else. Leaves to others: the page (web/customer).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.domain.audit import Event
from chalicelib.domain.notice import NoticeState
from chalicelib.domain.plan import Kept
from chalicelib.domain.request import Message, Request, Right, advance, amend
from chalicelib.domain.status import TRANSITIONS, Status
from chalicelib.errors import InvalidRequest, MailUncertain, TransitionNotAllowed
from chalicelib.language import gettext
from chalicelib.law import resumed
from chalicelib.links import SUBJECT, Link, Purpose
from chalicelib.services import Services
from chalicelib.usecases import appealing, appeals, awaiting, correspondence, judging, limits, partial, recipients, road

REPLY_LENGTH = 5_000


@dataclass(frozen=True)
class TrackerView:
    """The request as its customer follows it."""

    request: Request
    history: list[tuple[datetime, str]]
    can: frozenset[str]
    """What may be done now: withdraw, not-me, undo, reply, appeal, reopen."""
    kept: list[tuple[str, Kept, int]]
    """After a deletion: title, why and until when, how many."""
    left: list[str] = field(default_factory=list)
    """After a partial approval: titles of what was left out."""
    told: list[tuple[str, NoticeState]] = field(default_factory=list)
    """Recipients that were told of it, by name, and where each stands."""


def tracker(svc: Services, token: str) -> TrackerView:
    """Changes nothing."""
    _, request = road.open_link(svc, token, Purpose.TRACK)
    return _view(svc, request)


def _view(svc: Services, request: Request) -> TrackerView:
    titles = svc.business.titles()
    history = [(e.at, _what(e)) for e in svc.store.events(request.reference) if _theirs(request, e)]
    kept = [(titles[o.source, c], k, n) for o in svc.store.outcomes(request.reference) for c, k, n in o.kept]
    shown = kept if request.status in (Status.FULFILLED, Status.PARTLY_FULFILLED) else []
    left = appeals.titles(svc, request) if request.reason == partial.REASON else []
    told = recipients.standing(svc, request) if request.right in recipients.NAMED else []
    return TrackerView(request=request, history=history, can=_can(request), kept=shown, left=left, told=told)


STAFFS_OWN = frozenset({"viewed", "handed_over", "reminded"})
HOLDS = frozenset({"held", "released"})


def _theirs(request: Request, event: Event) -> bool:
    """Whether the customer reads this event: a legal hold concerns their deletion only."""
    return event.what not in STAFFS_OWN and (event.what not in HOLDS or request.right is Right.DELETION)


def _what(event: Event) -> str:
    """What happened; an answer that left something out says so, rather than that something is still to come."""
    return partial.REASON if event.note == partial.REASON else event.what


def _can(request: Request) -> frozenset[str]:
    can = set()
    if Status.WITHDRAWN in TRANSITIONS[request.stands_at]:
        can.add("undo" if request.status is Status.COOLING_OFF else "withdraw")
    if request.status not in (Status.FROZEN, Status.WITHDRAWN):
        can.add("not-me")
    if request.status is Status.ASKED:
        can.add("reply")
    if appealing.may_appeal(request):
        can.add("appeal")
    if request.status is Status.LAPSED:
        can.add("reopen")
    return frozenset(can)


def withdraw(svc: Services, token: str) -> TrackerView:
    """Never mind: the request ends, nothing is done."""
    return _withdraw(svc, token, "withdrawn_by_customer")


def undo(svc: Services, token: str) -> TrackerView:
    """Stop a deletion while it waits; before that there is nothing to undo, afterwards it cannot be undone."""
    _, request = road.open_link(svc, token, Purpose.TRACK)
    return _withdraw(svc, token, "undone") if request.status is Status.COOLING_OFF else _view(svc, request)


def _withdraw(svc: Services, token: str, reason: str) -> TrackerView:
    _, request = road.open_link(svc, token, Purpose.TRACK)
    if Status.WITHDRAWN in TRANSITIONS[request.stands_at]:  # what is half carried out is carried out
        before, now = request, svc.now()
        request, event = advance(request, Status.WITHDRAWN, now, by="customer", reason=reason, closed_at=now)
        svc.store.commit(request, event)
        name, key = judging.disclosure_claim(svc, request)
        svc.store.release(name, key, request.reference)
        limits.give_back(svc, request)
        _let_go(svc, request, before)
        correspondence.to_customer(svc, request, "withdrawn")
    return _view(svc, request)


def not_me(svc: Services, token: str) -> TrackerView:
    """Somebody else filed this: freeze it, kill the customer's links to proof and package, alert staff."""
    link, request = road.open_link(svc, token, Purpose.TRACK)
    if request.status is Status.FROZEN:
        _say_frozen(svc, request)  # if a fault kept the mail from leaving, this click sends it
        return _view(svc, request)
    if link.person == SUBJECT and not _hears(svc, request):
        return _view(svc, freeze(svc, request, "no_consent", by="subject"))
    return _view(svc, freeze(svc, request, "not_me", by="customer"))


def _hears(svc: Services, request: Request) -> bool:
    """Whether the subject is who hears of this request; else it is the agent who asked for them."""
    personal = svc.open(request)
    return personal.addressee == personal.subject_email


def freeze(svc: Services, request: Request, reason: str, *, by: str, spend: Link | None = None) -> Request:
    """Nothing moves until staff decide: the one whose mailbox it is knows nothing of the request, or does not agree."""
    before, now = request, svc.now()
    stopped = request.right is Right.OPT_OUT and request.status is Status.FULFILLING  # an opt-out is not held up
    if Status.FROZEN in TRANSITIONS[request.status] and not stopped:
        request, event = advance(
            request, Status.FROZEN, now, by=by, reason=reason, resume=before.status, links_dead_before=now,
            **resumed(request, svc.business.zone, now),
        )  # fmt: skip
    else:
        request, event = amend(request, "not_me", now, by=by, links_dead_before=now)
    svc.store.commit(request, event, spend=spend)
    if request.right is Right.ACCESS:
        svc.packages.drop_package(request.reference)
    if request.status is Status.FROZEN:
        _let_go(svc, request, before)
    if request.status is not Status.FROZEN or before.status is Status.IN_REVIEW:
        correspondence.to_staff(svc, request, "staff_frozen", correspondence.deciders(svc, request), once="not-me")
    _say_frozen(svc, request)
    return request


def _say_frozen(svc: Services, request: Request) -> None:
    """Once, however many click: another click may be sending it at this very moment."""
    with suppress(MailUncertain):
        correspondence.to_customer(svc, request, "frozen")


def _let_go(svc: Services, request: Request, before: Request) -> None:
    """Free the wait in which the machine stood, if it stood in one."""
    waits = {
        Status.VERIFYING: road.PROOF,
        Status.IN_REVIEW: road.DECISION,
        Status.FROZEN: road.DECISION,
        Status.ASKED: road.REPLY,
        Status.NEEDS_ATTENTION: road.ATTENTION,
    }
    if before.status is Status.GATHERING:
        awaiting.let_go(svc, request)
    name = waits.get(before.status)
    if name and not (request.status is Status.FROZEN and name == road.DECISION):
        road.go_on(svc, request, name)


def reply(svc: Services, token: str, text: str) -> TrackerView:
    """Answer staff's question; they hear of it at once."""
    _, request = road.open_link(svc, token, Purpose.TRACK)
    said = _written(text)
    if request.status is Status.ASKED:
        request = take_reply(svc, request, said)
    return _view(svc, request)


def take_reply(svc: Services, request: Request, said: str) -> Request:
    """The customer's words go to staff with the request; from the tracker, or by mail from the proven mailbox."""
    personal, now = svc.open(request), svc.now()
    message = Message(at=now, by="customer", text=said)
    sealed = svc.seal(request.reference, personal.model_copy(update={"messages": [*personal.messages, message]}))
    runs = resumed(request, svc.business.zone, now)
    request, event = advance(
        request, Status.IN_REVIEW, now, by="customer", reason="replied", sealed=sealed, **runs
    )  # fmt: skip
    svc.store.commit(request, event)
    road.go_on(svc, request, road.REPLY)
    return request


def _written(text: str) -> str:
    said = text.strip()
    if not said:
        raise InvalidRequest({"text": "Write a few words first."})
    if len(said) > REPLY_LENGTH:
        raise InvalidRequest(
            {"text": gettext("That is a little long: %(most)s characters fit.", most=f"{REPLY_LENGTH:,}")}
        )
    return said


def appeal(svc: Services, token: str, text: str) -> TrackerView:
    """Ask for a second look at a refusal: a linked request of the same right, for somebody else to decide."""
    _, request = road.open_link(svc, token, Purpose.TRACK)
    if "appeal" not in _can(request):
        if request.appealed_by:
            return _view(svc, request)
        raise TransitionNotAllowed(request.reference)
    marked = appealing.appeal(svc, request, _written(text), by="customer", received_at=svc.now())
    return _view(svc, marked)


def reopen(svc: Services, token: str) -> TrackerView:
    """Take up a lapsed request again: a new road, a new link to prove the mailbox; the clock stays."""
    _, request = road.open_link(svc, token, Purpose.TRACK)
    if request.status is Status.LAPSED:
        request, event = advance(
            request, Status.RECEIVED, svc.now(), by="customer", reason="reopened", road=request.road + 1, closed_at=None
        )
        svc.store.commit(request, event)
        road.start(svc, request, "proof")
    return _view(svc, request)
