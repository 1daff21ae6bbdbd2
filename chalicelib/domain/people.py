"""One person, many identifiers: which of those that records hold lead to more of the same person's records. Pure.

Rule 4: what was proven selects data, and what the business itself gave out to the person who proved it (a customer
number, a licence), where it is theirs alone. What is shared, or bears another's address, selects nothing: staff are
told. Nobody is led anywhere by what people can write into their own record, so nobody writes themselves into another's.
Leaves to others: asking the sources (usecases/identifying), what staff read (mail/words).
"""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.domain.datamap import Collection
from chalicelib.domain.identity import Identifier, IdentifierKind
from chalicelib.domain.plan import Record

ONE_PERSONS = frozenset({IdentifierKind.EMAIL, IdentifierKind.CUSTOMER_NUMBER})
"""Kinds that are one mailbox's or one customer's. A phone, a licence or a browser may be a household's."""


def emails(collection: Collection, record: Record) -> set[str]:
    """The subject's own addresses in a record, spelt alike."""
    fields = {collection.identity[IdentifierKind.EMAIL]} if IdentifierKind.EMAIL in collection.identity else set()
    fields |= {n for n, f in collection.fields.items() if f.identifier == "email" and not f.third_person}
    held = [record.values.get(name) for name in sorted(fields)]
    return {Identifier.of(IdentifierKind.EMAIL, str(value)).value for value in held if value}


def names(collection: Collection, record: Record) -> str:
    """The name on an account, spelt alike; empty where it is none, or bears no name."""
    if not any(f.identifier == "customer_number" for f in collection.fields.values()):
        return ""
    said = [
        str(record.values.get(name) or "")
        for name, field in collection.fields.items()
        if field.category.startswith("user.name") and not field.third_person
    ]
    return Identifier.of(IdentifierKind.NAME, " ".join(said)).value


def several(collection: Collection, records: Iterable[Record]) -> set[str]:
    """The names on accounts of one collection that a proven identifier reached itself."""
    return {said for r in records if r.reached in collection.identity and (said := names(collection, r))}
