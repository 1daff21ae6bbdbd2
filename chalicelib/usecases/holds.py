"""Legal holds: staff keep everything about a person as it is, until they release it.

Rule 12: what a hold keeps is told, to staff on the plan and to the customer in the answer. The hold is an item of its
own under the person's keyed hash, so it stands for every deletion of theirs; why it was set is sealed with the request.
The hold is set before it is audited and released after: a fault between leaves it standing. Leaves to others: what a
held deletion does (domain/plan, gathering), the answer.
"""

from __future__ import annotations

from chalicelib.businesses.model import Member
from chalicelib.domain.request import Message, Request, Right, advance, amend
from chalicelib.domain.status import Status
from chalicelib.errors import DecisionNotAllowed
from chalicelib.links import Purpose
from chalicelib.ports import Hold
from chalicelib.services import Services
from chalicelib.usecases import held_back, powers, road
from chalicelib.usecases.card import Card, card_of, member_of

HELD, RELEASED = "held", "released"


def hold(svc: Services, token: str, explanation: str) -> Card:
    """Keep everything about the person of this request. Raises DecisionNotAllowed."""
    request, member, subject = _opened(svc, token)
    standing = svc.store.hold(Hold(subject=subject, since=svc.now(), by=member.id, reference=request.reference))
    noted = any(e.what == HELD and e.at >= standing.since for e in svc.store.events(request.reference))
    if not noted:
        request = _again(svc, _note(svc, request, member, HELD, explanation))
    return card_of(svc, request, member)


def release(svc: Services, token: str, explanation: str) -> Card:
    """End the hold on the person of this request. Raises DecisionNotAllowed."""
    request, member, subject = _opened(svc, token)
    if svc.store.hold_of(subject):
        request = _note(svc, request, member, RELEASED, explanation)
        svc.store.release_hold(subject)
        request = _again(svc, request)
    return card_of(svc, request, member)


def take_up(svc: Services, token: str, reference: str) -> Card:
    """Open what the hold kept of an earlier deletion as a linked one, decided like any. Doing it twice opens one.

    Raises DecisionNotAllowed.
    """
    request, member, _ = _opened(svc, token)
    if reference not in held_back.limited(svc, request):
        raise DecisionNotAllowed("No legal hold that has ended kept anything of this deletion.")
    held_back.open_rest(svc, svc.store.get(reference), by=f"staff:{member.id}")
    return card_of(svc, svc.store.get(request.reference), member)


def _opened(svc: Services, token: str) -> tuple[Request, Member, str]:
    link, request = road.open_link(svc, token, Purpose.REVIEW)
    member = member_of(svc, link)
    if request.subject_hash is None or not powers.may_hold(svc, request, member):
        raise DecisionNotAllowed("A legal hold on this person is not yours to set or end.")
    return request, member, request.subject_hash


def _note(svc: Services, request: Request, member: Member, what: str, explanation: str) -> Request:
    """Audit it; the explanation goes under the request's own seal."""
    by, now = f"staff:{member.id}", svc.now()
    personal = svc.open(request)
    notes = [*personal.notes, Message(at=now, by=by, text=explanation)]
    sealed = svc.seal(request.reference, personal.model_copy(update={"notes": notes}))
    noted, event = amend(request, what, now, by=by, sealed=sealed)
    svc.store.commit(noted, event)
    return noted


def _again(svc: Services, request: Request) -> Request:
    """A deletion before staff is gathered anew, so that they see the plan as it is now; elsewhere it drifts back."""
    if request.right is not Right.DELETION or request.status is not Status.IN_REVIEW:
        return request
    gathering, event = advance(request, Status.GATHERING, svc.now(), reason="hold_changed")
    svc.store.commit(gathering, event)
    road.go_on(svc, gathering, road.DECISION)
    return gathering
