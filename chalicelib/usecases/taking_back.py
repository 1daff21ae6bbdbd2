"""Taking back: staff undo their own mis-click while nothing irreversible has run.

A deletion that waits out its undo window, or a question that has no reply yet, goes back to review. The link that was
used to decide is spent, so a new one comes with it; the customer hears of it only if they had been told. The machine
may still stand in the undo window: `taken_back` tells it that this wait counts for nothing (fulfilment.begin).
"""

from __future__ import annotations

from chalicelib import links
from chalicelib.businesses.model import Member
from chalicelib.domain.request import Request, advance
from chalicelib.domain.status import Status
from chalicelib.errors import DecisionNotAllowed
from chalicelib.law import resumed
from chalicelib.links import Purpose
from chalicelib.services import Services
from chalicelib.usecases import correspondence, powers, reminding, road
from chalicelib.usecases.card import Card, card_of, member_of


def take_back(svc: Services, token: str) -> tuple[Card, str]:
    """The request, back in review, and the token of a fresh link for the one who took it back.

    Raises DecisionNotAllowed when it is too late or was somebody else's decision, RequestChanged.
    """
    link, request = road.open_link(svc, token, Purpose.REVIEW)
    member = member_of(svc, link)
    if not powers.may_take_back(svc, request, member):
        raise DecisionNotAllowed("This can no longer be taken back, or somebody else decided it.")
    fresh = svc.chance.token()
    back = _back(svc, request, member, fresh)
    if _was_told(svc, request):
        correspondence.to_customer(
            svc, back, "decision_undone", once=str(back.version), asked=request.status is Status.ASKED
        )
    if request.status is Status.ASKED:
        road.go_on(svc, back, road.REPLY)  # the machine asks staff anew, which mails them
    else:
        reminding.ask(svc, back, again=False)
    return card_of(svc, back, member), fresh


def _back(svc: Services, request: Request, member: Member, fresh: str) -> Request:
    now = svc.now()
    personal = svc.open(request).model_copy(update={"explanation": None})
    waiting = request.status is Status.COOLING_OFF
    back, event = advance(
        request, Status.IN_REVIEW, now, by=f"staff:{member.id}", reason="taken_back", decision=None, undo_until=None,
        first_approval=None,
        taken_back=now if waiting else request.taken_back, sealed=svc.seal(request.reference, personal),
        **resumed(request, svc.business.zone, None),  # a question that was taken back stopped no clock
    )  # fmt: skip
    link = links.mint(fresh, Purpose.REVIEW, member.id, request.reference, now)
    svc.store.commit(back, event, links=[link])
    return back


def _was_told(svc: Services, request: Request) -> bool:
    """Whether the decision's mail has left; one that has not never will."""
    if request.status is Status.ASKED:
        return correspondence.told_or_never(svc, request, "asked", once=str(powers.asked_by(svc, request)[0]))
    until = request.undo_until
    return correspondence.told_or_never(svc, request, "cooling_off", once=str(until or ""))
