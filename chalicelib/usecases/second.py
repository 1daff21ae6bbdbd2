"""Two people: a deletion of many records runs only when a second member of staff has approved the very same.

The first approval is stored with the request, by a conditional write, and moves nothing; whoever presses it again is no
second person. What counts is the plan and what is left out: where either has changed, the approval is a first one
anew (rule 16). Refusing, asking and extending need one person. Leaves to others: the decision itself (review).
"""

from __future__ import annotations

import logging

from chalicelib.businesses.model import Member
from chalicelib.domain.decision import Decision, Verdict
from chalicelib.domain.plan import Plan
from chalicelib.domain.request import Request, Right, amend
from chalicelib.errors import DecisionNotAllowed, MailRejected, MailUncertain, ServiceUnavailable
from chalicelib.services import Services
from chalicelib.usecases import correspondence, judging, powers

log = logging.getLogger("rightsdesk.second")


def needed(svc: Services, request: Request, plan: Plan, leave: tuple[str, ...] = ()) -> int | None:
    """How many records would go, where that takes two people; None where one is enough."""
    above = svc.business.rights[Right.DELETION].two_above
    if request.right is not Right.DELETION or above is None:
        return None
    records = sum(line.acts for line in plan.collections if line.place not in leave)
    return records if records > above else None


def standing(request: Request) -> Decision | None:
    """The first approval of the plan as it is now, if there is one."""
    first = request.first_approval
    return first if first and first.plan == request.plan_hash else None


def with_first(svc: Services, request: Request, decision: Decision) -> Decision | None:
    """The decision that may be carried out, naming who approved first; None: it is itself the first approval.

    Raises DecisionNotAllowed for the same person twice.
    """
    if decision.verdict is not Verdict.APPROVE:
        return decision
    if needed(svc, request, judging.current_plan(svc, request), decision.leave) is None:
        return decision
    first = standing(request)
    if first is None or not _same(first, decision):
        return None
    if first.by == decision.by:
        raise DecisionNotAllowed("You have approved this. So many records need a second person, too.")
    return decision.model_copy(update={"first_by": first.by})


def _same(first: Decision, decision: Decision) -> bool:
    """Whether both approve the same; a ground belongs to what is left out."""
    return (sorted(first.leave), first.ground, first.exemption) == (
        sorted(decision.leave), decision.ground, decision.exemption,
    )  # fmt: skip


def note(svc: Services, request: Request, decision: Decision) -> Request:
    """Store the first approval and mail those who may give the second. Raises RequestChanged."""
    noted, event = amend(
        request, "approved_first", decision.at, by=f"staff:{decision.by}", reason=decision.told,
        first_approval=decision,
    )  # fmt: skip
    svc.store.commit(noted, event)
    members = others(svc, noted, decision)
    try:
        correspondence.to_staff(
            svc, noted, "staff_second", members, once=str(noted.version), first=svc.business.member(decision.by),
            due_at=noted.due_at, days_left=noted.days_left(svc.now()),
        )  # fmt: skip
    except (MailRejected, MailUncertain, ServiceUnavailable) as fault:  # the queue, the digest and reminders list it
        log.error("%s in telling of a first approval of %s", type(fault).__name__, noted.reference)
    return noted


def others(svc: Services, request: Request, first: Decision) -> list[Member]:
    """Who may give the second approval."""
    return [m for m in svc.business.staff if m.id != first.by and powers.may_decide(svc, request, m)]
