"""What governs a new request: the law, its clock, and the proof it takes, as fields of the request.

Rule 3: the clock runs from receipt. Rule 19: the proof has a floor per business and right; law and sensitivity may
raise it, what the requester claims never lowers it. Pure: reads no source, no store. Leaves to others: filing (intake).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chalicelib.businesses.model import Business
from chalicelib.domain.datamap import Collection
from chalicelib.domain.request import Personal, Relationship, Right
from chalicelib.domain.verification import Proof
from chalicelib.law import POLICY, ProofLevel, Regime, clock_for, is_sensitive, proof_needed, regime_for

NO_MAILINGS = frozenset({"sharing", "unrelated_uses"})
"""Scopes of an opt-out that no law of mailings and calls is about: the law of where somebody lives governs them."""


def governed(
    business: Business,
    right: Right,
    personal: Personal,
    *,
    relationship: Relationship = Relationship.SELF,
    received_at: datetime,
    designated: bool = True,
) -> dict[str, Any]:
    """The fields that the law fixes at intake. `received_at` is UTC; `designated`: it came to the address for it."""
    zone = business.zone
    regime = regime_for(
        right, personal.residence, binding=business.binding, voluntary=business.voluntary,
        on=received_at.astimezone(zone).date(), parent=relationship is Relationship.PARENT,
        mailings=bool(personal.pet) or not set(personal.stop) <= NO_MAILINGS,
    )  # fmt: skip
    clock = clock_for(regime, right, received_at, zone, designated=designated)
    return {
        "regime": regime.id, "fallback_from": regime.fallback_from, "fallback": regime.reason,
        "received_at": received_at, "acknowledge_by": clock.acknowledge_by, "due_at": clock.target,
        "limit_at": clock.limit, "designated": designated,
        "proof": proof_of(business, regime, right, personal, relationship),
    }  # fmt: skip


def proof_of(business: Business, regime: Regime, right: Right, personal: Personal, relationship: Relationship) -> Proof:
    """The proof to be brought: the business's floor, raised by the law."""
    terms, asked = business.rights[right], law_asks(business, regime, right, personal, relationship)
    points = asked.points
    if regime.id == POLICY:  # our own default asks no more than the business's fixed questions can carry
        points = min(points, 1 + len(terms.questions))
    return Proof(
        required=max(terms.points, points), declaration_required=terms.declaration or asked.declaration,
        because=asked.cite if regime.id != POLICY and (points > terms.points or asked.declaration) else None,
    )  # fmt: skip


def law_asks(
    business: Business, regime: Regime | str, right: Right, personal: Personal, relationship: Relationship
) -> ProofLevel:
    """What the law asks here. A change or deletion of sensitive data is harder to make good again."""
    scope = personal.scope
    if right in (Right.CORRECTION, Right.DELETION):
        scope = "sensitive" if _sensitive(business, right, personal, relationship) else "specific"
    return proof_needed(regime, right, scope)


def _sensitive(business: Business, right: Right, personal: Personal, relationship: Relationship) -> bool:
    """Whether what would be changed is of a sensitive kind, as the data map says: the same for everyone (rule 6)."""
    if right is Right.CORRECTION:
        correctable = business.datamap.correctable()
        return any(is_sensitive(correctable[c.field].category) for c in personal.corrections if c.field in correctable)
    return any(
        is_sensitive(field.category)
        for source in business.datamap.sources.values()
        for collection in source.collections.values()
        if _concerned(collection, relationship)
        for field in collection.fields.values()
    )


def _concerned(collection: Collection, relationship: Relationship) -> bool:
    """A parent's request treats the child's records, everybody else's their own; what is kept is not deleted."""
    childs = collection.whose == "child"
    return collection.erase != "keep" and childs == (relationship is Relationship.PARENT)
