"""Choosing: several records could be meant by a correction, and staff say which, having seen them side by side.

Rule 16: the choice is part of the plan and its hash, so the request is gathered anew and decided on what that shows.
It is on record; which records they were stays sealed. Need to know (PRU-6): who may not see the field does not choose.
Leaves to others: what the choice does to the plan (gathering), deciding (review), the page (web/staff).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.businesses.model import Member
from chalicelib.domain.masking import for_staff
from chalicelib.domain.plan import Record
from chalicelib.domain.request import Chosen, Personal, Request, Right, advance
from chalicelib.domain.status import Status
from chalicelib.errors import InvalidRequest, PlanChanged
from chalicelib.services import Services
from chalicelib.usecases import gathering, road

REASON = "record_chosen"


@dataclass(frozen=True)
class Candidate:
    """One of the records. `id` changes whenever any of its values does."""

    id: str
    key: tuple[str, ...]
    shown: dict[str, Any]
    """Label to value, as far as this member's roles see them."""
    chosen: bool


@dataclass(frozen=True)
class Candidates:
    """The records that the correction of one field could mean, and what the field should say."""

    field: str
    label: str
    title: str
    value: str
    records: list[Candidate]


def candidates(svc: Services, request: Request, member: Member, personal: Personal) -> list[Candidates]:
    """For each correction that several records could mean: those records, as this member may see them."""
    if request.right is not Right.CORRECTION:
        return []
    shown = {f.source: f.shown for f in gathering.findings(svc, request.reference)}
    found = []
    for correction in personal.corrections:
        source, collection, name = correction.field.split(".")
        mapped = svc.business.datamap.field(correction.field)
        records = [r for r in shown.get(source, []) if r.collection == collection]
        several = len({str(r.values.get(name)) for r in records}) > 1
        if not several or not svc.business.may_see(member, mapped.category):
            continue
        title = svc.business.titles()[source, collection]
        listed = _listed(svc, member, source, records, personal.means(correction.field))
        found.append(Candidates(correction.field, mapped.label, title, correction.value, listed))
    return found


def _listed(
    svc: Services, member: Member, source: str, records: Sequence[Record], chosen: Sequence[tuple[str, ...]]
) -> list[Candidate]:
    collections = svc.business.datamap.sources[source].collections
    return [
        Candidate(
            id=r.fingerprint, key=r.key, chosen=r.key in chosen,
            shown={
                f.label: for_staff(f, r.values.get(name), may_see=True)
                for name, f in collections[r.collection].fields.items()
                if svc.business.may_see(member, f.category)
            },
        )
        for r in records
    ]  # fmt: skip


def choose(svc: Services, request: Request, member: Member, field: str, ids: Sequence[str]) -> Request:
    """The correction of `field` means these records (`Candidate.id`); the machine makes the plan anew.

    Who calls has made sure that this member may decide now. Raises InvalidRequest, PlanChanged (look again),
    RequestChanged (somebody was faster).
    """
    personal = svc.open(request)
    offered = {c.field: c for c in candidates(svc, request, member, personal)}
    if field not in offered:
        raise InvalidRequest({"correct": "Choose among the records that are shown."})
    if not ids:
        raise InvalidRequest({"record": "Tick which record is meant."})
    among = {c.id: c for c in offered[field].records}
    if not among.keys() >= set(ids):
        raise PlanChanged(request.reference)
    keys = [among[id].key for id in dict.fromkeys(ids)]
    if sorted(keys) == sorted(personal.means(field)):
        return request
    others = [c for c in personal.chosen if c.field != field]
    chosen = personal.model_copy(update={"chosen": [*others, Chosen(field=field, keys=keys)]})
    request, event = advance(
        request, Status.GATHERING, svc.now(), by=f"staff:{member.id}", reason=REASON,
        note=f"{field}: {len(keys)} of {len(among)}", sealed=svc.seal(request.reference, chosen),
    )  # fmt: skip
    svc.store.commit(request, event)
    road.go_on(svc, request, road.DECISION)
    return request
