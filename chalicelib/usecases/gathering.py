"""Gathering: each source is searched for the proven identifiers, and a treatment is planned for every record found.

Rule 4: only what was proven selects data. Rule 11: a source that fails is noted and stops nobody. Rule 13: what is
never disclosed is withheld before anything is stored for staff. Answers are compared here, where the data is.
Leaves to others: judging the proof and the plan as a whole (review), doing it (fulfilment).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from chalicelib.domain import behalf, people
from chalicelib.domain.answer import Said, Step
from chalicelib.domain.datamap import Collection, DataMap
from chalicelib.domain.identity import Doubt, Identifier, IdentifierKind
from chalicelib.domain.masking import not_shown
from chalicelib.domain.plan import Finding, Outcome, OutcomeState, Record, Refusal, Treatment, treat, treat_by_hand
from chalicelib.domain.prints import Prints
from chalicelib.domain.request import Personal, Relationship, Request, Right, advance
from chalicelib.domain.status import Status
from chalicelib.domain.verification import same
from chalicelib.errors import RequestChanged, SealBroken
from chalicelib.ports import Strict, every
from chalicelib.services import Services
from chalicelib.usecases import awaiting, identifying, paging, road
from chalicelib.usecases.gathered import Gathered
from chalicelib.usecases.identifying import Whom
from chalicelib.usecases.paging import InTime, always

SHOWN = 20
"""How many records of a collection the review page can reveal."""
LISTED = 2_000
"""Treatments of one source up to this many stand in its outcome; more lie in sealed parts, and the outcome sums up."""


def gather_source(svc: Services, reference: str, source: str, in_time: InTime = always) -> dict[str, str]:
    """Search one source and store what it holds.

    Raises SourceUnavailable, SourceMisread, SourceAwaited, OwnerNotShown; MoreToDo when there is no time for another
    page.
    """
    request = road.live(svc, reference)
    if request.status is Status.RECEIVED:
        request = begin(svc, request)
    personal, before = svc.open(request), svc.store.outcome(reference, source)
    if request.reason == AGAIN and _stands(svc, before):
        return {"source": source, "state": OutcomeState.FOUND}
    if svc.business.datamap.sources[source].by_hand and not (request.by_hand or request.proof.suffices):
        _note(svc, request, Finding(source=source, unasked=True), OutcomeState.FOUND, before)
        return {"source": source, "state": OutcomeState.FOUND}
    answer = awaiting.answer_of(svc, request, source, Step.GATHER)
    if answer and answer.said is Said.FAILED:
        return note_failed_source(svc, reference, source, answer.why or "SourceMisread")
    outcome = before or Outcome(reference=reference, source=source, state=OutcomeState.FOUND)
    so_far = paging.resumed(svc, before, "gather")
    whom = Whom([]) if answer else identifying.whom(svc, request, personal, source)
    gathered = Gathered.from_said(so_far.get("gathered", {}))
    for found in paging.pages(svc, request, source, [*whom.proven, *whom.also], so_far):
        _take(svc, request, personal, source, gathered, found)
        if not so_far["read"]:
            paging.go_on(
                svc, outcome, "gather", lambda: so_far | {"gathered": gathered.said()}, in_time, so_far["pages"]
            )  # fmt: skip
    finding = _finding(svc, request, source, gathered)
    if before and before.state is OutcomeState.DRIFTED and before.sealed:
        finding.changed = finding.since(opened(svc, before))
    finding.refused = _refused(svc, request, source, gathered)
    finding.also, finding.unclear = whom.also, [*whom.unclear, *gathered.several_people]
    _note(svc, request, finding, OutcomeState.FOUND, before)
    return {"source": source, "state": OutcomeState.FOUND}


AGAIN = "source_again"
"""Why a request is gathered once more: staff want another try of the sources that failed, and of no others."""


def _stands(svc: Services, outcome: Outcome | None) -> bool:
    """Whether a source has been read well; what it holds now is held against the plan when it is carried out."""
    if outcome is None or outcome.state is OutcomeState.FAILED or outcome.going_on:
        return False
    finding = opened(svc, outcome)
    unread = any(u.doubt is Doubt.UNREAD for u in finding.unclear)
    return not finding.failed and not finding.unasked and not unread


def _take(
    svc: Services, request: Request, personal: Personal, source: str, gathered: Gathered, found: list[Record]
) -> None:
    """Add one page to what is gathered, and lay its treatments aside once they are too many to be listed."""
    records, datamap = about(svc, request, personal, source, found), svc.business.datamap
    for field, said in _said(personal, source, records).items():
        gathered.said_of(field, said)
    for name, collection in datamap.sources[source].collections.items():
        gathered.named_by(name, people.several(collection, (r for r in found if r.collection == name)))
    gathered.chosen = sorted({*gathered.chosen, *_chosen(personal, source, records)})
    planned = treatments(svc, request, personal, source, records, gathered.ambiguous)
    gathered.add(planned, _matched(datamap, personal, source, found), _named(datamap, source, records))
    gathered.show(_shown(datamap, source, records), SHOWN)
    if gathered.total > LISTED:
        acting = [t for t in gathered.treatments if t.acts and request.right is not Right.ACCESS]
        gathered.treatments = []
        if acting:
            gathered.parts += 1
            paging.keep(svc, request.reference, _part(source, gathered.parts), _json(acting))


def _finding(svc: Services, request: Request, source: str, gathered: Gathered) -> Finding:
    sums = None
    if gathered.total > LISTED:
        prints = gathered.prints.sorted()
        paging.keep(svc, request.reference, _part(source, "prints"), prints.packed)
        sums = gathered.sums(prints.digest)
    return Finding(
        source=source, treatments=gathered.treatments, sums=sums, ambiguous=gathered.ambiguous,
        matched=gathered.matched, shown=gathered.shown, named=gathered.named,
        recipients=sorted({id for ids in gathered.named.values() for id in ids}),
    )  # fmt: skip


def _refused(svc: Services, request: Request, source: str, gathered: Gathered) -> dict[str, Refusal]:
    """The new values that the place itself would refuse: staff hear it before they approve, not after."""
    place = svc.sources[source]
    if request.right is not Right.CORRECTION or not isinstance(place, Strict):
        return {}
    said = place.refuses([t for t in gathered.treatments if t.acts])
    return {f"{source}.{collection}.{name}": why for (collection, name), why in sorted(said.items())}


def approved(svc: Services, reference: str, finding: Finding) -> Prints | None:
    """The prints of what staff approved, where its treatments are not listed."""
    if finding.sums is None:
        return None
    prints = Prints(paging.opened(svc, reference, _part(finding.source, "prints")))
    if prints.digest != finding.sums.prints:
        raise SealBroken(reference)
    return prints


def listed(svc: Services, reference: str, finding: Finding, number: int) -> list[Treatment]:
    """The acting treatments of one part (the first is 1) of a finding; all of them are one part where they are few."""
    if finding.sums is None:
        return [t for t in finding.treatments if t.acts]
    said = json.loads(paging.opened(svc, reference, _part(finding.source, number)))
    return [Treatment.model_validate(t) for t in said]


def _part(source: str, which: object) -> str:
    return f"plan/{source}/{which}"


def _json(treatments: Sequence[Treatment]) -> bytes:
    return ("[" + ",".join(t.model_dump_json() for t in treatments) + "]").encode()


def begin(svc: Services, request: Request) -> Request:
    """A road that needs no proof (a signed-in member, an appeal) begins by gathering; sources race to say so first."""
    begun, event = advance(request, Status.GATHERING, svc.now())
    try:
        svc.store.commit(begun, event)
    except RequestChanged:
        return road.live(svc, request.reference)
    return begun


def note_failed_source(svc: Services, reference: str, source: str, error: str) -> dict[str, str]:
    """A source could not be read, retries and all: staff will see it; the others go on (rule 11)."""
    request = road.live(svc, reference)
    before = svc.store.outcome(reference, source)
    _note(svc, request, Finding(source=source, failed=error), OutcomeState.FAILED, before)
    return {"source": source, "state": OutcomeState.FAILED}


def reach(svc: Services, request: Request, personal: Personal, source: str) -> list[Record]:
    """The records of one source that the request is about."""
    found = awaiting.records(svc, request, source)
    if found is None:
        whom = identifying.whom(svc, request, personal, source)
        found = list(every(svc.sources[source], [*whom.proven, *whom.also]))
    return about(svc, request, personal, source, found)


def about(svc: Services, request: Request, personal: Personal, source: str, records: list[Record]) -> list[Record]:
    """Of a proven person's records those asked for: a parent proves themself by their own, and asks for the child's."""
    mapped = svc.business.datamap.sources[source]
    collections = mapped.collections
    if request.relationship is Relationship.PARENT and not mapped.by_hand:  # who looks is told that it is the child's
        records = [r for r in records if _is_childs(collections[r.collection], r, personal.subject_name)]
    if request.right is Right.ACCESS and personal.period != "all":
        first, last = period(personal.period, request.received_at.astimezone(svc.business.zone).date())
        days = [(r, collections[r.collection].day_of(r.values)) for r in records]
        records = [r for r, day in days if day is None or first <= day <= last]
    return records


def period(asked: str, received: date) -> tuple[date, date]:
    """First and last calendar day of `recent` (the 12 months before receipt) or `YYYY-MM-DD/YYYY-MM-DD`."""
    if asked == "recent":
        return received - timedelta(days=365), received
    first, last = asked.split("/")
    return date.fromisoformat(first), date.fromisoformat(last)


def _is_childs(collection: Collection, record: Record, name: str | None) -> bool:
    if collection.whose != "child":
        return False
    names = [record.values.get(f) for f, field in collection.fields.items() if field.identifier == "name"]
    return not name or not names or same(name, [n for n in names if n])


def treatments(
    svc: Services,
    request: Request,
    personal: Personal,
    source: str,
    records: Sequence[Record],
    ambiguous: Sequence[str] = (),
) -> list[Treatment]:
    """What the request's right does to each record today; nothing, when it is not about records."""
    if request.right not in road.SEARCHED:
        return []
    mapped = svc.business.datamap.sources[source]
    collections = mapped.collections
    today = svc.now().astimezone(svc.business.zone).date()
    held = request.right is Right.DELETION and _held(svc, request, personal)
    if mapped.by_hand:
        answer = awaiting.answer_of(svc, request, source, Step.GATHER)
        return [treat_by_hand(request.right, r, kept=answer.kept if answer else None, held=held) for r in records]
    return [
        treat(
            request.right, collections[record.collection], record, today=today,
            corrections=_wanted(personal, source, ambiguous, record), held=held,
            pseudonym=lambda value: pseudonym(svc, value),
        )
        for record in records
    ]  # fmt: skip


