"""Held back: what a legal hold kept of a deletion can be taken up once the hold has ended, as a linked deletion.

Rule 12: what was kept for the hold has no other ground to stay. The linked request has a clock of its own, the first
one's proof, a plan for staff and an undo window for the customer. Leaves to others: setting and ending holds (holds).
"""

from __future__ import annotations

from contextlib import suppress

from chalicelib.domain.plan import LEGAL_HOLD
from chalicelib.domain.request import Request, Right, amend, reference_from
from chalicelib.errors import AlreadyFiled, RequestNotFound
from chalicelib.law import clock_for
from chalicelib.services import Services
from chalicelib.usecases import intake

OPENED = "rest_opened"
MOST = 20
"""How many of a person's latest requests are looked at."""


def limited(svc: Services, request: Request) -> list[str]:
    """References of this person's deletions of which an ended hold kept something that nobody has taken up yet."""
    subject = request.subject_hash
    if subject is None or svc.store.hold_of(subject):
        return []
    return [ref for ref in svc.store.of_subject(subject)[:MOST] if _kept_for_a_hold(svc, ref)]


def _kept_for_a_hold(svc: Services, reference: str) -> bool:
    with suppress(RequestNotFound):
        request = svc.store.get(reference)
        svc.open(request)  # purged: nothing would find the person any more
        if request.right is not Right.DELETION or not request.status.is_final:
            return False
        if any(e.what == OPENED for e in svc.store.events(reference)):
            return False
        return any(kept == LEGAL_HOLD for o in svc.store.outcomes(reference) for _, kept, _ in o.kept)
    return False


def open_rest(svc: Services, first: Request, *, by: str) -> None:
    """File the linked deletion and note it on the first. Raises RequestChanged."""
    now = svc.now()
    clock = clock_for(first.regime, first.right, now, svc.business.zone, designated=first.designated)
    rest = Request(
        reference=reference_from(svc.chance.number(40)), right=first.right, regime=first.regime,
        channel=first.channel, relationship=first.relationship, proof=first.proof, received_at=now,
        acknowledge_by=clock.acknowledge_by, due_at=clock.target, limit_at=clock.limit,
        fallback_from=first.fallback_from, fallback=first.fallback, designated=first.designated,
        policy_version=svc.business.policy.version, subject_hash=first.subject_hash, asker_hash=first.asker_hash,
        by_post=first.by_post, language=first.language, continues=first.reference,
    )  # fmt: skip
    try:
        filed = intake.file(svc, rest, svc.open(first), once=f"rest-{first.reference}", by=by).reference
    except AlreadyFiled as before:
        filed = before.reference
    noted, event = amend(svc.store.get(first.reference), OPENED, now, by=by, reason=filed)
    svc.store.commit(noted, event)
