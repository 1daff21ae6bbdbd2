"""Suppression: opt-outs take effect in the POST that makes them, kept as keyed hashes that survive a deletion.

Rule 5: never verified, never expired, no link to click. Further identifiers of the same person are found afterwards
from the business's own records and suppressed too, showing nothing to anyone. Leaves to others: the flags in the
business's own data (sources.stop, called by fulfilment).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chalicelib.domain import behalf
from chalicelib.domain.datamap import DataMap
from chalicelib.domain.identity import Identifier
from chalicelib.domain.plan import Record
from chalicelib.domain.request import Personal, Relationship, Request, Right
from chalicelib.ports import Suppression
from chalicelib.services import Services

EVERYTHING = "everything"
"""Left by a deletion: whoever holds an old list must not load this person again, nor use it for anything."""
RESTRICTED = "restricted"
"""Of a record that is kept on a ground: used for that ground only, until it goes."""


def suppress_typed(svc: Services, personal: Personal, relationship: Relationship = Relationship.SELF) -> None:
    """Stop what was chosen for every identifier that was typed; an agent's own address is not the subject's."""
    suppress(svc, behalf.typed(relationship, personal), personal.stop)


def suppress(svc: Services, who: Iterable[Identifier], scopes: Sequence[str]) -> None:
    """Remember that these identifiers stopped these scopes; the first date stands."""
    now, version = svc.now(), svc.business.policy.version
    for identifier in who:
        key_name, hashed = next(iter(svc.hashes(identifier).items()))
        svc.store.suppress(
            Suppression(hash=hashed, scope=scope, since=now, policy_version=version, key_name=key_name)
            for scope in scopes
        )


def standing(svc: Services, identifier: Identifier) -> set[str]:
    """The scopes that were stopped for this identifier, under whichever key they were noted."""
    return {entry.scope for hashed in svc.hashes(identifier).values() for entry in svc.store.suppressions(hashed)}


def restrict(svc: Services, records: Iterable[Identifier]) -> None:
    suppress(svc, records, [RESTRICTED])


def unrestrict(svc: Services, records: Iterable[Identifier]) -> None:
    for record in records:
        for hashed in svc.hashes(record).values():
            svc.store.lift_suppression(hashed, RESTRICTED)


def with_deletion(
    svc: Services, request: Request, personal: Personal, also: Sequence[Identifier] = (), *, erases: bool = False
) -> None:
    """What a deletion of one's own data stops for good: all that the business says (CET-5), and being loaded again.

    `erases`: something of theirs goes; a person of whom a part was left out on purpose may still be on file.
    """
    if request.right is not Right.DELETION or request.relationship is Relationship.PARENT:
        return
    left = request.decision.leave if request.decision else ()
    gone = [EVERYTHING] if erases and not left else []
    if stops := [*svc.business.rights[Right.DELETION].stops, *gone]:
        suppress(svc, [*behalf.selecting(request, personal), *also], stops)


def others(datamap: DataMap, source: str, records: Iterable[Record]) -> list[Identifier]:
    """The subject's further identifiers that these records hold; a third person's are left alone."""
    found = set()
    collections = datamap.sources[source].collections
    for record in records:
        collection = collections[record.collection]
        if collection.person == "third":
            continue
        for name, field in collection.fields.items():
            value = record.values.get(name)
            if field.identifier and field.identifier != "name" and not field.third_person and value:
                found.add(Identifier.of(field.identifier, str(value)))
    return sorted(found, key=lambda i: (i.kind, i.value))