def _wanted(personal: Personal, source: str, ambiguous: Sequence[str], record: Record) -> dict[str, str]:
    """What this record should say in the fields to be corrected: it alone, where staff chose it among several."""
    wanted = {}
    for correction in personal.corrections:
        place, _, field = correction.field.rpartition(".")
        meant = personal.means(correction.field) or [record.key]
        if place == f"{source}.{record.collection}" and correction.field not in ambiguous and record.key in meant:
            wanted[field] = correction.value.strip()
    return wanted


def _held(svc: Services, request: Request, personal: Personal) -> bool:
    """Whether a legal hold stands on whom the request names, or on the mailbox that selects the data."""
    selecting = behalf.selecting(request, personal)
    subjects = {svc.hash(identifier) for identifier in selecting} | {request.subject_hash or ""}
    return any(svc.store.hold_of(subject) for subject in sorted(subjects - {""}))


def _said(personal: Personal, source: str, records: Sequence[Record]) -> dict[str, set[str]]:
    """What records say of each field to be corrected: several things, and one pet's new name is not every pet's."""
    said: dict[str, set[str]] = {}
    for correction in personal.corrections:
        at, collection, field = correction.field.split(".")
        if at == source:
            said[correction.field] = {str(r.values.get(field)) for r in records if r.collection == collection}
    return said


