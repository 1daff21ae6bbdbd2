"""Recipients: who holds a copy is told of a correction, a deletion or an end of sharing, and heard until all acted.

Article 19 GDPR, Civil Code 1798.105(c). A recipient's own system is told over the wire, everybody else by mail. Rule 4:
the mail names nobody; the person is shown on the HTTPS page behind a button, audited. Rule 8: what is not confirmed is
said to be not confirmed, and when the last one confirms the customer hears again, once. Rule 11: one who cannot be
reached stops no other. After "that wasn't me" nobody is told, not of the part that ran either: whose data it is did not
ask for it, and a recipient would delete what they want kept (docs/statuses.md). Leaves to others: asking again
(chasing), the wire (adapters/peers).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from chalicelib.businesses.model import Recipient
from chalicelib.domain import behalf
from chalicelib.domain.notice import SAID, Notice, NoticeState, Posted, Reply, Tidings
from chalicelib.domain.plan import OutcomeState
from chalicelib.domain.request import Personal, Request, Right, amend
from chalicelib.domain.status import Status
from chalicelib.errors import MailRejected, MailUncertain, PeerMisread, PeerUnavailable, RequestChanged, RequestNotFound
from chalicelib.links import Link, Purpose, token_hash
from chalicelib.services import Services
from chalicelib.usecases import correspondence, gathering, partial, road

log = logging.getLogger("rightsdesk.recipients")

OUTCOMES = frozenset(SAID)
DAY = timedelta(days=1)
ANSWERED = frozenset({Status.FULFILLED, Status.PARTLY_FULFILLED})
NAMED = frozenset({Right.CORRECTION, Right.DELETION})
"""Rights whose answer names the recipients."""
NO_ADDRESS = "no address is known to tell them at"


@dataclass(frozen=True)
class TaskView:
    """What a recipient's page shows: what to do, nothing about whom until a POST reveals it."""

    request: Request
    recipient: Recipient
    confirmed: bool


def tell(svc: Services, reference: str) -> None:
    """Tell each recipient concerned, once; staff hear of each who could not be told at all."""
    request = road.live(svc, reference)
    for id in concerned(svc, request):
        notice = svc.store.notice(reference, id) or _first(svc, request, id)
        if notice.state is NoticeState.PENDING:
            notice = reach(svc, request, notice)
        if notice.state is NoticeState.FAILED:
            correspondence.of_recipient(svc, request, id, why=notice.why, once="failed")


def concerned(svc: Services, request: Request) -> list[str]:
    """Ids of the recipients to tell: those that the person's data went to, by the map or by the records (CET-3).

    Who mails for the business hears of every opt-out; the others hear when sharing ends. A source that drifted counts
    not yet: staff look at it again, and may say no (rule 16).
    """
    told = {id: r for id, r in svc.business.sharing.recipients.items() if request.right in r.tell}
    if not told:
        return []
    settled = [o for o in svc.store.outcomes(request.reference) if o.sealed and o.state is not OutcomeState.DRIFTED]
    findings = [gathering.opened(svc, o).without(partial.left_in(request, o.source)) for o in settled]
    if request.right is Right.OPT_OUT:
        if "sharing" not in svc.open(request).stop:
            told = {id: r for id, r in told.items() if r.role == "processor"}
    elif not any(o.done for o in settled) and not any(f.acts for f in findings):
        return []
    named = {id for finding in findings for id in finding.recipients}
    mapped = {id for s in svc.business.datamap.sources.values() for c in s.collections.values() for id in c.recipients}
    return [id for id, r in told.items() if id in named or not (r.per_person or id in mapped)]


def _first(svc: Services, request: Request, id: str) -> Notice:
    """The notice as it begins: its id is stored before anybody is told, so that telling again is the same telling."""
    now = svc.now()
    notice = Notice(
        reference=request.reference, recipient=id, id=str(UUID(int=svc.chance.number(128), version=4)),
        begun_at=now, next_at=now + DAY,
    )  # fmt: skip
    svc.store.put_notice(notice)
    return svc.store.notice(request.reference, id) or notice


