"""Answering: the last step mails the answer, then ends the request as what was truly reached.

Rule 8: anything short of all is `partly_fulfilled`, said to customer and staff. Rule 10: a refusal names its ground.
Rule 12: what is kept is told. The mail goes first and the status after, so a mail that fails is tried again while the
request is still open. Leaves to others: the words (templates), the package's inside (package).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from chalicelib import language
from chalicelib.domain.audit import Event
from chalicelib.domain.decision import Verdict
from chalicelib.domain.plan import Doing, Outcome, OutcomeState
from chalicelib.domain.request import Personal, Request, Right, advance
from chalicelib.domain.status import Status
from chalicelib.errors import PlanDrifted, RequestChanged
from chalicelib.links import Purpose
from chalicelib.mail import words
from chalicelib.services import Services
from chalicelib.usecases import appeals, correspondence, judging, packing, partial, recipients, refusals, road
from chalicelib.usecases.paging import InTime, always

UNSETTLED_FOR = timedelta(days=7)
"""How long staff hear nothing more of a part that is still to be done; the daily sweep then tells them again."""


@dataclass(frozen=True)
class Told:
    """What an answer is written from."""

    request: Request
    personal: Personal
    outcomes: list[Outcome]
    failed: list[Outcome]
    tell: Tell


class Tell(Protocol):
    """Takes the answer's words: the mail, or the letter that staff print."""

    def __call__(self, mail: str, *, purposes: Sequence[Purpose] = (), **context: Any) -> None: ...


def send_answer(svc: Services, reference: str, in_time: InTime = always) -> None:
    """Answer the customer and end the request.

    Raises PlanDrifted: back to gathering, then to staff; MoreToDo when a package takes more time than there is.
    """
    request = svc.store.get(reference)
    if request.status is Status.GATHERING:
        raise PlanDrifted(reference)
    road.going_on(request)
    outcomes = svc.store.outcomes(reference)
    if any(o.state is OutcomeState.DRIFTED for o in outcomes):
        drifted, event = advance(request, Status.GATHERING, svc.now(), reason="drifted", decision=None)
        svc.store.commit(drifted, event)
        raise PlanDrifted(reference)
    if not _refused(request) and has_package(request):
        packing.pack(svc, request, svc.open(request), outcomes, in_time)
    recipients.owe(svc, request)
    say(svc, request, outcomes, functools.partial(correspondence.to_customer, svc, request))
    if _refused(request):
        refusals.uncount(svc, request)
        appeals.record(svc, request, Status.REFUSED, left=False)
        _end(svc, request, Status.REFUSED)
        return
    failed = [o for o in outcomes if o.state is OutcomeState.FAILED]
    if failed:
        tell_of_the_rest(svc, request, failed)
    if svc.open(request).pet:
        correspondence.to_staff(svc, request, "staff_pet", correspondence.deciders(svc, request))
    left = bool(partial.left(request))
    status = Status.PARTLY_FULFILLED if failed or left else Status.FULFILLED
    appeals.record(svc, request, status, left=left)
    _end(svc, request, status, remind_at=svc.now() + UNSETTLED_FOR if failed else None)
    recipients.answer_again(svc, reference)


def tell_of_the_rest(svc: Services, request: Request, failed: Sequence[Outcome], *, once: str = "") -> None:
    """Mail those who may decide what of an answered request is still to be done."""
    correspondence.to_staff(
        svc, request, "staff_partly", correspondence.deciders(svc, request), once=once,
        failed=[(o.source, o.why) for o in failed], again=bool(once),
    )  # fmt: skip


def _send(svc: Services, told: Told, mail: str, *, purposes: tuple[Purpose, ...] = (), **context: Any) -> None:
    """Tell an answer, with what was refused of it and, where an appeal's answer must say so, the authority."""
    told.tell(
        mail, purposes=purposes, regulator=appeals.regulator(told.request),
        left=refusals.left_out(svc, told.request, told.personal), **context,
    )  # fmt: skip


def say(svc: Services, request: Request, outcomes: list[Outcome], tell: Tell) -> None:
    """The answer, in the words of its mail, to whoever hears of this request."""
    personal = svc.open(request)
    with language.speaking(request.language):
        if _refused(request):
            refusals.say(svc, request, personal, tell)
            return
        failed = [o for o in outcomes if o.state is OutcomeState.FAILED]
        ANSWERS[request.right](svc, Told(request, personal, outcomes, failed, tell))


def _refused(request: Request) -> bool:
    return request.decision is not None and request.decision.verdict is Verdict.REFUSE


def _end(svc: Services, request: Request, status: Status, *, remind_at: datetime | None = None) -> None:
    """End it; a recipient who confirms at this very moment writes to it too, and is no reason to answer again."""
    for _ in range(road.NOTE_TRIES):
        try:
            svc.store.commit(*_ended(svc, request, status, remind_at))
        except RequestChanged:
            before, request = request, road.live(svc, request.reference)
            if request.status is not before.status:
                raise
            continue
        return
    raise RequestChanged(request.reference)