def _chosen(personal: Personal, source: str, records: Sequence[Record]) -> set[str]:
    """Fields of which staff chose the record that is meant, and it is one of these."""
    there = {(f"{source}.{r.collection}", r.key) for r in records}
    return {
        c.field
        for c in personal.corrections
        if any((c.field.rpartition(".")[0], key) in there for key in personal.means(c.field))
    }


def pseudonym(svc: Services, value: str) -> str:
    """A keyed hash that stands for a value erased from a record that stays; short enough for a narrow column."""
    return svc.hash(Identifier.of(IdentifierKind.CUSTOMER_NUMBER, value))[:16]


def _matched(datamap: DataMap, personal: Personal, source: str, records: Sequence[Record]) -> list[str]:
    """The data points answered rightly; never one that asks for the very field in dispute (11 CCR 7060)."""
    disputed = {c.field for c in personal.corrections}
    matched = []
    for collection, fields in datamap.sources[source].collections.items():
        for name, field in fields.fields.items():
            if not field.verify or f"{source}.{collection}.{name}" in disputed:
                continue
            answer = personal.answers.get(field.verify.point, "")
            held = [r.values.get(name) for r in records if r.collection == collection]
            if answer and same(answer, [h for h in held if h is not None]):
                matched.append(field.verify.point)
    return matched


