"""Risk signs: what should make staff look twice before they approve. Hints, never a reason by themselves.

Each is derived and says nothing of the data itself, so the card shows it before anything is revealed. Leaves to others:
counting where requests come from (unproven), refusing (review), the words (mail/staff_words).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum

from chalicelib.domain.identity import Identifier, IdentifierKind
from chalicelib.domain.plan import Finding
from chalicelib.domain.request import Personal, Relationship, Request, Right
from chalicelib.domain.status import Status
from chalicelib.errors import RequestNotFound
from chalicelib.services import Services
from chalicelib.usecases import gathering

LATELY = timedelta(days=60)
MANY = 5
"""Requests from one network in a day: a household or an office has fewer."""
LOOKED_AT = 10
"""Earlier requests of the person, the newest first."""
CONTACT, NAME = "user.contact", "user.name"
WEIGHED = frozenset({Right.ACCESS, Right.CORRECTION, Right.DELETION})


class Sign(StrEnum):
    ADDRESS_CHANGED = "address_changed"
    NETWORK = "network"
    NAME_DIFFERS = "name_differs"


def signs(svc: Services, request: Request) -> list[Sign]:
    """The signs of a request that is still to be decided."""
    if request.right not in WEIGHED or request.status not in (Status.IN_REVIEW, Status.ASKED, Status.FROZEN):
        return []
    found = []
    if _changed_lately(svc, request):
        found.append(Sign.ADDRESS_CHANGED)
    if request.nth_from_network >= MANY:
        found.append(Sign.NETWORK)
    if _name_differs(svc, svc.open(request), request, gathering.findings(svc, request.reference)):
        found.append(Sign.NAME_DIFFERS)
    return found


def _changed_lately(svc: Services, request: Request) -> bool:
    """Whether this desk corrected how the person is reached: whoever takes an account over does that first."""
    since = svc.now() - LATELY
    for reference in svc.store.of_subject(request.subject_hash or "")[:LOOKED_AT]:
        try:
            other = svc.store.get(reference)
            done = other.closed_at is not None and other.closed_at >= since and _carried_out(other)
            if other.right is Right.CORRECTION and done and _contact(svc, svc.open(other)):
                return True
        except RequestNotFound:  # purged meanwhile
            continue
    return False


def _carried_out(request: Request) -> bool:
    return request.status in (Status.FULFILLED, Status.PARTLY_FULFILLED)


def _contact(svc: Services, personal: Personal) -> bool:
    for correction in personal.corrections:
        try:
            category = svc.business.datamap.field(correction.field).category
        except KeyError:  # the map has changed since
            continue
        if _under(category, CONTACT):
            return True
    return False


def _under(category: str, prefix: str) -> bool:
    return category == prefix or category.startswith(f"{prefix}.")


def _name_differs(svc: Services, personal: Personal, request: Request, found: Iterable[Finding]) -> bool:
    """Whether a name was typed, names are on file, and none of them shares a word with it."""
    typed = _words((personal.name if request.relationship is Relationship.SELF else personal.subject_name) or "")
    held, whose = set[str](), "child" if request.relationship is Relationship.PARENT else ""
    for finding in found:
        collections = svc.business.datamap.sources[finding.source].collections
        for record in finding.shown:
            collection = collections[record.collection]
            if collection.person != "subject" or collection.whose != whose:
                continue
            for name, field in collection.fields.items():
                if _under(field.category, NAME) and not field.third_person:
                    held |= _words(str(record.values.get(name) or ""))
    return bool(typed and held and not typed & held)


def _words(name: str) -> set[str]:
    return {word for word in Identifier.of(IdentifierKind.NAME, name).value.split() if len(word) > 1}
