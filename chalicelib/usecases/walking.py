"""Walking: whether what is filed is the canary's own walk.

That it comes from the canary's address proves nothing, as anybody can type it. It is the canary's if it is the very
form that the canary fetched and noted beforehand, filed for the first time, and asks for nothing but access. So nobody
else has the exemptions of a walk: from limits, metrics and the log. Leaves to others: the walk itself (canary).
"""

from __future__ import annotations

from chalicelib.domain.identity import Identifier, IdentifierKind
from chalicelib.domain.request import Personal, Relationship, Right
from chalicelib.services import Services


def is_walk(svc: Services, right: Right, personal: Personal, relationship: Relationship, form: str | None) -> bool:
    """Whether this is the walk that the canary noted; true once. `form`: the hash of the form's id."""
    canary = svc.business.canary
    if canary is None or not form or not personal.email:
        return False  # as for everybody: nothing is read
    ours = Identifier.of(IdentifierKind.EMAIL, canary.email) == Identifier.of(IdentifierKind.EMAIL, personal.email)
    plain = personal.model_dump(exclude_defaults=True).keys() <= {"email"}
    if not (ours and plain and right is Right.ACCESS and relationship is Relationship.SELF):
        return False
    walk = svc.store.walk()
    if walk is None or walk.form != form or walk.reference:
        return False
    return svc.store.take_walk(form)
