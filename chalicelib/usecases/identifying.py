"""Identifying: the identifiers that select a person's data in one source: the proven, and those they lead to.

The one place where it is decided (rule 4), by the words of domain/people. A second way is one step long: from a record
that a proven identifier reached, in the source that the data map names, to an identifier that is nobody else's there,
and under which the other source knows nobody else. What was found so is kept with the finding: carrying out reads by
it, because the record that said so may be erased first. Leaves to others: what was proven (behalf), reading the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from chalicelib.domain import behalf
from chalicelib.domain.identity import Doubt, Identifier, IdentifierKind, Unclear
from chalicelib.domain.people import ONE_PERSONS, emails
from chalicelib.domain.plan import Finding, Record
from chalicelib.domain.request import Personal, Request
from chalicelib.errors import SourceMisread, SourceUnavailable
from chalicelib.ports import every
from chalicelib.services import Services


@dataclass
class Whom:
    proven: list[Identifier]
    also: list[Identifier] = field(default_factory=list)
    """Reached from the proven ones through the business's own records."""
    unclear: list[Unclear] = field(default_factory=list)


def whom(svc: Services, request: Request, personal: Personal, source: str) -> Whom:
    """What selects this person's data in a source. What leads on and cannot be read stops nothing (rule 11)."""
    return led(svc, behalf.selecting(request, personal), source)


def led(svc: Services, proven: Sequence[Identifier], source: str) -> Whom:
    """As `whom`, from these proven identifiers."""
    shared = [one for one in proven if one.kind not in ONE_PERSONS and _is_shared(svc, one)]
    found = Whom([one for one in proven if one not in shared])
    found.unclear = [Unclear(doubt=Doubt.SHARED_PROOF, kind=one.kind) for one in shared]
    for kind, path in svc.business.datamap.sources[source].through.items() if found.proven else ():
        if all(one.kind != kind for one in found.proven):
            try:
                _follow(svc, found, source, IdentifierKind(kind), path)
            except (SourceUnavailable, SourceMisread):  # of either place: where it is this one's, its own step says so
                found.unclear.append(Unclear(doubt=Doubt.UNREAD, kind=kind))
    return found


def as_gathered(request: Request, personal: Personal, finding: Finding) -> list[Identifier]:
    """What selected the person's data when the plan was made: a record that led on may be erased by now."""
    if any(u.doubt is Doubt.SHARED_PROOF for u in finding.unclear):
        return []
    return [*behalf.selecting(request, personal), *finding.also]


def _is_shared(svc: Services, one: Identifier) -> bool:
    """Whether records of several people, as their addresses say, hold an identifier that a household may share.

    Raises SourceUnavailable, SourceMisread: then nobody can tell, and nothing is selected by it.
    """
    seen: set[str] = set()
    for name, place in svc.business.datamap.sources.items():
        held = {n for n, c in place.collections.items() if one.kind in c.identity}
        if place.kind in ("by_hand", "http"):  # may answer in days, and is asked by what was proven only
            continue
        for collection in sorted(held):
            for record in _among(svc, name, collection, [one]):
                if record.reached == one.kind:
                    seen |= emails(place.collections[collection], record)
    return len(seen) > 1


def _follow(svc: Services, found: Whom, source: str, kind: IdentifierKind, path: str) -> None:
    home, collection, name = path.split(".")
    mine = _among(svc, home, collection, found.proven)
    held = {Identifier.of(kind, str(r.values[name])) for r in mine if r.values.get(name)}
    for one in sorted(held, key=lambda i: i.value):
        alone = _keys(_among(svc, home, collection, [one])) <= _keys(mine)
        if alone and not _is_anothers(svc, [*found.proven, *_addresses(svc, mine, path)], one, source, path):
            found.also.append(one)
        else:
            found.unclear.append(Unclear(doubt=Doubt.SHARED, kind=kind, collection=collection))


def _is_anothers(svc: Services, own: Sequence[Identifier], one: Identifier, source: str, path: str) -> bool:
    """Whether the other source knows somebody else under it: another address there, unless it is an earlier one.

    An address on file with nobody is an earlier one only beside what is one customer's: a licence may be lent.
    """
    place, (home, collection, _) = svc.business.datamap.sources[source], path.split(".")
    others: set[Identifier] = set()
    for name in (n for n, c in place.collections.items() if one.kind in c.identity):
        for record in _among(svc, source, name, [one]):
            others |= {Identifier.of(IdentifierKind.EMAIL, a) for a in emails(place.collections[name], record)}
    others -= set(own)
    if one.kind not in ONE_PERSONS:
        return bool(others)
    return bool(others and _among(svc, home, collection, sorted(others, key=lambda i: i.value)))


def _addresses(svc: Services, mine: Sequence[Record], path: str) -> list[Identifier]:
    home, collection, _ = path.split(".")
    held = svc.business.datamap.sources[home].collections[collection]
    return [Identifier.of(IdentifierKind.EMAIL, a) for record in mine for a in sorted(emails(held, record))]


def _among(svc: Services, source: str, collection: str, who: Sequence[Identifier]) -> list[Record]:
    return [r for r in every(svc.sources[source], who, among=collection) if r.collection == collection]


def _keys(records: Sequence[Record]) -> set[tuple[str, ...]]:
    return {r.key for r in records}