def reach(svc: Services, request: Request, notice: Notice) -> Notice:
    """Tell one recipient, or again under the same id; where it stands then. Raises what a mail of ours raises."""
    recipient = svc.business.sharing.recipients[notice.recipient]
    if by_wire(svc, request, recipient):
        return hear(svc, notice, _tell_peer(svc, request, notice, recipient))
    if recipient.email is None:
        return hear(svc, notice, Reply(state=NoticeState.FAILED, why=NO_ADDRESS))
    try:
        correspondence.to_recipient(svc, request, notice.recipient, recipient, chased=notice.chased)
    except MailRejected:
        return hear(svc, notice, Reply(state=NoticeState.FAILED, why="the mail service refused our mail to them"))
    return hear(svc, notice, Reply(state=NoticeState.TOLD))


def by_wire(svc: Services, request: Request, recipient: Recipient) -> bool:
    """Whether their system takes this; what it has no words for is mailed."""
    return recipient.peer is not None and svc.peers.takes(recipient.peer, request.right)


def _tell_peer(svc: Services, request: Request, notice: Notice, recipient: Recipient) -> Reply:
    if recipient.peer is None:
        raise ValueError(f"{notice.recipient} has no system of its own")
    tidings = _tidings(svc, request, notice)
    if not tidings.identities:
        return Reply(state=NoticeState.FAILED, why="nothing that was proven names the person to their system")
    try:
        return svc.peers.tell(recipient.peer, tidings)
    except (PeerUnavailable, PeerMisread) as fault:
        return Reply(state=unreached(fault), why=fault.why)


def unreached(fault: PeerUnavailable | PeerMisread) -> NoticeState:
    """What does not answer is tried again tomorrow; what answers wrongly is for staff to look at."""
    return NoticeState.PENDING if isinstance(fault, PeerUnavailable) else NoticeState.FAILED


def _tidings(svc: Services, request: Request, notice: Notice) -> Tidings:
    """Only what was proven names the person; of an opt-out, what was typed (rule 5)."""
    personal = svc.open(request)
    opt_out = request.right is Right.OPT_OUT
    who = behalf.typed(request.relationship, personal) if opt_out else behalf.selecting(request, personal)
    fields = [(svc.business.datamap.field(c.field), c.value) for c in partial.corrections(request, personal)]
    return Tidings(
        id=notice.id, reference=request.reference, right=request.right, regime=request.regime, at=svc.now(),
        due_at=request.due_at, identities=tuple(who), name=personal.subject_name or personal.name,
        corrections=tuple((f.category, f.label, value) for f, value in fields), stop=tuple(personal.stop),
        callback_url=correspondence.callback_url(svc, request, notice.recipient),
    )  # fmt: skip


def hear(svc: Services, notice: Notice, reply: Reply, *, by: str = "", spend: Link | None = None) -> Notice:
    """Note what a recipient says, or how telling them went. What they said in the end stands, whatever comes later.

    A confirmation is one transaction with its audit event; of many that come at once one counts.
    Raises RequestChanged when that never ends.
    """
    for _ in range(road.NOTE_TRIES):
        notice = svc.store.notice(notice.reference, notice.recipient) or notice
        if notice.state.settled:
            answer_again(svc, notice.reference)
            return notice
        fresh = _moved(notice, reply, svc.now())
        if not fresh.state.settled:
            if svc.store.put_notice(fresh):
                return fresh
        elif _confirmed(svc, fresh, by or f"recipient:{notice.recipient}", spend):
            answer_again(svc, notice.reference)
            return fresh
    raise RequestChanged(notice.reference)


def _moved(notice: Notice, reply: Reply, now: datetime) -> Notice:
    """The notice after a reply. Who was told once stays told, though a later try did not get through."""
    state = NoticeState.TOLD if reply.state is NoticeState.PENDING and notice.told_at else reply.state
    told_at = notice.told_at or (None if state in (NoticeState.PENDING, NoticeState.FAILED) else now)
    settled = {"settled_at": now, "next_at": now + DAY if notice.owed else None} if state.settled else {}
    return notice.now(state=state, why=reply.why, told_at=told_at, **settled)


def _confirmed(svc: Services, notice: Notice, by: str, spend: Link | None) -> bool:
    word = next(word for word, state in SAID.items() if state is notice.state)
    request, event = amend(
        svc.store.get(notice.reference), "confirmed_by_recipient", svc.now(), by=f"{by}:{word}", reason=notice.recipient
    )
    try:
        svc.store.commit(request, event, spend=spend, notice=notice)
    except RequestChanged:
        return False
    return True


