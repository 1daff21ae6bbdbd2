"""Refiling: the first mail of a request was refused, and staff know the right address: it is filed anew under that.

Rule 4: an address that staff type is as unproven as any. The new request asks for proof by a link mailed there, finds
whom that address names, and shows nothing before. Rule 3: it came the day the first one came. The first ends, saying
which took its place; both histories name who did it. Leaves to others: an answer that no mail can bring (attention).
"""

from __future__ import annotations

from contextlib import suppress

from chalicelib import language
from chalicelib.domain.request import Request, Right, advance
from chalicelib.domain.status import Status
from chalicelib.errors import AlreadyFiled, DecisionNotAllowed
from chalicelib.links import Purpose
from chalicelib.services import Services
from chalicelib.usecases import intake, limits, powers, road
from chalicelib.usecases.card import Card, card_of, member_of


def refile(svc: Services, token: str, email: str) -> Card:
    """File the request of this review link anew under `email`; the card of the first. Doing it twice is once.

    Raises DecisionNotAllowed, InvalidRequest.
    """
    link, first = road.open_link(svc, token, Purpose.REVIEW)
    member = member_of(svc, link)
    if first.status is Status.WITHDRAWN and first.reason == REFILED:
        return card_of(svc, first, member)
    if not powers.may_refile(svc, first, member):
        raise DecisionNotAllowed("Only a request whose first mail was refused is filed again under another address.")
    _file(svc, first, email, member.id)
    ended, event = advance(
        first, Status.WITHDRAWN, svc.now(), by=f"staff:{member.id}", reason=REFILED, resume=None, closed_at=svc.now()
    )
    svc.store.commit(ended, event)
    limits.give_back(svc, ended)
    road.go_on(svc, ended, road.ATTENTION)
    return card_of(svc, ended, member)


REFILED = "refiled"


def _file(svc: Services, first: Request, email: str, by: str) -> None:
    """What was asked, by whom and when, as it was; nothing that was proven or answered under the other address."""
    typed = svc.open(first)
    said = typed.model_copy(
        update={"email": email, "proven_email": None, "answers": {}, "details": _also_once(first, typed.details)}
    )
    with suppress(AlreadyFiled), language.speaking(first.language):
        intake.file_request(
            svc, Right(first.right), said, relationship=first.relationship, channel=first.channel,
            once=f"refiled:{first.reference}", received_on=first.received_at.astimezone(svc.business.zone).date(),
            entered_by=by, designated=first.designated,
        )  # fmt: skip


def _also_once(first: Request, details: str | None) -> str | None:
    """A message that asked two things has opened two requests already: its words stay with the first of them."""
    return None if first.asked_with else details
