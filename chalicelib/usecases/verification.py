"""Proof of identity: the mailed link proves the mailbox, the business's fixed questions the rest.

Rule 6: the questions are the same for everyone. Rule 17: a try is counted before anyone judges it; five in all, and
five wrong ones per subject over all requests in a month. Answers are only stored here; gathering compares them where
the data is, review judges whether they suffice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from chalicelib.domain.audit import Event
from chalicelib.domain.identity import Identifier, IdentifierKind, mailbox_of
from chalicelib.domain.request import Request, Right, advance
from chalicelib.domain.status import Status
from chalicelib.domain.verification import TRIES
from chalicelib.errors import InvalidRequest, RequestChanged, TransitionNotAllowed
from chalicelib.links import Purpose
from chalicelib.services import Services
from chalicelib.usecases import correspondence, road
from chalicelib.usecases.intake import UNPROVEN_DAY
from chalicelib.usecases.windows import window_end

SUBJECT_WINDOW = timedelta(days=30)


@dataclass(frozen=True)
class VerifyView:
    """What the proof page shows: the questions, never an answer, nothing personal."""

    reference: str
    right: Right
    state: str
    """`open`, `done`, `closed`, `frozen`."""
    questions: list[tuple[str, str]]
    declaration: bool
    tries_left: int
    again: bool


def ask_for_proof(svc: Services, reference: str, token: str, *, reminder: bool = False) -> None:
    """Mail the link that proves the mailbox, and wait for it."""
    request = road.live(svc, reference)
    if request.status is Status.RECEIVED:
        request, event = advance(request, Status.VERIFYING, svc.now())
        svc.store.commit(request, event)
    road.begin_wait(svc, reference, road.PROOF, token)
    if request.status is Status.VERIFYING:
        tries = request.proof.tries
        correspondence.to_customer(
            svc, request, "verify", purposes=(Purpose.VERIFY,), once=f"{tries}:{reminder}",
            again=tries > 0, reminder=reminder, tries_left=request.proof.tries_left,
            questions=bool(svc.business.rights[request.right].questions),
        )  # fmt: skip
    request = svc.store.get(reference)
    if request.status is not Status.VERIFYING:
        road.go_on(svc, request, road.PROOF)


def verify_page(svc: Services, token: str) -> VerifyView:
    """What the link opens. Changes nothing."""
    _, request = road.open_link(svc, token, Purpose.VERIFY)
    known = svc.business.datamap.questions()
    asked = svc.business.rights[request.right].questions
    return VerifyView(
        reference=request.reference, right=request.right, state=_state(request),
        questions=[(point, known[point].ask) for point in asked],
        declaration=request.proof.declaration_required, tries_left=request.proof.tries_left,
        again=request.proof.tries > 0,
    )  # fmt: skip


def _state(request: Request) -> str:
    if request.status is Status.FROZEN:
        return "frozen"
    if request.status.is_final:
        return "closed"
    return "open" if request.status is Status.VERIFYING else "done"


def verify(
    svc: Services, token: str, *, answers: dict[str, str], declared: bool = False, signature: str | None = None
) -> Request:
    """The mailbox is proven and these answers are given; gathering begins.

    The link is spent with the try, so of forty clicks one counts; the others see what happened.
    Raises InvalidRequest, LimitReached (too many wrong answers about this subject this month).
    """
    link, request = road.open_link(svc, token, Purpose.VERIFY)
    if request.status is not Status.VERIFYING or link.used_at:
        return request
    given = {p: answers[p].strip() for p in svc.business.rights[request.right].questions if answers.get(p, "").strip()}
    if request.proof.declaration_required and given and not (declared and (signature or "").strip()):
        raise InvalidRequest({"signature": "Tick the declaration and type your name under it."})
    now = svc.now()
    ends = window_end(now, SUBJECT_WINDOW)
    if given and request.subject_hash:
        svc.store.count("subject", request.subject_hash, limit=TRIES, ends=ends)
    verified, event = _tried(svc, request, given, declared=declared, signature=signature)
    try:
        svc.store.commit(verified, event, spend=link)
    except RequestChanged:
        if given and request.subject_hash:
            svc.store.uncount("subject", request.subject_hash, ends=ends)
        return svc.store.get(request.reference)
    _proven(svc, request)
    road.go_on(svc, verified, road.PROOF)
    return verified


def _tried(
    svc: Services, request: Request, given: dict[str, str], *, declared: bool, signature: str | None
) -> tuple[Request, Event]:
    """The request with one more try, its answers sealed until gathering compares them."""
    personal = svc.open(request)
    personal = personal.model_copy(
        update={"answers": given, "signature": signature or None, "proven_email": personal.addressee}
    )
    proof = request.proof.model_copy(
        update={"mailbox": True, "tries": request.proof.tries + 1, "declared": declared, "matched": ()}
    )
    sealed = svc.seal(request.reference, personal)
    return advance(request, Status.GATHERING, svc.now(), by="customer", proof=proof, sealed=sealed)


def _proven(svc: Services, request: Request) -> None:
    """The mailbox's owner asked for this: it no longer counts against the address."""
    address = svc.open(request).addressee
    if address and not request.proof.mailbox:
        hashed = svc.hash(Identifier.of(IdentifierKind.EMAIL, mailbox_of(address)))
        svc.store.uncount("unproven", hashed, ends=window_end(request.received_at, UNPROVEN_DAY))


def lapse(svc: Services, reference: str) -> None:
    """Nobody opened the link in time: say so, and how to take it up again.

    Raises TransitionNotAllowed when the proof came in the same instant: it wins.
    """
    request = road.live(svc, reference)
    if request.status is not Status.VERIFYING:
        raise TransitionNotAllowed(reference)
    correspondence.to_customer(svc, request, "lapsed")
    lapsed, event = advance(request, Status.LAPSED, svc.now(), reason="no_proof", closed_at=svc.now())
    svc.store.commit(lapsed, event)
