"""Which law governs a request: by right, residence, and what the business says it must or will follow.

A law counts only where the business lists it, it is in force that day, and it knows the right; the business's own
policy catches the rest, and says which law it stands in for and why. Leaves to others: whether a law binds a
business (its lawyer says so in business.yaml), how strong a claim of residence is (rule 19: it never lowers proof).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from chalicelib.domain.request import Right
from chalicelib.law.loader import LawBook, load
from chalicelib.law.model import LAW_RIGHT, POLICY, Law, Regime

SHINE_THE_LIGHT = "us-ca-shine-the-light"
CHILDREN = "us-coppa"
MARKETING = "us-marketing-opt-outs"
EUROPE = ("eu-gdpr", "uk-gdpr")


def regime_for(
    right: Right,
    residence: str | None,
    *,
    binding: Sequence[str],
    voluntary: Sequence[str],
    on: date,
    parent: bool = False,
    mailings: bool = True,
) -> Regime:
    """The regime of a request received on the business's calendar day `on`.

    `residence` is ISO 3166 (`US-CA`, `GB`, `DE`), as claimed. `parent`: a parent asks about a child.
    `mailings`: what an opt-out stops is, at least in part, that they are written to or called.
    """
    book = load()
    first: tuple[Law, str] | None = None
    for law in _candidates(book, right, residence, parent, mailings):
        listed = law.id in binding or law.id in voluntary
        obstacle = _obstacle(law, right, on) if listed else "the business does not say that it follows this law"
        if obstacle is None:
            return Regime(law.id, law.name, law.law, "binding" if law.id in binding else "voluntary")
        if first is None or (listed and first[0].id not in (*binding, *voluntary)):
            first = law, obstacle
    policy = book.laws[POLICY]
    if first is None:
        return Regime(POLICY, policy.name, policy.law, "policy")
    passed_over, obstacle = first
    return Regime(POLICY, policy.name, policy.law, "policy", passed_over.id, f"{passed_over.name}: {obstacle}")


def _candidates(book: LawBook, right: Right, residence: str | None, parent: bool, mailings: bool) -> list[Law]:
    """The laws to look at, in this order. No two laws of one residence give the same right: the loader sees to it."""
    local = _of_residence(book, residence)
    match right:
        case Right.CALIFORNIA_DISCLOSURE:
            ids: list[str] = [SHINE_THE_LIGHT]
        case Right.CONCERN:
            ids = [id for id in local if LAW_RIGHT[right] in book.laws[id].rights]
        case Right.OPT_OUT:
            first = mailings and not any(id in EUROPE for id in local)
            ids = [MARKETING, *local] if first else [*local, MARKETING] if mailings else [*local]
        case _:
            ids = [*local]
    if parent and right not in (Right.CALIFORNIA_DISCLOSURE, Right.CONCERN):
        ids.insert(0, CHILDREN)
    return [book.laws[id] for id in ids]


def _of_residence(book: LawBook, residence: str | None) -> tuple[str, ...]:
    """Laws of the place, else of its country (`GB-SCT` is Britain, `DE-BY` Germany)."""
    place = (residence or "").strip().upper()
    return book.by_residence.get(place) or book.by_residence.get(place.partition("-")[0], ())


def _obstacle(law: Law, right: Right, on: date) -> str | None:
    """Why a law that is listed does not govern this right on this day; None when it does."""
    words = right.value.replace("_", "-")
    said = law.rights.get(LAW_RIGHT[right])
    if on < law.in_force.since:
        return f"not in force before {law.in_force.since}"
    if said is None:
        return f"knows no right of {words}"
    if said.since and on < said.since:
        return f"knows the right of {words} only from {said.since}"
    return None
