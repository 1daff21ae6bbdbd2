"""Chasing: the daily sweep over recipients who have not confirmed: asked, told again, then given to staff.

Days in business.yaml (`waits.recipient_days`): at each of them whoever is silent is told again; at the last one staff
are told too, and may enter what they hear elsewhere. Rule 11: one who fails stops no other. Rule 18: each mark asks
once. Leaves to others: telling and hearing (recipients), the wire (adapters/peers).
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from chalicelib.domain.notice import Notice, NoticeState, Reply
from chalicelib.domain.request import Request
from chalicelib.domain.status import Status
from chalicelib.errors import PeerMisread, PeerUnavailable, RequestNotFound, RightsdeskError
from chalicelib.services import Services
from chalicelib.usecases import correspondence, recipients

log = logging.getLogger("rightsdesk.chasing")

MOST = 1000
"""Notices in one run; the next one goes on from there."""
GIVEN_UP = timedelta(days=90)
"""From then on nobody is asked any more; a confirmation that comes by itself still counts."""
OVER = frozenset({Status.WITHDRAWN, Status.REFUSED, Status.LAPSED, Status.FROZEN})


def chase(svc: Services, most: int = MOST) -> dict[str, int]:
    """Look at each notice whose day has come. Counts them by where they stand then; `not_looked_at` failed."""
    done = {"settled": 0, "open": 0, "not_looked_at": 0}
    for number, notice in enumerate(svc.store.notices_due(svc.now())):
        if number >= most:
            break
        try:
            done["settled" if _look(svc, notice) else "open"] += 1
        except RightsdeskError as fault:
            log.error("%s in chasing a recipient of %s", type(fault).__name__, notice.reference)
            done["not_looked_at"] += 1
    return done


def _look(svc: Services, found: Notice) -> bool:
    """Whether it is settled now. The index may be a moment late: what the notice itself says decides."""
    notice = svc.store.notice(found.reference, found.recipient)
    if notice is None or notice.next_at is None or notice.next_at > svc.now():
        return notice is None or notice.state.settled
    try:
        request = svc.store.get(notice.reference)
    except RequestNotFound:
        return True
    if notice.state.settled:
        recipients.answer_again(svc, notice.reference)
    elif request.status not in OVER and notice.recipient in svc.business.sharing.recipients:
        notice = _ask(svc, request, notice)
    notice = svc.store.notice(notice.reference, notice.recipient) or notice
    svc.store.put_notice(notice.now(next_at=_next(svc, request, notice)))
    return notice.state.settled


def _ask(svc: Services, request: Request, notice: Notice) -> Notice:
    """Hear how it stands; tell again where that is due; give it to staff after the last time."""
    recipient = svc.business.sharing.recipients[notice.recipient]
    days, age = svc.business.waits.recipient_days, svc.now() - notice.begun_at
    passed = sum(age >= timedelta(days=day) for day in days)
    wired = recipients.by_wire(svc, request, recipient)
    if notice.state is NoticeState.TOLD and wired and recipient.peer:
        try:
            reply = svc.peers.ask(recipient.peer, notice.id)
        except (PeerUnavailable, PeerMisread) as fault:
            reply = Reply(state=NoticeState.TOLD, why=fault.why)  # told it was: only how it stands is not known
        notice = recipients.hear(svc, notice, reply)
    due = passed > notice.chased
    if not notice.state.settled and (due or notice.state is NoticeState.PENDING):
        chased = notice.now(chased=passed)
        if svc.store.put_notice(chased):
            notice = recipients.reach(svc, request, chased)
    if not notice.state.settled and due and passed == len(days):
        correspondence.of_recipient(svc, request, notice.recipient, why=notice.why, once=f"silent:{passed}")
    elif notice.state is NoticeState.FAILED:
        correspondence.of_recipient(svc, request, notice.recipient, why=notice.why, once="failed")
    return notice


def _next(svc: Services, request: Request, notice: Notice) -> datetime | None:
    """Tomorrow where something may be heard by asking, else on the next of the days; None when nothing more is due."""
    if notice.state.settled or request.status in OVER or svc.now() - notice.begun_at > GIVEN_UP:
        return None
    recipient = svc.business.sharing.recipients.get(notice.recipient)
    if recipient and recipients.by_wire(svc, request, recipient) and notice.state is not NoticeState.FAILED:
        return svc.now() + recipients.DAY
    if notice.state is NoticeState.PENDING:
        return svc.now() + recipients.DAY
    marks = [notice.begun_at + timedelta(days=day) for day in svc.business.waits.recipient_days]
    return next((mark for mark in marks if mark > svc.now()), None)
