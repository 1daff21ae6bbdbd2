"""Completing: what a mail could not say is asked once, on the page behind the link that its writer was mailed.

A mail opens a request at once, so that its clock runs from the day it came (rule 3). Where they live, what is wrong and
what it should say, or which child, the form would have asked: the proof page asks it first. Rule 19: what is said here
may raise the proof, never lower it. Leaves to others: proof itself (verification), what may be corrected (intake).
"""

from __future__ import annotations

from chalicelib.domain.request import FieldCorrection, Personal, Relationship, Request, Right, amend
from chalicelib.domain.status import Status
from chalicelib.domain.verification import Proof
from chalicelib.errors import InvalidRequest, RequestChanged
from chalicelib.links import Purpose
from chalicelib.services import Services
from chalicelib.usecases import intake, road
from chalicelib.usecases.governed import governed


def missing(request: Request, personal: Personal) -> tuple[str, ...]:
    """What is still to be asked: `residence` may stay empty, `correction` and `child` may not."""
    if not request.incomplete:
        return ()
    wanted = {
        "correction": request.right is Right.CORRECTION and not personal.corrections,
        "child": request.relationship is Relationship.PARENT and not personal.subject_name,
        "residence": personal.residence is None,
    }
    return tuple(name for name, open_ in wanted.items() if open_)


REQUIRED = frozenset({"correction", "child"})
"""Without these a request cannot go on."""


def complete(
    svc: Services,
    token: str,
    *,
    residence: str | None = None,
    subject_name: str | None = None,
    corrections: list[FieldCorrection] | None = None,
) -> Request:
    """Take what was missing; law, clock and proof follow, the clock still from receipt. Raises InvalidRequest."""
    _, request = road.open_link(svc, token, Purpose.VERIFY)
    if request.status is not Status.VERIFYING or not request.incomplete:
        return request
    own = svc.open(request)
    told = {"residence": residence, "subject_name": subject_name, "corrections": corrections}
    personal = own.model_copy(update={name: said for name, said in told.items() if said and not getattr(own, name)})
    intake.check(svc, request.right, personal, request.relationship)
    fixed = governed(
        svc.business, request.right, personal, relationship=request.relationship, received_at=request.received_at,
        designated=request.designated,
    )  # fmt: skip
    fixed["proof"] = _raised(request, fixed["proof"])
    completed, event = amend(
        request, "completed", svc.now(), by="customer", incomplete=False,
        sealed=svc.seal(request.reference, personal), **fixed,
    )  # fmt: skip
    try:
        svc.store.commit(completed, event)
    except RequestChanged:
        return svc.store.get(request.reference)
    return completed


def _raised(request: Request, asked: Proof) -> Proof:
    """The higher of the two levels of proof."""
    before = request.proof
    higher = {
        "required": max(before.required, asked.required), "because": asked.because or before.because,
        "declaration_required": before.declaration_required or asked.declaration_required,
    }  # fmt: skip
    return before.model_copy(update=higher)


def refuse_incomplete(request: Request, personal: Personal) -> None:
    """Raises InvalidRequest where the request cannot be confirmed before it is complete."""
    if REQUIRED & set(missing(request, personal)):
        raise InvalidRequest({"complete": "First tell us what is missing, then confirm."})
