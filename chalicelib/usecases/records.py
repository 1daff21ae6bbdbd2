"""Records: the log of every request (11 CCR 7101), read from the request and its events; there is no second copy.

When and how it came, what was asked, when and what was answered, on what ground anything was denied: nothing personal.
Leaves to others: how long it is kept (law/records), purging (upkeep).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain

from chalicelib.domain.audit import Event, first_broken
from chalicelib.domain.masking import guarded
from chalicelib.domain.request import Personal, Request, amend
from chalicelib.domain.status import Status
from chalicelib.services import Services


@dataclass(frozen=True)
class Entry:
    """One line of the log. Days are the business's own calendar days."""

    reference: str
    received: date
    right: str
    regime: str
    manner: str
    answered: date | None
    response: str
    """Its status, and the reason where there is one."""
    denied: tuple[str, ...]
    """The basis of a denial, in whole or in part: the refusal ground, or why something was kept or withheld."""


def entry_of(svc: Services, request: Request) -> Entry:
    return Entry(
        reference=request.reference,
        received=_day(svc, request.received_at),
        right=request.right.value,
        regime=request.regime,
        manner=request.channel.value,
        answered=_day(svc, request.closed_at) if request.closed_at else None,
        response=f"{request.status.value}: {request.reason}" if request.reason else request.status.value,
        denied=_basis(svc, request),
    )


def _basis(svc: Services, request: Request) -> tuple[str, ...]:
    decision = request.decision
    grounds = [decision.ground.value] if decision and decision.ground else []
    grounds += [f"exemption: {decision.exemption}"] if decision and decision.exemption else []
    grounds += [f"left out: {place}" for place in decision.leave] if decision else []
    if request.status in (Status.FULFILLED, Status.PARTLY_FULFILLED):
        outcomes = svc.store.outcomes(request.reference)
        kept = {k for o in outcomes for _, k, _ in o.kept}
        grounds += sorted(f"{k.ground} ({k.law})" if k.law else k.ground for k in kept)
        grounds += ["categories only: proof_insufficient"] if request.categories_only else []
    return tuple(grounds)


def _day(svc: Services, at: datetime) -> date:
    return at.astimezone(svc.business.zone).date()


def log(svc: Services) -> Iterator[Entry]:
    """Every request there is a record of: those that ended, then those open."""
    for request in chain(svc.store.closed(), svc.store.queue(limit=10_000)):
        if not request.synthetic:
            yield entry_of(svc, request)


def trail(svc: Services, reference: str) -> list[Event]:
    """Its audit events. Raises RequestNotFound."""
    svc.store.get(reference)
    return svc.store.events(reference)


def broken_at(svc: Services, reference: str) -> int | None:
    """The first event that does not follow from the one before it, or is missing at the end; None: the trail is whole.

    Raises RequestNotFound.
    """
    request, events = svc.store.get(reference), svc.store.events(reference)
    broken = first_broken(events)
    if broken is None and (not events or events[-1].hash != request.last_event_hash):
        return len(events) + 1
    return broken


def reveal(svc: Services, reference: str, by: str) -> Personal:
    """What was typed, but for proof and what is never shown; that somebody looked is audited (rule 1)."""
    request = svc.store.get(reference)
    seen, event = amend(request, "viewed", svc.now(), by=by)
    svc.store.commit(seen, event)
    personal = svc.open(request)
    said = [m.model_copy(update={"text": guarded(m.text)}) for m in personal.messages]
    notes = [m.model_copy(update={"text": guarded(m.text)}) for m in personal.notes]
    return personal.model_copy(
        update={
            "answers": {},
            "signature": None,
            "messages": said,
            "notes": notes,
            "details": guarded(personal.details),
        }
    )