def _ended(svc: Services, request: Request, status: Status, remind_at: datetime | None) -> tuple[Request, Event]:
    now = svc.now()
    # The reason says how it was fulfilled; what was given only as proof goes now (11 CCR 7060(d)).
    reason = request.reason if request.reason in ("nothing_held", "asked_before", "proof_insufficient") else None
    if partial.left(request):
        reason = partial.REASON
    elif request.decision and request.decision.verdict is Verdict.REFUSE:
        reason = request.decision.ground
    personal = svc.open(request).model_copy(update={"answers": {}})
    in_part = request.categories_only or any(o.kept for o in svc.store.outcomes(request.reference))
    return advance(
        request, status, now, reason=reason, closed_at=now, in_part=in_part, to_post=request.by_post,
        remind_at=remind_at,
        sealed=svc.seal(request.reference, personal),
    )  # fmt: skip


def has_package(request: Request) -> bool:
    """Whether the answer shows what is held, not only that and how much."""
    return request.right is Right.ACCESS and request.reason != "nothing_held" and not request.categories_only


def _access(svc: Services, told: Told) -> None:
    left = partial.left(told.request)
    nothing = told.request.reason == "nothing_held"
    plan = judging.current_plan(svc, told.request, told.outcomes)
    purposes = (Purpose.RESULTS,) if has_package(told.request) else ()
    _send(
        svc, told, "answer_access", purposes=purposes, nothing_held=nothing,
        categories_only=told.request.categories_only, failed=_titles(svc, told.failed),
        lines=[(c.title, c.found) for c in plan.collections if c.found and c.place not in left],
    )  # fmt: skip


def _correction(svc: Services, told: Told) -> None:
    titles = svc.business.titles()
    changed = [titles[o.source, c] for o in told.outcomes for c, done in o.done.items() if done.get(Doing.CHANGE)]
    _send(
        svc, told, "answer_correction", nothing_held=told.request.reason == "nothing_held",
        fields=[svc.business.datamap.field(c.field).label for c in told.personal.corrections], where=changed,
        unchanged=[(titles[o.source, c], k.ground) for o in told.outcomes for c, k, _ in o.kept],
        recipients=recipients.standing(svc, told.request),
        silent=recipients.silent(svc, told.request), failed=_titles(svc, told.failed),
    )  # fmt: skip


def _deletion(svc: Services, told: Told) -> None:
    titles = svc.business.titles()
    kept = [(titles[o.source, c], k.ground, k.law, k.until, n) for o in told.outcomes for c, k, n in o.kept]
    _send(
        svc, told, "answer_deletion", nothing_held=told.request.reason == "nothing_held",
        deleted=_counted(svc, told, Doing.DELETE), blanked=_counted(svc, told, Doing.BLANK),
        kept=kept, recipients=recipients.standing(svc, told.request),
        silent=recipients.silent(svc, told.request), failed=_titles(svc, told.failed),
    )  # fmt: skip


def _counted(svc: Services, told: Told, doing: Doing) -> list[tuple[str, int]]:
    """Titles of the collections in which this was done, and to how many records."""
    titles = svc.business.titles()
    return [(titles[o.source, c], done[doing]) for o in told.outcomes for c, done in o.done.items() if done.get(doing)]


def _disclosure(svc: Services, told: Told) -> None:
    year = told.request.received_at.astimezone(svc.business.zone).year - 1
    sharing = svc.business.sharing
    disclosed = [(sharing.recipients[d.recipient], d) for d in sharing.years.get(year, ())]
    _send(
        svc,
        told,
        "answer_disclosure",
        year=year,
        disclosed=disclosed,
        note=sharing.note,
        again=told.request.asked_before,
    )


def _opt_out(svc: Services, told: Told) -> None:
    business, stops = svc.business, set(told.personal.stop)
    stopped = [business.opt_outs[s] for s in business.opt_outs if s in stops]
    stopped += [k.title for name, k in business.kinds.items() if f"kind:{name}" in stops]
    stopped += [words.scope(scope, business) for scope in business.declinable if scope in stops]
    still = [
        kind
        for name, kind in business.kinds.items()
        if not kind.stoppable or not ({f"kind:{name}", *kind.stops_with} & stops)
    ]
    _send(
        svc, told, "answer_opt_out", stopped=stopped, still_coming=still, outside=business.outside_opt_outs,
        pet=bool(told.personal.pet), failed=_titles(svc, told.failed),
    )  # fmt: skip


def _concern(svc: Services, told: Told) -> None:
    _send(svc, told, "answer_concern", text=told.personal.explanation)


ANSWERS: dict[Right, Callable[[Services, Told], None]] = {
    Right.ACCESS: _access,
    Right.CORRECTION: _correction,
    Right.DELETION: _deletion,
    Right.CALIFORNIA_DISCLOSURE: _disclosure,
    Right.OPT_OUT: _opt_out,
    Right.CONCERN: _concern,
}


def _titles(svc: Services, failed: list[Outcome]) -> list[str]:
    return [svc.business.datamap.sources[o.source].title for o in failed]
