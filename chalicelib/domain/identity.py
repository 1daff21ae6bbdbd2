"""Who a request is about: how identifiers are written alike, hashed, and what may select data.

Only identifiers proven in the request select data; others only ever suppress (rule 5) or are compared.
Hashes are keyed (HMAC-SHA256), so a stolen table is not a list of customers. Leaves to others: the key (secrets).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class IdentifierKind(StrEnum):
    EMAIL = "email"
    CUSTOMER_NUMBER = "customer_number"
    PHONE = "phone"
    COOKIE = "cookie"
    LICENCE = "licence"
    NAME = "name"
    RECORD = "record"
    """No person: one record kept for restricted use, as `<source>.<collection>/<key>`."""


class Identifier(BaseModel):
    """One way of naming a person, written the one way all such are written."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    kind: IdentifierKind
    value: str

    @classmethod
    def of(cls, kind: IdentifierKind | str, typed: str) -> Identifier:
        kind = IdentifierKind(kind)
        return cls(kind=kind, value=normalise(kind, typed))


class Doubt(StrEnum):
    SEVERAL = "several_people"
    """Records under one proven identifier bear different names."""
    SHARED = "shared"
    """An identifier that could have led on is another person's too: it was not followed."""
    UNREAD = "unread"
    """What leads on could not be read: there may be more of theirs."""
    SHARED_PROOF = "shared_proof"
    """What was proven is several people's: nothing is selected."""


class Unclear(BaseModel):
    """One thing that only a person can tell, without a value: what kind of identifier, in which collection."""

    model_config = ConfigDict(frozen=True)

    doubt: Doubt
    kind: str = ""
    collection: str = ""


def normalise(kind: IdentifierKind, typed: str) -> str:
    """The one spelling of an identifier: case, width and blanks folded; a US phone as its last ten digits.

    Plus-addresses and dots stay: `a+b@x` is a mailbox of its own until its owner proves otherwise.
    """
    text = unicodedata.normalize("NFKC", typed).strip()
    match kind:
        case IdentifierKind.PHONE:
            digits = re.sub(r"\D", "", text)
            return digits[1:] if len(digits) == 11 and digits.startswith("1") else digits
        case IdentifierKind.RECORD:
            return text
        case IdentifierKind.NAME:
            return " ".join(text.casefold().split())
        case _:
            return text.casefold()


def record_identifier(source: str, collection: str, key: tuple[str, ...]) -> Identifier:
    """What a kept record is known by in the suppression list."""
    return Identifier.of(IdentifierKind.RECORD, f"{source}.{collection}/{'/'.join(key)}")


def mailbox_of(address: str) -> str:
    """The address without its plus-tag: where mail to it most likely lands. Only for counting, never for finding."""
    name, at, domain = address.rpartition("@")
    return f"{name.partition('+')[0] or name}{at}{domain}"


def keyed_hash(key: bytes, identifier: Identifier) -> str:
    """A hash of an identifier that says nothing without the key."""
    said = f"{identifier.kind}:{identifier.value}"
    return hmac.new(key, said.encode(), hashlib.sha256).hexdigest()
