"""Appealing: a refusal is looked at again, as a linked request of the same right, by somebody else.

The customer appeals from the tracker; for who has no email, staff file what came by letter or call. Rule 3: its own
clock runs from receipt. Leaves to others: who may decide it (correspondence), what it owes to the first (appeals).
"""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain.request import Message, Request, amend, reference_from
from chalicelib.domain.status import Status
from chalicelib.errors import AlreadyFiled
from chalicelib.law import appeal_clock
from chalicelib.services import Services
from chalicelib.usecases import intake, partial


def may_appeal(request: Request) -> bool:
    """Whether its decision, refused in whole or in part, can still be appealed against: once, and no appeal itself."""
    refused = request.status is Status.REFUSED or request.reason == partial.REASON
    return refused and request.status.is_final and not request.appealed_by and not request.appeal_of


def appeal(
    svc: Services, request: Request, said: str, *, by: str, received_at: datetime, entered_by: str | None = None
) -> Request:
    """File an appeal that came at `received_at` (UTC); the request appealed against, marked. Raises RequestChanged.

    `entered_by` is the member of staff (an id) who filed it for somebody without email.
    """
    now = svc.now()
    personal = svc.open(request)
    message = Message(at=received_at, by="customer", text=said)
    personal = personal.model_copy(update={"messages": [*personal.messages, message], "explanation": None})
    clock = appeal_clock(request.regime, received_at, svc.business.zone)
    linked = Request(
        reference=reference_from(svc.chance.number(40)), right=request.right, regime=request.regime,
        channel=request.channel, relationship=request.relationship, proof=request.proof,
        received_at=received_at, entered_at=now if entered_by and received_at != now else None, entered_by=entered_by,
        acknowledge_by=clock.acknowledge_by, due_at=clock.target, limit_at=clock.limit,
        fallback_from=request.fallback_from, fallback=request.fallback, designated=request.designated,
        policy_version=svc.business.policy.version, subject_hash=request.subject_hash, asker_hash=request.asker_hash,
        appeal_of=request.reference, not_staff=request.decision.by if request.decision else None,
        by_post=request.by_post, language=request.language,
    )  # fmt: skip
    try:  # filed first: were the refusal marked first and the filing failed, nobody could appeal any more
        filed = intake.file(svc, linked, personal, once=f"appeal-{request.reference}", by=by).reference
    except AlreadyFiled as first:
        filed = first.reference
    marked, event = amend(request, "appealed", now, by=by, reason=filed, appealed_by=filed)
    svc.store.commit(marked, event)
    return marked
