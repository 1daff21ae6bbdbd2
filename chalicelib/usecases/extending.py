"""More time: once, before the first limit, and the customer is told why (Civ. Code 1798.145(h)(1); GDPR Art. 12(3)).

The reason is staff's text: sealed with the request, told in the mail, on no page that a link alone opens (rules 1, 7).
The reminders follow the new date by themselves: they read it from the request. Leaves to others: what a law allows.
"""

from __future__ import annotations

from chalicelib.businesses.model import Member
from chalicelib.domain.request import Request, amend
from chalicelib.errors import MailRejected
from chalicelib.law import extended_clock, may_extend
from chalicelib.services import Services
from chalicelib.usecases import correspondence


def can_extend(svc: Services, request: Request) -> bool:
    return may_extend(request, svc.business.zone, svc.now())


def extend(svc: Services, request: Request, member: Member, reason: str) -> Request:
    """The request with its later dates, told to the customer. Raises DecisionNotAllowed: the law allows none now."""
    now = svc.now()
    clock = extended_clock(request, svc.business.zone, at=now)
    personal = svc.open(request).model_copy(update={"extension_reason": reason})
    extended, event = amend(
        request, "extended", now, by=f"staff:{member.id}", due_at=clock.target, limit_at=clock.limit, extended_at=now,
        to_post=request.by_post,
        sealed=svc.seal(request.reference, personal),
    )  # fmt: skip
    # Who has no email, or whose address no mail reaches, is sent the notice by post (posting).
    # The mail goes first: the law wants it told, and once written an extension could not be told again.
    try:
        correspondence.to_customer(svc, extended, "extended", due_at=extended.due_at, text=reason)
    except MailRejected:  # surely and for good: the notice is posted, and so is what follows it
        extended = extended.model_copy(update={"by_post": True, "to_post": True})
    svc.store.commit(extended, event)
    return extended