def recipients_of(datamap: DataMap, source: str, records: Sequence[Record]) -> list[str]:
    """Whom these records went to: as their collections say, and as they say themselves."""
    collections = datamap.sources[source].collections
    named = {id for record in records for id in collections[record.collection].recipients}
    named |= {
        str(record.values[field])
        for record in records
        if (field := collections[record.collection].recipient_field) and record.values.get(field) is not None
    }
    return sorted(named)


def _named(datamap: DataMap, source: str, records: Sequence[Record]) -> dict[str, list[str]]:
    """The recipients of each collection, where it has any."""
    found = {
        name: recipients_of(datamap, source, [r for r in records if r.collection == name])
        for name in {r.collection for r in records}
    }
    return {name: ids for name, ids in sorted(found.items()) if ids}


def _shown(datamap: DataMap, source: str, records: Sequence[Record]) -> list[Record]:
    collections = datamap.sources[source].collections
    shown: list[Record] = []
    for name, collection in collections.items():
        of_it = [r for r in records if r.collection == name][:SHOWN]
        shown += [r.model_copy(update={"values": _withheld(collection, r.values)}) for r in of_it]
    return shown


def _withheld(collection: Collection, values: dict[str, Any]) -> dict[str, Any]:
    """Values with the never-disclosed ones replaced by the name of their kind, whoever may look (rule 13)."""
    never = {name: field.never for name, field in collection.fields.items() if field.never}
    return {
        name: not_shown(never[name]) if name in never and value is not None else value for name, value in values.items()
    }


def _note(svc: Services, request: Request, finding: Finding, state: OutcomeState, before: Outcome | None) -> None:
    """Store a finding, keeping what earlier passes have done, and who had what they erased: the records are gone."""
    if before and before.done and before.sealed:
        had = opened(svc, before).recipients
        finding = finding.model_copy(update={"recipients": sorted({*finding.recipients, *had})})
    svc.store.put_outcome(
        Outcome(
            reference=request.reference, source=finding.source, state=state, at=svc.now(), why=finding.failed,
            done=before.done if before else {}, kept=before.kept if before else [],
            sealed=seal(svc, request.reference, finding),
        )
    )  # fmt: skip


def seal(svc: Services, reference: str, finding: Finding) -> bytes:
    return svc.vault.seal(reference, zlib.compress(finding.model_dump_json(exclude_defaults=True).encode()))


def findings(svc: Services, reference: str) -> list[Finding]:
    """What all sources hold, as gathered."""
    return findings_of(svc, svc.store.outcomes(reference))


def findings_of(svc: Services, outcomes: Sequence[Outcome]) -> list[Finding]:
    """The findings in outcomes that are at hand."""
    return [opened(svc, outcome) for outcome in outcomes if outcome.sealed]


def opened(svc: Services, outcome: Outcome) -> Finding:
    return Finding.model_validate_json(zlib.decompress(svc.vault.open(outcome.reference, outcome.sealed)))
