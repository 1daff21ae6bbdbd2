"""Judging: once all sources have answered, does the proof suffice, and what is the plan?

Rule 10: a failed proof for details still gets the categories. Rule 19: the floor was fixed at intake. A mailbox about
which nothing is held hears that at once: the answer carries no personal data. Leaves to others: asking staff (review).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from chalicelib.domain.audit import Event
from chalicelib.domain.decision import Decision, Verdict
from chalicelib.domain.identity import Doubt
from chalicelib.domain.plan import Finding, Outcome, Plan, plan_hash, plan_of
from chalicelib.domain.request import Personal, Relationship, Request, Right, advance, amend
from chalicelib.domain.status import Status
from chalicelib.domain.verification import TRIES
from chalicelib.domain.walk import only_synthetic
from chalicelib.errors import SourceUnavailable
from chalicelib.services import Services
from chalicelib.usecases import gathering, limits, road, suppression
from chalicelib.usecases.verification import SUBJECT_WINDOW
from chalicelib.usecases.windows import window_end


def judge(svc: Services, request: Request) -> Request:
    """The gathered request, moved on: back to proof, to staff, or (where nobody need look) to its answer.

    Raises SourceUnavailable when a source that failed may hold what would prove the person.
    """
    if request.status is Status.RECEIVED:  # there was no source to search, and so none that began
        request = gathering.begin(svc, request)
    if request.status is not Status.GATHERING:
        return request
    personal = svc.open(request)
    outcomes = svc.store.outcomes(request.reference)
    found, erased = gathering.findings_of(svc, outcomes), any(o.done for o in outcomes)  # erased: in an earlier pass
    # What this try has proven stays proven, though the answers are gone by now or the record says something new.
    matched = tuple(sorted({*request.proof.matched, *(point for f in found for point in f.matched)}))
    proof = request.proof.model_copy(update={"matched": matched})
    plan = plan_of(request.right, found, svc.business.titles())
    digests = {f.source: f.digest for f in found}
    judged = request.model_copy(
        update={"proof": proof, "findings": digests, "plan_hash": plan_hash(request.right, digests, *_asked(personal))}
    )
    moved, event = _moved(svc, judged, personal, plan, found, erased=erased)
    if moved.status is not Status.VERIFYING:
        moved = moved.model_copy(update={"nth": limits.take_turn(svc, moved)})
    svc.store.commit(moved, event)
    if proof.suffices and personal.answers and request.subject_hash and not request.proof.matched:
        svc.store.uncount("subject", request.subject_hash, ends=window_end(svc.now(), SUBJECT_WINDOW))
    return moved


def _walk_only(svc: Services, request: Request, plan: Plan, found: list[Finding]) -> bool:
    """Whether a walk of the canary's may be answered by itself: access to the rows named as synthetic, and no other."""
    canary = svc.business.canary
    plain = request.right is Right.ACCESS and request.relationship is Relationship.SELF and not plan.failed
    return canary is not None and plain and only_synthetic(canary.rows, found)


def _moved(
    svc: Services, request: Request, personal: Personal, plan: Plan, found: list[Finding], *, erased: bool
) -> tuple[Request, Event]:
    """Where a gathered request goes next, with the event that says so."""
    now = svc.now()
    if plan.unasked and (request.proof.suffices or plan.nothing_held):
        return amend(request, "asked_by_hand", now, by_hand=True)
    if request.right in road.SEARCHED and found and plan.nothing_held and not erased:
        suppression.with_deletion(svc, request, personal)
        return _approved_by_system(svc, request, "nothing_held")
    knows = [source for source in plan.failed if not svc.business.datamap.sources[source].by_hand]
    knows += [source for source, u in plan.unclear if u.doubt is Doubt.UNREAD]
    if knows and not request.proof.suffices:
        # The right answer may stand in a source that does not answer: no try is judged on half of what is held.
        raise SourceUnavailable(", ".join(sorted(knows)))
    if not request.proof.suffices:
        if personal.answers and request.proof.tries < TRIES:
            return advance(request, Status.VERIFYING, now, reason="proof_insufficient")
        if request.right is Right.ACCESS:
            request = request.model_copy(update={"categories_only": True})
        return advance(request, Status.IN_REVIEW, now, reason="proof_insufficient")
    if request.right is Right.CALIFORNIA_DISCLOSURE and _answered_this_year(svc, request):
        return _approved_by_system(svc, request.model_copy(update={"asked_before": True}), "asked_before")
    if request.synthetic and _walk_only(svc, request, plan, found):
        return _approved_by_system(svc, request, "synthetic")
    automatic = svc.business.rights[request.right].review == "automatic" and request.relationship is Relationship.SELF
    unclear = any(
        f.ambiguous or f.unclear or f.refused for f in found
    )  # only a person can tell which, or whose, is meant
    if automatic and not plan.failed and not unclear and not request.appeal_of:
        return _approved_by_system(svc, request, "automatic")
    return advance(request, Status.IN_REVIEW, now)


def _approved_by_system(svc: Services, request: Request, reason: str) -> tuple[Request, Event]:
    decision = Decision(verdict=Verdict.APPROVE, by="system", at=svc.now(), plan=request.plan_hash)
    if request.right is Right.DELETION and reason != "nothing_held":
        undo_until = svc.now() + undo_window(svc)
        return advance(request, Status.COOLING_OFF, svc.now(), reason=reason, decision=decision, undo_until=undo_until)
    return advance(request, Status.FULFILLING, svc.now(), reason=reason, decision=decision)


def undo_window(svc: Services) -> timedelta:
    """How long a deletion waits before it runs."""
    seconds = svc.settings.undo_seconds
    return svc.business.waits.undo if seconds is None else timedelta(seconds=seconds)


def disclosure_claim(svc: Services, request: Request) -> tuple[str, str]:
    """The claim that makes a disclosure once per person and calendar year (Civil Code 1798.83(c)(1))."""
    year = request.received_at.astimezone(svc.business.zone).year
    return f"disclosure-{year}", request.subject_hash or request.reference


def _answered_this_year(svc: Services, request: Request) -> bool:
    name, key = disclosure_claim(svc, request)
    return svc.store.claim(name, key, request.reference) != request.reference


def _asked(personal: Personal) -> list[str]:
    chosen = [f"{c.field}@{key}" for c in personal.chosen for key in sorted(c.keys)]
    return [f"{c.field}={c.value}" for c in personal.corrections] + chosen + sorted(personal.stop)


def current_plan(svc: Services, request: Request, outcomes: Sequence[Outcome] | None = None) -> Plan:
    """The plan as gathered, to show; from these outcomes, where they are at hand."""
    found = svc.store.outcomes(request.reference) if outcomes is None else outcomes
    return plan_of(request.right, gathering.findings_of(svc, found), svc.business.titles())
