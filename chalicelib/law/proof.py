"""What proof of identity a law asks for a right: the least it asks, which a business's own floor may raise (rule 19).

11 CCR 7062: two points reasonable, three and a signed declaration reasonably high. An opt-out never needs any (rule 5).
Leaves to others: asking and judging (domain/verification, usecases).
"""

from __future__ import annotations

from typing import Literal

from chalicelib.domain.request import Right
from chalicelib.law.loader import entitlement
from chalicelib.law.model import ProofLevel, Regime

Scope = Literal["specific", "categories", "sensitive"]


def proof_needed(regime: Regime | str, right: Right, scope: Scope | str = "specific") -> ProofLevel:
    """The proof for a right. `scope`: the data itself, mere `categories` of it, or `sensitive` where harm is likely.

    Where a law does not tell a scope apart, `specific` holds. Raises Misconfigured when it knows no such right.
    """
    proof = entitlement(regime, right).proof
    if scope == "categories":
        return proof.categories or proof.specific
    if scope == "sensitive":
        return proof.sensitive or proof.specific
    return proof.specific
