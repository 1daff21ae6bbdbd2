"""Leaving: somebody is no longer among the staff; their links die at once, and what waited for them goes to another.

The business's files say who is staff, but a file takes a deployment: cutting off is a mark in the table, read by every
process within half a minute. Nobody is cut off whose rights nobody else decides. Rule 9: another's link is never
handed on, a fresh one is minted. Leaves to others: leaving them out (adapters/staff), deciding (review).
"""

from __future__ import annotations

from typing import Any

from chalicelib.businesses.model import Member
from chalicelib.domain.request import Request, Right
from chalicelib.domain.status import Status
from chalicelib.errors import DecisionNotAllowed
from chalicelib.services import Services
from chalicelib.usecases import correspondence, powers, reminding, road

WAITS_FOR_STAFF = {
    Status.IN_REVIEW: "staff_review", Status.FROZEN: "staff_frozen", Status.NEEDS_ATTENTION: "staff_attention",
}  # fmt: skip
"""Where a request waits for a person of ours, and the mail that asks them."""


def left_alone(svc: Services, member: str) -> list[Right]:
    """The rights that nobody would decide any longer without this one."""
    rest = svc.business.without({member})
    return [right for right in svc.business.rights if not rest.deciders(right) and not rest.leads()]


def cut_off(svc: Services, member: str) -> None:
    """From now on this staff id is nobody's. Again changes nothing.

    Raises DecisionNotAllowed for an id that is not staff's, or where nobody else would decide a right.
    """
    if svc.business.member(member) is None and member not in svc.store.those_cut_off():
        raise DecisionNotAllowed(f"{member} is not among the staff of {svc.business.id}.")
    if alone := left_alone(svc, member):
        named = ", ".join(right.value for right in alone)
        raise DecisionNotAllowed(f"Nobody else decides {named}: first name somebody in business.yaml.")
    svc.store.cut_off(member)


def waiting(svc: Services, limit: int = 2_000) -> list[Request]:
    """Open requests that wait for a decision, or to be tried again; due first."""
    return [r for r in svc.store.queue(limit=limit) if r.status in WAITS_FOR_STAFF]


def may_take(svc: Services, request: Request, member: Member) -> bool:
    """Whether this member could decide what waits."""
    return request.status in WAITS_FOR_STAFF and powers.may_decide(svc, request, member)


def hand_over(svc: Services, request: Request, to: Member, *, by: str) -> bool:
    """Mail `to` a review link of their own for what waits, and note it; False when they had one today.

    Raises DecisionNotAllowed when it waits for nobody, or they may not decide it.
    """
    if not may_take(svc, request, to):
        raise DecisionNotAllowed(f"{request.reference} does not wait for a decision that {to.id} may take.")
    mail, now = WAITS_FOR_STAFF[request.status], svc.now()
    by = f"{by}:{to.id}"
    events = svc.store.events(request.reference)
    if any((e.what, e.by, e.at.date()) == ("handed_over", by, now.date()) for e in events):
        return False
    correspondence.to_staff(svc, request, mail, [to], once=f"handed:{now:%Y-%m-%d}", **_said(request, mail, svc))
    road.note(svc, request.reference, "handed_over", by=by)
    return True


def _said(request: Request, mail: str, svc: Services) -> dict[str, Any]:
    if mail == "staff_attention":
        return {"where": request.resume, "why": request.reason}
    return {"reminder": reminding.AGAIN, "due_at": request.due_at, "days_left": request.days_left(svc.now())}
