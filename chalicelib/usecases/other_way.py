"""Another way to a customer whom an answer did not reach: the same mail once more, or a letter.

Rule 4: once more to the same address, and to no other; by post to the address on file (posting). Whoever called our
mail spam is not mailed again. Rule 18: of many clicks one sends. Leaves to others: what is lost (feedback), printing
(posting).
"""

from __future__ import annotations

import functools

from chalicelib.businesses.model import Member
from chalicelib.domain.request import Request, amend
from chalicelib.errors import DecisionNotAllowed
from chalicelib.links import Purpose
from chalicelib.services import Services
from chalicelib.usecases import answering, correspondence, posting, powers, road


def send_again(svc: Services, token: str) -> None:
    """Mail the answer once more, to the same address. Raises DecisionNotAllowed."""
    request, member = _allowed(svc, token, "mail")
    outcomes = svc.store.outcomes(request.reference)
    once = f"again:{len(request.undelivered)}"
    answering.say(svc, request, outcomes, functools.partial(correspondence.to_customer, svc, request, once=once))
    road.note(svc, request.reference, "sent_again", by=f"staff:{member.id}")


def by_post(svc: Services, token: str) -> None:
    """Have the answer posted: it waits in the queue to be printed. Raises DecisionNotAllowed."""
    request, member = _allowed(svc, token, "post")
    if not posting.addresses(svc, request):
        raise DecisionNotAllowed("No postal address is on file: the answer cannot be posted.")
    svc.store.commit(*amend(request, "by_post", svc.now(), by=f"staff:{member.id}", by_post=True, to_post=True))


def _allowed(svc: Services, token: str, way: str) -> tuple[Request, Member]:
    link, request = road.open_link(svc, token, Purpose.REVIEW)
    member = svc.business.member(link.person)
    if member is None or way not in powers.other_ways(svc, request, member):
        raise DecisionNotAllowed(
            "Only an answer that did not arrive is sent again or posted, and only while we have it."
        )
    return request, member
