"""Consent: the person an agent asks for lets them act, or says no, by a link that only their own mailbox gets.

Rule 4: only this click, or a power of attorney that staff have seen on paper, makes the subject's address the one that
selects data; until then nothing is gathered. Rule 15: a no freezes the request. The page also carries the fixed
questions: a person who confirms need not ask again themself (11 CCR 7063). With a power under Probate Code 4121 to
4130 neither is asked for. Leaves to others: the agent's own mailbox (verification), what is found (gathering).
"""

from __future__ import annotations

from typing import Any

from chalicelib.domain.request import Personal, Request, advance, amend
from chalicelib.domain.status import Status
from chalicelib.domain.verification import Noted
from chalicelib.errors import DecisionNotAllowed
from chalicelib.links import Purpose
from chalicelib.services import Services
from chalicelib.usecases import following, road, verification
from chalicelib.usecases.card import Card, card_of, may_note_power, member_of
from chalicelib.usecases.verification import VerifyView


def consent_page(svc: Services, token: str) -> VerifyView:
    """What the link opens. Changes nothing, names nobody."""
    _, request = road.open_link(svc, token, Purpose.CONSENT)
    return _view(svc, request)


def _view(svc: Services, request: Request) -> VerifyView:
    state = verification.state_of(request)
    if state == "open" and not request.proof.awaits_consent:
        state = "done"
    return verification.view(svc, request, state, ask=True)


def reveal(svc: Services, token: str) -> tuple[VerifyView, Personal]:
    """Who asks, for whom, and which changes they want; that it was looked at is audited."""
    _, request = road.open_link(svc, token, Purpose.CONSENT)
    seen = road.note(svc, request.reference, "viewed", by="subject")
    personal = svc.open(seen)
    shown = Personal(
        email=personal.email, name=personal.name, subject_name=personal.subject_name, corrections=personal.corrections
    )
    return _view(svc, seen), shown


def agree(
    svc: Services,
    token: str,
    *,
    answers: dict[str, str],
    declared: bool = False,
    signature: str | None = None,
    to_agent: bool = False,
) -> Request:
    """The subject lets the agent act; the answer goes to themself, or to the agent if they say so.

    The link is spent with it: a second click shows what happened. Raises InvalidRequest, LimitReached.
    """
    link, request = road.open_link(svc, token, Purpose.CONSENT)
    if request.status is not Status.VERIFYING or link.used_at or not request.proof.awaits_consent:
        return request
    personal = svc.open(request)
    asked = svc.business.rights[request.right].questions
    tried = verification.Try(
        given={point: answers[point].strip() for point in asked if answers.get(point, "").strip()},
        declared=declared, signature=signature, by="subject", reason="consented", proof={"consent": "subject"},
        personal=_let(personal, answer_to=personal.email if to_agent else personal.subject_email),
    )  # fmt: skip
    return verification.take(svc, link, request, tried)


def _let(personal: Personal, *, answer_to: str | None) -> dict[str, Any]:
    """The agent may act: from here on the subject's address selects data."""
    return {"proven_email": personal.subject_email, "answer_to": answer_to}


def say_no(svc: Services, token: str) -> Request:
    """The subject did not ask for this: nothing moves until staff refuse it. A no after a yes is for the tracker."""
    link, request = road.open_link(svc, token, Purpose.CONSENT)
    if link.used_at or request.status is Status.FROZEN:
        return request
    return following.freeze(svc, request, "no_consent", by="subject", spend=link)


def note_power(svc: Services, token: str) -> Card:
    """Staff have seen the power of attorney: it stands for the consent, and the agent hears the answer.

    The agent's own mailbox must be proven all the same. Raises DecisionNotAllowed.
    """
    link, request = road.open_link(svc, token, Purpose.REVIEW)
    member = member_of(svc, link)
    if not may_note_power(svc, request, member):
        if request.proof.noted is Noted.POWER_OF_ATTORNEY:
            return card_of(svc, request, member)
        raise DecisionNotAllowed("A power of attorney can be noted for an agent who waits for the person's consent.")
    by, personal = f"staff:{member.id}", svc.open(request)
    changes: dict[str, Any] = {
        "proof": request.proof.model_copy(
            update={"consent": by, "noted_by": member.id, "noted": Noted.POWER_OF_ATTORNEY}
        ),
        "sealed": svc.seal(
            request.reference, personal.model_copy(update=_let(personal, answer_to=personal.email))
        ),
    }  # fmt: skip
    if request.proof.mailbox:
        noted, event = advance(request, Status.GATHERING, svc.now(), by=by, reason="power_of_attorney", **changes)
    else:
        noted, event = amend(request, "noted", svc.now(), by=by, reason="power_of_attorney", **changes)
    svc.store.commit(noted, event)
    if request.proof.mailbox:
        road.go_on(svc, noted, road.PROOF)
    return card_of(svc, noted, member)