def standing(svc: Services, request: Request) -> list[tuple[str, NoticeState]]:
    """Each recipient of this request, by name, and where they stand."""
    known = svc.business.sharing.recipients
    return [(known[n.recipient].name, n.state) for n in svc.store.notices(request.reference) if n.recipient in known]


def owe(svc: Services, request: Request) -> None:
    """Before the answer names those who have not confirmed: it owes a second one, when the last of them has."""
    for notice in svc.store.notices(request.reference) if request.right in NAMED else ():
        if not notice.state.settled and not notice.owed and not svc.store.put_notice(notice.now(owed=True)):
            owe(svc, request)  # it has just moved: look again
            return


def answer_again(svc: Services, reference: str) -> None:
    """Tell the customer, once, that the last recipient has acted; nothing while the first answer is not out."""
    notices = svc.store.notices(reference)
    if not any(n.owed for n in notices) or not all(n.state.settled for n in notices):
        return
    request = svc.store.get(reference)
    if request.status not in ANSWERED or silent(svc, request):
        return
    try:
        correspondence.to_customer(svc, request, "recipients_done", recipients=standing(svc, request))
    except (MailRejected, MailUncertain, RequestNotFound) as fault:  # no retry mends it, and no recipient need know
        log.error("%s in the second answer of %s", type(fault).__name__, reference)


def silent(svc: Services, request: Request) -> bool:
    """Whether the answer was the last mail ever (CET-5): then the tracker tells the rest."""
    return request.right is Right.DELETION and "email" in svc.business.rights[Right.DELETION].stops


def callback(svc: Services, token: str, headers: dict[str, str], body: bytes) -> Notice:
    """A recipient's system reports. Raises CallbackRefused unless it signed just this; again is the same again."""
    link, request = road.open_link(svc, token, Purpose.CALLBACK)
    id = link.person.removeprefix("recipient:")
    recipient, notice = svc.business.sharing.recipients.get(id), svc.store.notice(request.reference, id)
    if recipient is None or recipient.peer is None or notice is None:
        raise RequestChanged(request.reference)
    url = f"{svc.settings.public_url}/{Purpose.CALLBACK}/{token}"
    heard = hear(svc, notice, svc.peers.hear(recipient.peer, notice.id, Posted(headers=headers, body=body, url=url)))
    if heard.state is NoticeState.FAILED:
        correspondence.of_recipient(svc, request, id, why=heard.why, once="failed")
    return heard


def task_page(svc: Services, token: str) -> TaskView:
    """What the recipient's link opens. Changes nothing, shows nothing personal."""
    link, request = road.open_link(svc, token, Purpose.TASK)
    return _view(svc, link, request)


def reveal_task(svc: Services, token: str) -> tuple[TaskView, Personal]:
    """Whom the task is about, and the new values of a correction; nothing else that was said. Audited."""
    link, request = road.open_link(svc, token, Purpose.TASK)
    seen = road.note(svc, request.reference, "viewed", by=link.person)
    personal = svc.open(seen)
    return _view(svc, link, seen), Personal(
        email=personal.proven_email or personal.subject_email or personal.email,
        name=personal.subject_name or personal.name,
        corrections=partial.corrections(seen, personal),
    )


def confirm(svc: Services, token: str, outcome: str) -> TaskView:
    """The recipient says what they did: done, none (they hold nothing), kept. Saying it again changes nothing.

    Or staff enter what a recipient told them elsewhere, by a link that is theirs.
    """
    link, request = road.open_link(svc, token, Purpose.TASK)
    notice = svc.store.notice(request.reference, _whose(link)) or _first(svc, request, _whose(link))
    hear(svc, notice, Reply(state=SAID[outcome]), by=link.person, spend=None if link.used_at else link)
    return _view(svc, svc.store.link(token_hash(token)), svc.store.get(request.reference))


def _whose(link: Link) -> str:
    """The recipient in `recipient:<id>`, or in `recipient:<id>:<member of staff>`."""
    return link.person.split(":")[1]


def _view(svc: Services, link: Link, request: Request) -> TaskView:
    notice = svc.store.notice(request.reference, _whose(link))
    confirmed = link.used_at is not None or (notice is not None and notice.state.settled)
    return TaskView(request=request, recipient=svc.business.sharing.recipients[_whose(link)], confirmed=confirmed)
