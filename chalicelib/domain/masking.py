"""What of a value may be shown, to the customer and to staff. Pure.

Rule 13: the never-disclosed kinds are named, not shown, to anyone; numbers of such kinds that slipped into free text
are struck out. A third person's values are masked. PRU-6: staff see what their role may see.
Leaves to others: which fields are which (the data map), where values are written (package, web).
"""

from __future__ import annotations

import re
from typing import Any

from chalicelib.domain.datamap import Collection, FieldMap, Never

DOTS = "•••"
STRUCK = "[number held, not shown]"
NOT_FOR_THIS_ROLE = "not for your role"

KIND_WORDS: dict[Never, str] = {
    Never.SSN: "social-security number",
    Never.GOVERNMENT_ID: "government identification number",
    Never.CARD: "payment card number",
    Never.CARD_TOKEN: "payment card token",
    Never.BANK_ACCOUNT: "bank account number",
    Never.HEALTH_ID: "health insurance or medical number",
    Never.PASSWORD: "password",
    Never.SECURITY_ANSWER: "answer to a security question",
    Never.BIOMETRIC: "biometric data",
}

NUMBERS = frozenset(set(Never) - {Never.PASSWORD, Never.SECURITY_ANSWER, Never.BIOMETRIC})
"""Kinds whose values are struck out wherever else they stand; a security answer may be a pet's own name."""

IDENTIFYING = ("user.name", "user.contact", "user.unique_id", "user.government_id", "user.demographic", "user.location")
"""Categories that tell who a third person is: masked in records that are about somebody else."""

SSN = re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])")
LONG_NUMBER = re.compile(r"\d(?:[ -]?\d){8}")
"""Either has this; most texts have not, and need not be looked at twice."""
CARD = re.compile(r"(?<!\d)(?<!\d\.)(?:4\d{3}|5[1-5]\d{2}|2[2-7]\d{2}|3[47]\d{2}|6011|65\d{2})(?:[ -]?\d){9,15}")
"""How a payment card number of a large scheme starts, and all the digits that may belong to it."""


def shown(field: FieldMap, value: Any) -> Any:
    """`value` as the person it is about may see it; None where nothing is held."""
    if value is None:
        return None
    if field.never:
        return not_shown(field.never)
    return masked(value) if field.third_person else guarded(value)


def for_staff(field: FieldMap, value: Any, *, may_see: bool) -> Any:
    """`value` as a member of staff sees it, whose role may see its category or not."""
    if value is None or field.never:
        return shown(field, value)
    return guarded(value) if may_see else NOT_FOR_THIS_ROLE


def not_shown(kind: Never) -> str:
    """What stands in place of a value that is never disclosed."""
    return f"held, not shown: {KIND_WORDS[kind]}"


def package_fields(collection: Collection) -> dict[str, FieldMap]:
    """The fields that an answer shows, as this collection's reader may see them.

    A field of a never-disclosed kind stays even where the map exports nothing: that it is held is told.
    """
    return {
        name: _of_third(field) if collection.person == "third" else field
        for name, field in collection.fields.items()
        if field.export or field.never
    }


def _of_third(field: FieldMap) -> FieldMap:
    tells = any(field.category == c or field.category.startswith(c + ".") for c in IDENTIFYING)
    return field.model_copy(update={"third_person": True}) if tells else field


def masked(value: Any) -> str:
    """The first letter and dots; both parts of an email address. Numbers and structures only dots."""
    text = value.strip() if isinstance(value, str) else ""
    if not text:
        return DOTS
    return f"{text[0]}{DOTS}@{DOTS}" if "@" in text else text[0] + DOTS


def guarded(value: Any) -> Any:
    """`value` with social-security and payment card numbers struck out of its texts."""
    match value:
        case str():
            return _without_cards(SSN.sub(STRUCK, value)) if len(value) > 10 and LONG_NUMBER.search(value) else value
        case list():
            return [guarded(v) for v in value]
        case dict():
            return {k: guarded(v) for k, v in value.items()}
        case _:
            return value


def _without_cards(text: str) -> str:
    kept, at = "", 0
    while found := CARD.search(text, at):
        end = found.start() + _card_length(found[0], text[found.end() :])
        if end == found.start():
            end += 1  # none here; another may start within these digits
            kept += text[at:end]
        else:
            kept += text[at : found.start()] + STRUCK
        at = end
    return kept + text[at:]


def _card_length(digits_and_gaps: str, after: str) -> int:
    """How many characters of this, from its start, are a card number; 0 if none.

    Only what has the right check digit and ends where its digits end: an order or parcel number seldom does both.
    """
    for length in range(len(digits_and_gaps), 12, -1):
        following = (digits_and_gaps + after)[length : length + 1]
        digits = [int(d) for d in digits_and_gaps[:length] if d.isdigit()]
        if len(digits) < 13 or following.isdigit() or not digits_and_gaps[length - 1].isdigit():
            continue
        doubled = [d if i % 2 == 0 else (d * 2 - 9 if d > 4 else d * 2) for i, d in enumerate(reversed(digits))]
        if sum(doubled) % 10 == 0:
            return length
    return 0
