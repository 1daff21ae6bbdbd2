"""Attention: a step that could not go on waits for a person with a link to try again; nothing dead-ends.

The reason is the error's class, never its values (rule 7). Leaves to others: retrying by itself (the machine's Retry).
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain.answer import Step
from chalicelib.domain.request import Request, advance
from chalicelib.domain.status import Status
from chalicelib.errors import DecisionNotAllowed, MailRejected, MailUncertain, RequestClosed, ServiceUnavailable
from chalicelib.law import resumed
from chalicelib.links import Link, Purpose
from chalicelib.services import Services
from chalicelib.usecases import awaiting, correspondence, gathering, powers, reminding, road
from chalicelib.usecases.card import Card, again, card_of, member_of
from chalicelib.usecases.gathering import AGAIN


def need_attention(svc: Services, reference: str, token: str, error: str) -> None:
    """Note where the road stopped and why, mail staff a link to try again, and wait."""
    request = svc.store.get(reference)
    if request.status.is_final:
        raise RequestClosed(reference)
    if request.status is not Status.NEEDS_ATTENTION:
        request, event = advance(request, Status.NEEDS_ATTENTION, svc.now(), reason=error[:60], resume=request.status)
        svc.store.commit(request, event)
    road.begin_wait(svc, reference, road.ATTENTION, token)
    day = svc.now().date().isoformat()
    members = correspondence.deciders(svc, request)
    correspondence.to_staff(
        svc,
        request,
        "staff_attention",
        members,
        once=f"{request.version}:{day}",
        where=request.resume,
        why=request.reason,
    )
    request = svc.store.get(reference)
    if request.status is not Status.NEEDS_ATTENTION:
        road.go_on(svc, request, road.ATTENTION)


def try_again(svc: Services, token: str) -> Card:
    """Take the road up again where it stopped; after a partial answer, carry out what is left.

    Raises DecisionNotAllowed: who may not decide it does not move it either.
    """
    link, request = road.open_link(svc, token, Purpose.REVIEW)
    member = member_of(svc, link)
    if not powers.may_decide(svc, request, member):
        raise DecisionNotAllowed("Trying again is for those who may decide this request.")
    return card_of(svc, take_up(svc, request, f"staff:{member.id}", link), member)


def take_up(svc: Services, request: Request, by: str, link: Link | None = None) -> Request:
    """Take the road up again where it stopped, or try what failed once more; nothing where neither is so."""
    if request.status is Status.NEEDS_ATTENTION and request.resume:
        request = _resume(svc, request, by)
        road.go_on(svc, request, road.ATTENTION)
    elif failed := again(svc, request):
        request = _failed_again(svc, request, failed, link, by)
    return request


def _failed_again(svc: Services, request: Request, failed: Sequence[str], link: Link | None, by: str) -> Request:
    """Try the sources that failed once more; what one of them answered later counts no longer, so it is asked anew."""
    unread = {f.source for f in gathering.findings(svc, request.reference) if f.failed}
    anew = {awaiting.key(Step.FULFIL, s) for s in failed} | {awaiting.key(Step.GATHER, s) for s in unread}
    answers = {asked: name for asked, name in request.answers.items() if asked not in anew}
    if request.status is Status.IN_REVIEW:
        request, event = advance(request, Status.GATHERING, svc.now(), by=by, reason=AGAIN, answers=answers)
        svc.store.commit(request, event)
        road.go_on(svc, request, road.DECISION)
        return request
    to = Status.GATHERING if unread else Status.FULFILLING
    request, event = advance(request, to, svc.now(), by=by, road=request.road + 1, closed_at=None, answers=answers)
    svc.store.commit(request, event, spend=link if link and not link.used_at else None)
    road.start(svc, request, "gather" if unread else "fulfil")
    return request


def go_by_post(svc: Services, token: str) -> Card:
    """The mail service refuses the customer's address for good: go on, and answer by letter (posting, rule 4).

    A question that could not be mailed goes back to staff, who decide without it, or ask by telephone.

    Raises DecisionNotAllowed.
    """
    link, request = road.open_link(svc, token, Purpose.REVIEW)
    member = member_of(svc, link)
    if not powers.may_go_by_post(svc, request, member):
        raise DecisionNotAllowed("Only what the mail service refused goes by post instead.")
    if request.resume is Status.ASKED:
        request = request.model_copy(
            update={"resume": Status.IN_REVIEW, **resumed(request, svc.business.zone, svc.now())}
        )
    request = _resume(svc, request, f"staff:{member.id}", by_post=True)
    road.go_on(svc, request, road.ATTENTION)
    return card_of(svc, request, member)


def _resume(svc: Services, request: Request, by: str, *, by_post: bool = False) -> Request:
    if request.resume is None:
        return request
    if request.reason == MailUncertain.__name__:  # staff decided that it goes out (again)
        svc.store.release_uncertain(request.reference)
    why = "by_post" if by_post else "try_again"
    resumed, event = advance(
        request, request.resume, svc.now(), by=by, reason=why, resume=None, by_post=by_post or request.by_post
    )
    svc.store.commit(resumed, event)
    return resumed


SWEPT = 2_000
"""How many open requests one sweep looks at, due first: more than a small business ever has at once."""
SECOND_STARTS = {Status.GATHERING: "gather", Status.FULFILLING: "fulfil"}
"""Where `try_again` begins the road after a partial answer."""


def sweep(svc: Services) -> dict[str, int]:
    """Take up what was lost between a write and a signal (rule 18): start roads never started, signal waits decided.

    Remind staff where the clock has passed a mark, and customers whose reply is awaited.
    A start or signal that was not lost is repeated without effect. Counts what was taken up, by kind.
    """
    waiting = svc.store.queue(limit=SWEPT)
    signalled = sum(_again(svc, request) for request in waiting)
    return {"looked_at": len(waiting), "signalled": signalled, **_remind(svc, waiting)}


def _remind(svc: Services, waiting: Sequence[Request]) -> dict[str, int]:
    """Remind staff of the clock, customers of a question; a mail that fails stops no other (rule 11)."""
    count = {"reminded": 0, "not_reminded": 0}
    for request in waiting:
        try:
            count["reminded"] += reminding.remind(svc, request) or reminding.remind_customer(svc, request)
        except (ServiceUnavailable, MailRejected, MailUncertain):
            count["not_reminded"] += 1
    return count


def _again(svc: Services, request: Request) -> int:
    if request.status is Status.NEEDS_ATTENTION or request.status.is_final:
        return 0  # the machine itself put it there and waits for staff; or its letter waits to be posted
    if request.status is Status.RECEIVED:
        road.start(svc, request, road.first_stage(request))
        return 1
    if request.road > 1 and request.status in SECOND_STARTS:
        road.start(svc, request, "answer" if road.refused(request) else SECOND_STARTS[request.status])
    over = {
        road.PROOF: request.status is not Status.VERIFYING,
        road.DECISION: request.status not in (Status.IN_REVIEW, Status.FROZEN),
        road.REPLY: request.status is not Status.ASKED,
        road.ATTENTION: True,
    }
    over |= {awaiting.wait_of(answered): True for answered in request.answers}
    waiting = [name for name, decided in over.items() if decided and svc.store.wait(request.reference, name)]
    for name in waiting:
        road.go_on(svc, request, name)
    return len(waiting)
