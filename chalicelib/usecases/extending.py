"""More time: once, before the first limit, and the customer is told why (Civ. Code 1798.145(h)(1); GDPR Art. 12(3)).

The reason is staff's text: sealed with the request, told in the mail, on no page that a link alone opens (rules 1, 7).
The reminders follow the new date by themselves: they read it from the request. Leaves to others: what a law allows.
"""

from __future__ import annotations

from chalicelib.businesses.model import Member
from chalicelib.domain.request import Request, amend
from chalicelib.errors import DecisionNotAllowed
from chalicelib.law import extended_clock, may_extend
from chalicelib.services import Services
from chalicelib.usecases import correspondence


def can_extend(svc: Services, request: Request) -> bool:
    return may_extend(request, svc.business.zone, svc.now())


def extend(svc: Services, request: Request, member: Member, reason: str) -> Request:
    """The request with its later dates, told to the customer; told again if a first mail did not leave.

    Raises DecisionNotAllowed: the law allows none, or its first limit has passed.
    """
    if request.extended_at is None:
        now = svc.now()
        clock = extended_clock(request, svc.business.zone, at=now)
        personal = svc.open(request).model_copy(update={"extension_reason": reason.strip()})
        request, event = amend(
            request, "extended", now, by=f"staff:{member.id}", due_at=clock.target, limit_at=clock.limit,
            extended_at=now, sealed=svc.seal(request.reference, personal),
        )  # fmt: skip
        svc.store.commit(request, event)
    told = svc.open(request).extension_reason
    if told is None:
        raise DecisionNotAllowed("More time was taken before. It can be done once.")
    correspondence.to_customer(svc, request, "extended", due_at=request.due_at, text=told)
    return request
