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

KEY_NAME = "identity"


def suppress_typed(svc: Services, personal: Personal, relationship: Relationship = Relationship.SELF) -> None:
    """Stop what was chosen for every identifier that was typed; an agent's own address is not the subject's."""
    suppress(svc, behalf.typed(relationship, personal), personal.stop)


def suppress(svc: Services, who: Iterable[Identifier], scopes: Sequence[str]) -> None:
    """Remember that these identifiers stopped these scopes; the first date stands."""
    now, version = svc.now(), svc.business.policy.version
    svc.store.suppress(
        Suppression(hash=svc.hash(identifier), scope=scope, since=now, policy_version=version, key_name=KEY_NAME)
        for identifier in who
        for scope in scopes
    )


def with_deletion(svc: Services, request: Request, personal: Personal, also: Sequence[Identifier] = ()) -> None:
    """What a deletion of one's own data stops for good, where the business says so (CET-5)."""
    stops = svc.business.rights[Right.DELETION].stops
    if stops and request.right is Right.DELETION and request.relationship is not Relationship.PARENT:
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
