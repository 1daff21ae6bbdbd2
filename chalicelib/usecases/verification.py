"""Proof of identity: the mailed link proves the mailbox, the business's fixed questions the rest.

An agent proves only that the mailbox is theirs; the questions are the subject's, on the consent page.
Rule 6: the questions are the same for everyone. Rule 17: a try is counted before anyone judges it; five in all, and
five wrong ones per subject over all requests in a month. Answers are only stored here; gathering compares them where
the data is, review judges whether they suffice.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from chalicelib.domain.audit import Event
from chalicelib.domain.identity import Identifier, IdentifierKind
from chalicelib.domain.request import Request, Right, advance, amend
from chalicelib.domain.status import Status
from chalicelib.domain.verification import TRIES
from chalicelib.errors import InvalidRequest, MailUncertain, RequestChanged, RequestNotFound, TransitionNotAllowed
from chalicelib.links import Link, Purpose
from chalicelib.services import Services
from chalicelib.usecases import completing, correspondence, limits, road, unproven
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
    awaits_consent: bool = False
    """An agent's request, and the one they ask for has not agreed yet."""
    missing: tuple[str, ...] = ()
    """What the mail that asked could not say, and the page asks first."""

    because: str | None = None
    """The law that asks for the declaration, where one does."""

    @property
    def required(self) -> bool:
        """Whether it must be said."""
        return bool(completing.REQUIRED & set(self.missing))


def ask_for_proof(svc: Services, reference: str, token: str, *, reminder: bool = False) -> None:
    """Mail the link that proves the mailbox, and wait for it."""
    request = road.live(svc, reference)
    if request.status is Status.RECEIVED:
        reason = AWAITING if _subject_is_next(request) else None
        request, event = advance(request, Status.VERIFYING, svc.now(), reason=reason)
        svc.store.commit(request, event)
    road.begin_wait(svc, reference, road.PROOF, token)
    if request.status is Status.VERIFYING and _subject_is_next(request):
        _ask_subject(svc, request, reminder=reminder)
    elif request.status is Status.VERIFYING:
        _ask_customer(svc, unproven.mailed_now(svc, request, svc.open(request).email or ""), reminder=reminder)
    request = svc.store.get(reference)
    if request.status is not Status.VERIFYING:
        road.go_on(svc, request, road.PROOF)


def _ask_customer(svc: Services, request: Request, *, reminder: bool = False) -> None:
    """Mail whoever asked the link that proves their mailbox."""
    tries = request.proof.tries
    correspondence.to_customer(
        svc, request, "verify", purposes=(Purpose.VERIFY,), once=f"{tries}:{reminder}",
        again=tries > 0, reminder=reminder, tries_left=request.proof.tries_left,
        questions=bool(_asked(svc, request)),
    )  # fmt: skip


AWAITING = "awaiting_consent"


def _subject_is_next(request: Request) -> bool:
    """An agent has proven their mailbox; the one they ask for has not agreed yet."""
    return request.proof.awaits_consent and request.proof.mailbox


def _ask_subject(svc: Services, request: Request, *, reminder: bool = False) -> None:
    """Mail the subject the link of their own; nothing in it was typed by the agent (rule 4)."""
    address = svc.open(request).subject_email
    try:
        correspondence.to_customer(
            svc, request, "consent", purposes=(Purpose.CONSENT,), to=address, once=str(reminder), reminder=reminder
        )
    except MailUncertain:
        return  # another click of the agent's is sending it; the reminder mails it anew


def _mailbox_only(request: Request) -> bool:
    """Nothing more is asked of an agent, nor of one whom staff have made sure of."""
    return request.proof.awaits_consent or request.proof.noted_by is not None


def _asked(svc: Services, request: Request) -> tuple[str, ...]:
    """The data points that the proof page asks for."""
    return () if _mailbox_only(request) else tuple(svc.business.rights[request.right].questions)


def verify_page(svc: Services, token: str) -> VerifyView:
    """What the link opens. Changes nothing."""
    _, request = road.open_link(svc, token, Purpose.VERIFY)
    state = "done" if _subject_is_next(request) and request.status is Status.VERIFYING else state_of(request)
    shown = view(svc, request, state, ask=not _mailbox_only(request))
    if state == "open" and request.incomplete:
        shown = replace(shown, missing=completing.missing(request, svc.open(request)))
    return shown


def view(svc: Services, request: Request, state: str, *, ask: bool) -> VerifyView:
    """The proof page in `state`, with the fixed questions where they are to be asked here."""
    known, questions = svc.business.datamap.questions(), svc.business.rights[request.right].questions if ask else ()
    return VerifyView(
        reference=request.reference, right=request.right, state=state,
        questions=[(point, known[point].ask) for point in questions],
        declaration=request.proof.declaration_required and ask, tries_left=request.proof.tries_left,
        again=request.proof.tries > 0, awaits_consent=request.proof.awaits_consent, because=request.proof.because,
    )  # fmt: skip


def state_of(request: Request) -> str:
    if request.status is Status.FROZEN:
        return "frozen"
    if request.status.is_final:
        return "closed"
    return "open" if request.status is Status.VERIFYING else "done"


