"""The staff room: a mailed link instead of a password, the queue, and filing for a caller or a letter.

A sign-in link works once and lives half an hour; the session it gives lives twelve hours. What staff file has the same
clock and the same proof as anyone's (PWK-8). Leaves to others: deciding (review).
"""

from __future__ import annotations

from datetime import date

from chalicelib import links
from chalicelib.businesses.model import Member
from chalicelib.domain.identity import Identifier, IdentifierKind
from chalicelib.domain.request import Channel, Personal, Relationship, Request, Right
from chalicelib.domain.verification import Noted
from chalicelib.errors import InvalidRequest, LinkExpired, LinkMissing
from chalicelib.links import Purpose, token_hash
from chalicelib.services import Services
from chalicelib.usecases import correspondence, intake


def send_sign_in(svc: Services, email: str) -> None:
    """Mail a sign-in link, if this is one of the staff. How often, and when, is left to errands."""
    asked = Identifier.of(IdentifierKind.EMAIL, email)
    member = next((m for m in svc.business.staff if Identifier.of(IdentifierKind.EMAIL, m.email) == asked), None)
    if member is not None:
        correspondence.send_sign_in(svc, member)


def sign_in(svc: Services, token: str) -> str:
    """A session for the one who opens the link, once. Raises LinkExpired when it was used before."""
    link = svc.store.link(token_hash(token)).check(Purpose.SIGN_IN, svc.now())
    session = svc.chance.token()
    if svc.store.claim("sign-in", link.hash, token_hash(session)) != token_hash(session):
        raise LinkExpired(Purpose.SIGN_IN)
    svc.store.put_links([links.mint(session, Purpose.SESSION, link.person, None, svc.now())])
    return session


def staff_of(svc: Services, session: str) -> Member:
    """Who is signed in. Raises LinkMissing, LinkExpired."""
    link = svc.store.link(token_hash(session)).check(Purpose.SESSION, svc.now())
    member = svc.business.member(link.person)
    if member is None:
        raise LinkMissing(Purpose.SESSION)
    return member


def queue(svc: Services, session: str) -> list[Request]:
    """Open requests, due first: no personal data."""
    staff_of(svc, session)
    return svc.store.queue()


def open_review(svc: Services, session: str, reference: str) -> str:
    """A fresh review link of one request for the one who is signed in; its token. Raises RequestNotFound."""
    member = staff_of(svc, session)
    request = svc.store.get(reference)
    token = svc.chance.token()
    svc.store.put_links([links.mint(token, Purpose.REVIEW, member.id, request.reference, svc.now())])
    return token


def file_for(
    svc: Services,
    session: str,
    right: Right,
    personal: Personal,
    *,
    channel: Channel,
    received_on: date | None = None,
    relationship: Relationship = Relationship.SELF,
    noted: Noted | None = None,
    designated: bool = True,
) -> Request:
    """File for somebody who called or wrote; the clock starts the day it came (rule 3).

    Who has no email is known by an identifier, of which staff note how they made sure; the answer goes by post.
    `designated`: it came to an address the business names for such requests (Civil Code 1798.83(b)(1)).
    """
    member = staff_of(svc, session)
    by_post = not personal.email and right is not Right.OPT_OUT
    if by_post and (faults := _post_faults(svc, personal, relationship, noted)):
        raise InvalidRequest(faults)
    return intake.file_request(
        svc, right, personal, relationship=relationship, channel=channel, received_on=received_on,
        entered_by=member.id, noted=noted if by_post else None, designated=designated,
    )  # fmt: skip


def _post_faults(svc: Services, personal: Personal, relationship: Relationship, noted: Noted | None) -> dict[str, str]:
    """What is missing of a request that has no email address, by form field."""
    if relationship is not Relationship.SELF:
        return {"email": "Who asks for somebody else needs an email address of their own."}
    faults = {}
    if noted is None:
        faults["noted"] = "Without an email address: say how you made sure who it is."
    known = {kind for s in svc.business.datamap.sources.values() for c in s.collections.values() for kind in c.identity}
    if not personal.identifier:
        faults["identifier"] = "Without an email address: give a number we know them by."
    elif personal.identifier_kind not in known:
        faults["identifier_kind"] = f"{svc.business.name} finds nobody by this kind of number."
    if not personal.postal_address:
        faults["postal_address"] = "Without an email address: give the postal address on file."
    return faults
