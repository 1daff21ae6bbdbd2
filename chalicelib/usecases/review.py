"""Review: staff see what would happen and decide, from one mail.

Rule 2: a decision is one transaction, so of forty clicks one counts. Rule 16: an approval carries the hash of the plan
that was shown. Leaves to others: what staff see (card), whether the proof suffices (judging), carrying it out
(fulfilment), the pages (web/staff).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chalicelib.domain.decision import Decision, Ground, Verdict
from chalicelib.domain.masking import guarded
from chalicelib.domain.request import Message, Request, Right, advance
from chalicelib.domain.status import Status
from chalicelib.errors import DecisionNotAllowed, PlanChanged, RequestChanged
from chalicelib.law import exemptions, pause_of, resumed
from chalicelib.links import Link, Purpose
from chalicelib.services import Services
from chalicelib.usecases import (
    awaiting,
    choosing,
    correspondence,
    extending,
    judging,
    partial,
    reminding,
    road,
    second,
)
from chalicelib.usecases.card import grounds, member_of, verdicts, why_not_approve


def ask_staff(svc: Services, reference: str, token: str, *, reminder: int = 0) -> None:
    """Judge what was gathered; ask staff to decide, and wait for them, unless nobody need look."""
    request = svc.store.get(reference)
    if request.status is not Status.FROZEN:
        request = awaiting.with_late_answers(svc, judging.judge(svc, road.going_on(request)))
    if request.status not in (Status.IN_REVIEW, Status.FROZEN):  # nobody need look: there is nothing to wait for
        svc.workflow.complete(token, {"next": road.next_step(request)})
        return
    road.begin_wait(svc, reference, road.DECISION, token)
    if (
        road.first_stage(request) == "gather" and request.status is Status.IN_REVIEW
    ):  # not asked for proof: heard nothing
        correspondence.to_customer(svc, request, "received")
    reminding.ask(svc, request, again=reminder > 0)
    request = svc.store.get(reference)
    if request.status not in (Status.IN_REVIEW, Status.FROZEN):
        road.go_on(svc, request, road.DECISION)


def decide(
    svc: Services,
    token: str,
    *,
    verdict: Verdict,
    ground: Ground | None = None,
    explanation: str | None = None,
    plan: str | None = None,
    leave: tuple[str, ...] = (),
    exemption: str | None = None,
    pause: bool = False,
) -> Request:
    """Staff's word, made once; an approval may `leave` out places, a question may `pause` the clock where the law
    lets it. A request decided already is shown as it is.

    Raises DecisionNotAllowed (why), PlanChanged (look again), RequestChanged (somebody was faster).
    """
    link, request = road.open_link(svc, token, Purpose.REVIEW)
    member = member_of(svc, link)
    why_not = why_not_approve(svc, request)
    if request.status not in (Status.IN_REVIEW, Status.FROZEN):
        return request
    if verdict not in verdicts(svc, request, member, why_not):
        raise DecisionNotAllowed(why_not or "This decision is not open to you for this request.")
    said = guarded((explanation or "").strip())  # the customer is mailed it, and no mail has such numbers (PRU-5)
    _complete(request, verdict, ground, said)
    if verdict is Verdict.REFUSE and ground not in grounds(request):
        raise DecisionNotAllowed("The law does not let us decline yet: too few requests came before this one.")
    if verdict is Verdict.APPROVE and plan != request.plan_hash:
        raise PlanChanged(request.reference)
    decision = Decision(
        verdict=verdict, by=member.id, at=svc.now(), ground=ground, plan=plan, leave=leave, exemption=exemption
    )
    decision = _sound(svc, request, decision, explanation)
    if pause and (verdict is not Verdict.ASK or not pause_of(request, svc.business.zone, decision.at)):
        raise DecisionNotAllowed("Only a question stops the clock, and only where the law lets it.")
    try:
        whole = second.with_first(svc, request, decision)
        if whole is None:
            return second.note(svc, request, decision)
    except RequestChanged:
        return _after_somebody_else(svc, request)
    decision = whole
    if verdict is Verdict.EXTEND:
        return extending.extend(svc, request, member, said)
    try:
        decided = _decided(svc, request, link, decision, said, pause=pause)
    except RequestChanged:
        return _after_somebody_else(svc, request)
    road.go_on(svc, decided, road.DECISION)
    if request.taken_back:
        _without_waiting(svc, decided)
    return decided


def _without_waiting(svc: Services, request: Request) -> None:
    """The machine still stands in the undo window of the approval that was taken back: the customer hears at once.

    The road that waits there ends by itself when it finds the request answered, or asks staff anew.
    """
    if request.status is Status.ASKED:
        reminding.ask_customer(svc, request, reminder=False)
    elif road.refused(request):
        road.start(svc, request, "answer")


def choose_records(svc: Services, token: str, *, field: str, ids: Sequence[str]) -> Request:
    """Which records a correction means. A request that is no longer with staff is shown as it is.

    Raises DecisionNotAllowed (why), InvalidRequest, PlanChanged (look again), RequestChanged (somebody was faster).
    """
    link, request = road.open_link(svc, token, Purpose.REVIEW)
    member = member_of(svc, link)
    if request.status is not Status.IN_REVIEW:
        return request
    if not verdicts(svc, request, member, None):
        raise DecisionNotAllowed("Which record is meant is not yours to say for this request.")
    return choosing.choose(svc, request, member, field, ids)


def _sound(svc: Services, request: Request, decision: Decision, explanation: str | None) -> Decision:
    """The decision as it will stand: a ground belongs to what is refused, the whole or what is left out.

    Raises DecisionNotAllowed.
    """
    leave, ground = decision.leave, decision.ground
    if leave and decision.verdict is not Verdict.APPROVE:
        raise DecisionNotAllowed("Only an approval can leave something out.")
    partial.check(svc, request, leave, ground, explanation)
    if decision.verdict is not Verdict.REFUSE and not leave:
        ground = None
    exemption = decision.exemption if ground is Ground.EXEMPT else None
    if exemption and exemption not in exemptions(request.regime, request.right):
        raise DecisionNotAllowed("Choose one of the exemptions listed.")
    return decision.model_copy(update={"ground": ground, "exemption": exemption})


def _after_somebody_else(svc: Services, request: Request) -> Request:
    """Somebody wrote first: if they decided, show that; if they only looked, let this one click again."""
    now = svc.store.get(request.reference)
    if now.status is request.status:
        raise RequestChanged(request.reference)
    return now


def _complete(request: Request, verdict: Verdict, ground: Ground | None, said: str) -> None:
    if verdict is Verdict.REFUSE and ground is None:
        raise DecisionNotAllowed("Choose the ground of the refusal: the customer is told it.")
    if verdict is Verdict.REFUSE and ground is Ground.OTHER and not said:
        raise DecisionNotAllowed("A refusal on another ground needs its explanation.")
    if verdict in (Verdict.ASK, Verdict.EXTEND) and not said:
        raise DecisionNotAllowed("Say what the customer should read: your question, or the reason for more time.")
    if verdict is Verdict.APPROVE and request.right is Right.CONCERN and not said:
        raise DecisionNotAllowed("Write the answer that the customer will get.")


def _decided(svc: Services, request: Request, link: Link, decision: Decision, said: str, *, pause: bool) -> Request:
    """The decision, its event and the used link in one transaction."""
    personal = svc.open(request)
    if decision.verdict is Verdict.ASK:
        message = Message(at=decision.at, by=f"staff:{decision.by}", text=said)
        personal = personal.model_copy(update={"messages": [*personal.messages, message]})
    else:
        personal = personal.model_copy(update={"explanation": said or None})
    changes: dict[str, Any] = {"sealed": svc.seal(request.reference, personal), "decision": decision}
    to = Status.FULFILLING
    if decision.verdict is Verdict.REFUSE and request.taken_back:
        changes["road"] = request.road + 1
    if decision.verdict is Verdict.ASK:
        to, changes["decision"], changes["paused_at"] = Status.ASKED, None, decision.at if pause else None
    elif decision.verdict is Verdict.APPROVE and _deletes(svc, request):
        to, changes["undo_until"] = Status.COOLING_OFF, decision.at + judging.undo_window(svc)
    decided, event = advance(
        request, to, decision.at, by=f"staff:{decision.by}", reason=decision.ground or decision.verdict.value,
        note=f"{decision.told} clock_paused" if pause else decision.told, **changes,
    )  # fmt: skip
    svc.store.commit(decided, event, spend=link)
    return decided


def _deletes(svc: Services, request: Request) -> bool:
    """Whether there is something to change one's mind about: not where all is kept."""
    return request.right is Right.DELETION and any(c.acts for c in judging.current_plan(svc, request).collections)


def ask_customer(svc: Services, reference: str, token: str) -> None:
    """Mail staff's question and wait for the reply, which comes through the tracker."""
    request = road.live(svc, reference)
    road.begin_wait(svc, reference, road.REPLY, token)
    if request.status is Status.ASKED:
        reminding.ask_customer(svc, request, reminder=False)
    request = svc.store.get(reference)
    if request.status is not Status.ASKED:
        road.go_on(svc, request, road.REPLY)


def no_reply(svc: Services, reference: str) -> None:
    """The customer did not reply in time: back to staff, who decide on what there is."""
    request = road.live(svc, reference)
    if request.status is Status.ASKED:
        now = svc.now()
        runs = resumed(request, svc.business.zone, now)
        back, event = advance(request, Status.IN_REVIEW, now, reason="no_reply", **runs)
        svc.store.commit(back, event)