def verify(
    svc: Services, token: str, *, answers: dict[str, str], declared: bool = False, signature: str | None = None
) -> Request:
    """The mailbox is proven and these answers are given; gathering begins, or an agent's subject is asked.

    The link is spent with the try, so of forty clicks one counts; the others see what happened.
    Raises InvalidRequest, LimitReached (too many wrong answers about this subject this month).
    """
    link, request = road.open_link(svc, token, Purpose.VERIFY)
    if request.status is not Status.VERIFYING:
        return request
    if request.proof.awaits_consent:
        return _agent_proven(svc, link, request)
    if link.used_at:
        return request
    given = {point: answers[point].strip() for point in _asked(svc, request) if answers.get(point, "").strip()}
    own = svc.open(request)
    completing.refuse_incomplete(request, own)
    tried = Try(
        given=given, declared=declared, signature=signature, by="customer", proof={"mailbox": True},
        personal={"proven_email": own.proven_email or own.email},
    )  # fmt: skip
    return take(svc, link, request, tried)


def _agent_proven(svc: Services, link: Link, request: Request) -> Request:
    """The agent's mailbox is proven: now the one they ask for is asked. A second click asks again what was lost."""
    if not request.proof.mailbox:
        proof = request.proof.model_copy(update={"mailbox": True})
        proven, event = amend(request, "mailbox_proven", svc.now(), by="agent", proof=proof, quiet=False)
        proven = proven.model_copy(update={"reason": AWAITING})
        try:
            svc.store.commit(proven, event, spend=None if link.used_at else link)
        except RequestChanged:
            return svc.store.get(request.reference)
        counts_no_more(svc, request, svc.open(request).email)
        request = proven
    _ask_subject(svc, request)
    return request


@dataclass(frozen=True)
class Try:
    """One try to prove a person: the answers, and what of the request it proves beside them."""

    given: dict[str, str]
    declared: bool
    signature: str | None
    by: str
    proof: dict[str, Any]
    personal: dict[str, Any]
    reason: str | None = None


def take(svc: Services, link: Link, request: Request, tried: Try) -> Request:
    """Count a try before anyone judges it, seal its answers until gathering compares them, and go on."""
    if request.proof.declaration_required and tried.given and not (tried.declared and (tried.signature or "").strip()):
        raise InvalidRequest({"signature": "Tick the declaration and type your name under it."})
    ends = window_end(svc.now(), SUBJECT_WINDOW)
    if tried.given and request.subject_hash:
        svc.store.count("subject", request.subject_hash, limit=TRIES, ends=ends)
    verified, event = _tried(svc, request, tried)
    try:
        svc.store.commit(verified, event, spend=link)
    except RequestChanged:
        if tried.given and request.subject_hash:
            svc.store.uncount("subject", request.subject_hash, ends=ends)
        return svc.store.get(request.reference)
    if not request.proof.mailbox or request.proof.awaits_consent:
        counts_no_more(svc, request, svc.open(verified).proven_email)
    road.go_on(svc, verified, road.PROOF)
    return verified


def _tried(svc: Services, request: Request, tried: Try) -> tuple[Request, Event]:
    personal = svc.open(request).model_copy(
        update={"answers": tried.given, "signature": tried.signature or None, **tried.personal}
    )
    proof = request.proof.model_copy(
        update={"tries": request.proof.tries + 1, "declared": tried.declared, "matched": (), **tried.proof}
    )
    sealed = svc.seal(request.reference, personal)
    return advance(
        request, Status.GATHERING, svc.now(), by=tried.by, reason=tried.reason, proof=proof, sealed=sealed, quiet=False
    )


def counts_no_more(svc: Services, request: Request, address: str | None) -> None:
    """The mailbox's owner wants this: it no longer counts against the address, and what waited is mailed now."""
    if not address:
        return
    unproven.no_more(svc, request, address)
    for reference in svc.store.of_subject(svc.hash(Identifier.of(IdentifierKind.EMAIL, address)))[:WAITING]:
        with suppress(RequestChanged, RequestNotFound):
            waiting = svc.store.get(reference)
            if waiting.quiet and waiting.status is Status.VERIFYING and svc.open(waiting).email == address:
                _ask_customer(svc, unproven.aloud(svc, waiting))


NO_PROOF = "no_proof"
WAITING = 10
"""How many of their latest requests somebody who opened a link may hear of at once."""


def lapse(svc: Services, reference: str) -> None:
    """Nobody opened the link in time: say so, and how to take it up again.

    Raises TransitionNotAllowed when the proof came in the same instant: it wins.
    """
    lapsed = svc.store.get(reference)
    if not (lapsed.status is Status.LAPSED and lapsed.reason == NO_PROOF):  # else an earlier run was cut short
        request = road.live(svc, reference)
        if request.status is not Status.VERIFYING:
            raise TransitionNotAllowed(reference)
        lapsed, event = advance(request, Status.LAPSED, svc.now(), reason=NO_PROOF, closed_at=svc.now())
        svc.store.commit(lapsed, event)
    limits.give_back(svc, lapsed)
    correspondence.to_customer(svc, lapsed, "lapsed")  # last: nobody hears of a lapse that did not happen
