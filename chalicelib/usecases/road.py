"""How the stages talk to the machine: start a road, begin a wait, let a wait go on.

Rule 18: a person's decision is in the table before the machine is signalled; the Lambda that begins a wait stores its
token and then looks whether the decision is already there. So neither a lost signal nor a second run loses a click.
The machine's input carries the request id and nothing personal. Leaves to others: the states (the ASL).
"""

from __future__ import annotations

from datetime import timedelta

from chalicelib import language
from chalicelib.domain.decision import Verdict
from chalicelib.domain.request import Request, Right, amend
from chalicelib.domain.status import Status
from chalicelib.errors import RequestChanged, RequestClosed, RequestFrozen
from chalicelib.links import Link, Purpose, token_hash
from chalicelib.ports import Wait
from chalicelib.services import Services

PROOF, DECISION, REPLY, ATTENTION = "proof", "decision", "reply", "attention"

DECISION_NET = timedelta(days=30)
"""How long the machine waits for staff before it asks again by itself."""

NEXT = {
    Status.VERIFYING: "proof",
    Status.GATHERING: "gather",
    Status.IN_REVIEW: "staff",
    Status.FROZEN: "staff",
    Status.ASKED: "ask",
    Status.COOLING_OFF: "undo",
    Status.FULFILLING: "fulfil",
}
"""What the machine does next for a request in this status."""


def start(svc: Services, request: Request, at: str) -> None:
    """Start the request's road at `proof`, `gather`, `fulfil` or `answer`. Starting it twice is one start."""
    waits, day = svc.business.waits, timedelta(days=1)
    undo = svc.settings.undo_seconds if svc.settings.undo_seconds is not None else int(waits.undo.total_seconds())
    seconds = {
        "proof": (waits.proof_days - waits.proof_reminder_days) * day,  # after the reminder: proof_days in all
        "proof_reminder": waits.proof_reminder_days * day,
        "decision": DECISION_NET,  # reminders follow the clock (reminding); this is the net under them
        "reply": waits.reply_days * day,
        "attention": waits.attention_days * day,
    }
    names = [name for name in svc.sources if _searched(svc, request, name)]
    sources = [{"name": name, "waits": _answer_waits(svc, name)} for name in names]
    svc.workflow.start(
        request.execution,
        {
            "request_id": request.reference,
            "start": at,
            "sources": sources,
            "waits": {**{name: int(length.total_seconds()) for name, length in seconds.items()}, "undo": undo},
        },
    )


def _answer_waits(svc: Services, source: str) -> dict[str, int]:
    """Seconds that a source which answers later has: until it is reminded, until the lead hears, until it is noted."""
    waits = svc.business.waits
    days = svc.business.datamap.sources[source].days, waits.answer_reminder_days, waits.answer_last_days
    return {
        name: int(timedelta(days=length).total_seconds())
        for name, length in zip(("answer", "answer_reminder", "answer_last"), days, strict=True)
    }


def first_stage(request: Request) -> str:
    """Where a new request's road begins: an opt-out acts, one that is proven is gathered, others are to be proven."""
    if request.right is Right.OPT_OUT:
        return "fulfil"
    proof = request.proof
    if proof.consent_due:
        return "gather" if proof.mailbox and proof.consent else "proof"
    return "gather" if proof.account or proof.noted_by or request.appeal_of or request.continues else "proof"


SEARCHED = frozenset({Right.ACCESS, Right.CORRECTION, Right.DELETION, Right.OPT_OUT})
"""Rights that are about the person's records."""


def _searched(svc: Services, request: Request, source: str) -> bool:
    """Whether a source is looked at: for the records themselves, or to check the answers to questions.

    A person is asked to look only for records to show, correct or delete: an opt-out waits for nobody (rule 5).
    """
    if svc.business.datamap.sources[source].by_hand:
        return request.right in SEARCHED and request.right is not Right.OPT_OUT
    asks = bool(svc.business.rights[request.right].questions)
    return request.right in SEARCHED or asks or request.by_post  # for the address on file, too


def live(svc: Services, reference: str) -> Request:
    """The request, if its road goes on. Raises RequestClosed when it ended, RequestFrozen after "that wasn't me"."""
    return going_on(svc.store.get(reference))


def going_on(request: Request) -> Request:
    """The same for a request that was just read."""
    if request.status is Status.FROZEN:
        raise RequestFrozen(request.reference)
    if request.status.is_final:
        raise RequestClosed(request.reference)
    return request


def begin_wait(svc: Services, reference: str, name: str, token: str) -> None:
    svc.store.put_wait(Wait(reference=reference, name=name, token=token, begun_at=svc.now()))


def go_on(svc: Services, request: Request, name: str) -> None:
    """Let the wait `name` go on as the request's status says; nothing if there is none yet: it will look itself."""
    wait = svc.store.wait(request.reference, name)
    if wait is None:
        return
    if request.status is Status.FROZEN and name != DECISION:
        svc.workflow.fail(wait.token, RequestFrozen.__name__)
    elif request.status.is_final:
        svc.workflow.fail(wait.token, RequestClosed.__name__)
    else:
        svc.workflow.complete(wait.token, {"next": next_step(request)})


def refused(request: Request) -> bool:
    """Whether it was refused and is only to be answered: nothing of it may be carried out."""
    return request.decision is not None and request.decision.verdict is Verdict.REFUSE


def next_step(request: Request) -> str:
    if request.status is Status.FULFILLING and refused(request):
        return "answer"
    if request.status is Status.RECEIVED:
        return first_stage(request)
    return NEXT[request.status]


NOTE_TRIES = 20


def note(svc: Services, reference: str, what: str, *, by: str) -> Request:
    """Add to the history what changes nothing: another who writes at the same moment is no reason to refuse it.

    Raises RequestChanged when that never ends.
    """
    for left in reversed(range(NOTE_TRIES)):
        noted, event = amend(svc.store.get(reference), what, svc.now(), by=by)
        try:
            svc.store.commit(noted, event)
        except RequestChanged:
            if not left:
                raise
            continue
        break
    return noted


def open_link(svc: Services, token: str, purpose: Purpose) -> tuple[Link, Request]:
    """The link and its request. Raises LinkMissing, LinkExpired, LinkInvalid."""
    link = svc.store.link(token_hash(token)).check(purpose, svc.now())
    request = svc.store.get(link.reference or "")
    link.check(purpose, svc.now(), request.links_dead_before)
    if purpose in SPOKEN:
        language.follow(request.language)
    return link, request


SPOKEN = (Purpose.VERIFY, Purpose.TRACK, Purpose.RESULTS, Purpose.CONSENT)
"""Links whose page speaks what the request was asked in, unless the reader has chosen otherwise."""
