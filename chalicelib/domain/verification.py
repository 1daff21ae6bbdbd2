"""Proof of identity: points, what suffices, and the five tries.

The proven mailbox is one point; each right answer about data already on file is one more (11 CCR 7062: two points
reasonable, three and a declaration reasonably high). Rule 19: a floor per business and right, which what the
requester claims may raise and never lower. Rule 17: a try is counted before it is judged. Answers are compared here,
where the data was found; leaves to others: which questions (business.yaml), counting (the store).
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

TRIES = 5


class Noted(StrEnum):
    """How staff made sure of a person, or of an agent's authority, where no mailed link could."""

    CALLED_BACK = "called_back"
    ANSWERED = "answered"
    LETTER_SIGNED = "letter_signed"
    POWER_OF_ATTORNEY = "power_of_attorney"


class Proof(BaseModel):
    """What has been proven of a request: kinds and counts, no values."""

    model_config = ConfigDict(frozen=True)

    mailbox: bool = False
    account: bool = False
    matched: tuple[str, ...] = ()
    required: int = 1
    declaration_required: bool = False
    because: str | None = None
    """The citation of the law that asks for this much; None where the business's own floor does."""
    declared: bool = False
    tries: int = 0
    noted_by: str | None = None
    """The member of staff who made sure, and how."""
    noted: Noted | None = None
    consent_due: bool = False
    """An agent asks: first the person themself must agree, or staff must have seen a power of attorney."""
    consent: str | None = None
    """Who let the agent act: `subject`, or `staff:<id>`, who saw the power of attorney."""

    @property
    def awaits_consent(self) -> bool:
        return self.consent_due and self.consent is None

    @property
    def points(self) -> int:
        return int(self.mailbox) + len(self.matched)

    @property
    def suffices(self) -> bool:
        """A recent sign-in stands for the points (11 CCR 7061); otherwise points and, where due, the declaration."""
        if self.awaits_consent:
            return False
        if self.account or self.noted_by:
            return True
        return self.points >= self.required and (self.declared or not self.declaration_required)

    @property
    def tries_left(self) -> int:
        return max(0, TRIES - self.tries)


def same(answer: str, held: Iterable[object]) -> bool:
    """Whether an answer says the same as any value on file, after sane folding, in constant time per value."""
    given = folded(answer).encode()
    if not given:
        return False
    right = False
    for value in held:
        right |= hmac.compare_digest(given, folded(str(value)).encode())
    return right


def folded(text: str) -> str:
    """Text without case, accents, spaces or punctuation; `$1,234.50` and `1234.5` fold alike."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    amount = re.fullmatch(r"[^\w]*(\d[\d,]*)\.(\d+?)0*", plain.strip())
    if amount:
        whole, cents = amount[1].replace(",", ""), amount[2].rstrip("0")
        return f"{whole}.{cents}" if cents else whole
    return "".join(c for c in plain if c.isalnum())
