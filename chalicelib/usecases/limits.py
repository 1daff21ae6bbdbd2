"""How often somebody may ask: a request takes a turn in the law's window, and gives it back if it comes to nothing.

Rule 17: a turn is taken by one conditional write, in the order of writing, so of two at once one is the second.
Rule 18: taking it again is the same turn. A request counts once it is judged, so strangers use up nobody's turns. What
a law allows beyond its limit stands in law/; a first answer again (1798.83) is judging's claim of the year.
"""

from __future__ import annotations

from chalicelib.domain.request import Request
from chalicelib.law import LAW_RIGHT, Limit, limit_for, window_start
from chalicelib.services import Services

ORDINALS = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", 6: "sixth", 7: "seventh", 8: "eighth"}


def counted(request: Request) -> Limit | None:
    """The limit under which this request takes a turn; None where none does: an appeal or a rest is no new request."""
    limit = (
        None
        if request.appeal_of or request.continues or request.synthetic
        else limit_for(request.regime, request.right)
    )
    return None if limit is None or limit.effect == "first_answer_again" or not request.subject_hash else limit


def take_turn(svc: Services, request: Request) -> int:
    """Which one this request is in the law's window, from 1; 0 where the law does not limit it."""
    limit = counted(request)
    if limit is None:
        return 0
    since = window_start(limit, request.received_at, svc.business.zone)
    turns = svc.store.take_turn(*_place(request), request.reference, request.received_at)
    return sum(since <= at for at in turns)


def give_back(svc: Services, request: Request) -> None:
    """The request came to nothing (withdrawn, refused, lapsed): it counts no longer."""
    if counted(request):
        svc.store.give_back_turn(*_place(request), request.reference)


def over(request: Request) -> Limit | None:
    """The limit that this request is beyond, if it is beyond one."""
    limit = counted(request)
    return limit if limit and request.nth > limit.count else None


def said(request: Request) -> str | None:
    """For staff: which one it is, and what the law lets them do; None within the limit."""
    limit = over(request)
    if limit is None:
        return None
    which = ORDINALS.get(request.nth, f"number {request.nth}")
    window = "12 months" if limit.window == "rolling_12_months" else "this calendar year"
    may = "It may be declined" if limit.effect == "may_decline" else "The law would let you charge for it"
    return f"This is the {which} in {window}, and {limit.count} must be answered free. {may} ({limit.cite})."


def _place(request: Request) -> tuple[str, str]:
    return f"turns-{request.regime}-{LAW_RIGHT[request.right].value}", request.subject_hash or request.reference
