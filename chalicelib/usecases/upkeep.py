"""Upkeep: what the daily sweep does to requests that ended: each is settled after 30 days, and purged in the end.

Of what is still to be done of an answered one, staff are reminded every week.

11 CCR 7101: the record of a request is kept 24 months, or as long as its law says, and used for nothing else; so what
only the answer needed goes first. Purged, nothing of the person is left but what they stopped (rule 7, CET-5) and a
tally that names nobody. Every step may be cut short and run again. Leaves to others: what roads left undone
(attention).
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from chalicelib.domain.plan import OutcomeState
from chalicelib.domain.request import Personal, Request, Right, amend
from chalicelib.domain.status import Status
from chalicelib.errors import RequestChanged, RequestNotFound, RightsdeskError
from chalicelib.law import records_kept_until
from chalicelib.services import Services
from chalicelib.usecases import answering, judging, limits

log = logging.getLogger("rightsdesk.upkeep")

MOST = 1000
"""Requests in one run; the next one goes on from there."""
UNSETTLED = frozenset({Status.LAPSED, Status.REFUSED, Status.PARTLY_FULFILLED})
"""May still be reopened, appealed or tried again: they need what was asked, word for word."""


def purge_due(svc: Services, most: int = MOST) -> dict[str, int]:
    """Settle or purge each request whose day has come, or remind of it. Counts them; one that fails stops no other."""
    done = {"settled": 0, "purged": 0, "reminded": 0, "failed": 0}
    for number, found in enumerate(svc.store.closed(due_by=svc.now())):
        if number >= most:
            break
        try:
            done[_keep_up(svc, found.reference)] += 1
        except RequestChanged:
            continue  # gone, or taken up again just now
        except RightsdeskError as fault:
            log.error("%s in the upkeep of %s", type(fault).__name__, found.reference)
            done["failed"] += 1
    return done


def _keep_up(svc: Services, reference: str) -> str:
    """The index may be a moment late: what the request itself says decides. Raises RequestChanged."""
    try:
        request = svc.store.get(reference)
    except RequestNotFound:
        raise RequestChanged(reference) from None
    if request.upkeep_at is None or request.upkeep_at > svc.now():
        raise RequestChanged(reference)
    if request.remind_at and request.remind_at <= svc.now():
        _remind(svc, request)
        return "reminded"
    if request.purge_at:
        _purge(svc, request)
        return "purged"
    _settle(svc, request)
    return "settled"


def _remind(svc: Services, request: Request) -> None:
    """Tell staff again what is still to be done, once a week until it is; nothing where it no longer should be."""
    left = [o for o in svc.store.outcomes(request.reference) if o.state is OutcomeState.FAILED]
    if request.links_dead_before or not left:
        ended, event = amend(request, "reminded", svc.now(), remind_at=None)
    else:
        answering.tell_of_the_rest(svc, request, left, once=svc.now().date().isoformat())
        again = svc.now() + answering.UNSETTLED_FOR
        ended, event = amend(request, "reminded", svc.now(), remind_at=again if _stays(request, again) else None)
    svc.store.commit(ended, event)


def _stays(request: Request, until: datetime) -> bool:
    """Whether there is still a record of it then."""
    return request.purge_at is None or until < request.purge_at


def _settle(svc: Services, request: Request) -> None:
    """The results link has expired: the package, the findings and what was typed beyond the record go."""
    svc.packages.forget(request.reference)
    if request.status is not Status.PARTLY_FULFILLED:
        svc.store.drop_findings(request.reference)
    kept = _sealed_record(svc, request)
    until = records_kept_until(request.regime, request.closed_at or svc.now(), svc.business.zone)
    if request.synthetic:  # it is about nobody, so nobody's record
        until = svc.now()
    settled, event = amend(request, "settled", svc.now(), sealed=kept, purge_at=until, answers={})
    svc.store.commit(settled, event)


def _sealed_record(svc: Services, request: Request) -> bytes:
    """Nothing where the key is gone: what was sealed under it is gone too, and the log must still end in time."""
    try:
        personal = svc.open(request)
    except RequestNotFound:
        return b""
    return svc.seal(request.reference, record_of(request, personal))


def record_of(request: Request, personal: Personal) -> Personal:
    """What the record keeps: who asked, whom it was about, what was said and signed (11 CCR 7062(c), 7101).

    What was given only as proof goes (7060(d)); so do the ways to find the data, once nothing more is to be found.
    """
    gone: dict[str, Any] = {"answers": {}}
    if request.status not in UNSETTLED:
        gone |= {"identifier": None, "identifier_kind": None, "postal_address": None, "pet": None}
        if request.right is not Right.CONCERN:
            gone["details"] = None
    return personal.model_copy(update=gone)


def _purge(svc: Services, request: Request) -> None:
    """Everything about the request goes: first the key, so that nothing left or backed up can be read."""
    purging, event = amend(request, "purging", svc.now())
    svc.store.commit(purging, event)  # nobody may take it up from here on
    svc.vault.forget(request.reference)
    svc.packages.forget(request.reference)
    name, key = judging.disclosure_claim(svc, request)
    svc.store.release(name, key, request.reference)
    limits.give_back(svc, request)
    svc.store.delete(request.reference)
