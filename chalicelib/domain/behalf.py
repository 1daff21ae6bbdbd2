"""Whom a request is about, when somebody files it for somebody else, and what may select that person's data.

Rule 4: only what was proven in the request selects data: a mailbox, or, for a caller or a letter, the identifier of
which staff noted how they made sure. An agent proves their own mailbox and with it nothing about the subject.
Leaves to others: who lets an agent act (usecases/consent), a child's records (usecases/gathering).
"""

from __future__ import annotations

from chalicelib.domain.identity import Identifier, IdentifierKind
from chalicelib.domain.request import Personal, Relationship, Request, Right


def subject(relationship: Relationship, personal: Personal) -> Identifier | None:
    """The one identifier a request is counted and found under; a parent stands for their child."""
    address = personal.subject_email if relationship is Relationship.AGENT else personal.email
    if address:
        return Identifier.of(IdentifierKind.EMAIL, address)
    return _other(personal)


def typed(relationship: Relationship, personal: Personal) -> list[Identifier]:
    """Every way the subject was named, proven or not: enough to stop, never to show. Never an agent's own address."""
    named = (subject(relationship, personal), _other(personal))
    return list(dict.fromkeys(i for i in named if i))


def selecting(request: Request, personal: Personal) -> list[Identifier]:
    """The identifiers that may select data (rule 4)."""
    if request.proof.awaits_consent:
        return []
    if personal.proven_email:
        return [Identifier.of(IdentifierKind.EMAIL, personal.proven_email)]
    other = _other(personal)
    return [other] if other and request.by_post and request.proof.noted_by else []


def _other(personal: Personal) -> Identifier | None:
    if personal.identifier and personal.identifier_kind:
        return Identifier.of(personal.identifier_kind, personal.identifier)
    return None


def faults(right: Right, relationship: Relationship, personal: Personal) -> dict[str, str]:
    """What is missing of the one somebody else asks for, by form field."""
    if relationship is not Relationship.SELF and not (personal.subject_name or "").strip():
        return {"subject_name": "Give the name of the person you ask for."}
    if relationship is not Relationship.AGENT or personal.subject_email:
        return {}
    if right is not Right.OPT_OUT:
        return {"subject_email": "Give their email address. We write there, so that they can confirm it."}
    return {} if _other(personal) else {"subject_email": "Give their email address or a number we know them by."}
