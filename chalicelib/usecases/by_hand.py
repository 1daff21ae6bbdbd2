"""By hand: a person looks, or acts, in a place that no program can read, and says what came of it.

Rule 1: the page names nobody until a POST reveals it, audited. Rule 9: the link answers once, in the transaction that
stores the answer, and dies with its holder's place among the staff. Rule 13: card and government numbers that somebody
typed are struck out before anything is stored. What they say is taken as it is said, and by whom stands in the audit.
Leaves to others: asking, reminding, waiting (awaiting), what becomes of it (gathering, fulfilment).
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from chalicelib.businesses.model import Member
from chalicelib.domain import behalf
from chalicelib.domain.answer import Answer, Said, Step
from chalicelib.domain.attachment import NotTaken, accepted
from chalicelib.domain.datamap import Collection, FieldMap, SourceMap
from chalicelib.domain.masking import guarded
from chalicelib.domain.plan import Kept, Record
from chalicelib.domain.request import Request, Right
from chalicelib.domain.status import Status
from chalicelib.errors import DecisionNotAllowed, InvalidRequest, RequestClosed
from chalicelib.links import Link, Purpose, token_hash
from chalicelib.services import Services
from chalicelib.usecases import awaiting, gathering, partial, road
from chalicelib.usecases.correspondence import BY_HAND

FILES = "files"
"""The field that lists what was attached; a place whose map has none takes no files."""
LONGEST, LONGEST_GROUND = 10_000, 300
OPEN = {
    Step.GATHER: frozenset({Status.GATHERING, Status.IN_REVIEW, Status.ASKED}),
    Step.FULFIL: frozenset({Status.FULFILLING}),
}
"""While the request stands here an answer is of use."""


@dataclass(frozen=True)
class Task:
    """What the page shows: what to do and until when, nothing about whom."""

    request: Request
    source: str
    place: SourceMap
    step: Step
    by: str
    """How the audit names whoever holds the link."""
    member: Member | None
    due: datetime
    said: Said | None
    """What was answered, whoever did."""
    over: bool
    """Too late, or no longer needed."""

    @property
    def collection(self) -> Collection:
        return next(iter(self.place.collections.values()))

    @property
    def boxes(self) -> dict[str, FieldMap]:
        """What can be typed, by field."""
        return {name: field for name, field in self.collection.fields.items() if name != FILES}

    @property
    def takes_files(self) -> bool:
        return self.step is Step.GATHER and FILES in self.collection.fields


@dataclass(frozen=True)
class Whom:
    """Whom it is about, as far as whoever looks may see: titles and values."""

    proven: list[tuple[str, str]]
    on_file: list[tuple[str, str]]
    """How the business's own records know them: what a file is sorted by."""
    said: list[tuple[str, str]]
    """What was typed and not proven."""
    changes: list[tuple[str, str]]
    found: list[tuple[str, str]]
    """What was found there earlier."""


def is_by_hand(svc: Services, token: str) -> bool:
    """Whether a task link is for work by hand; the others are a recipient's. Raises LinkMissing."""
    return svc.store.link(token_hash(token)).person.startswith(f"{BY_HAND}:")


def task(svc: Services, token: str) -> Task:
    """What the link opens. Changes nothing, shows nothing personal. Raises DecisionNotAllowed."""
    return _task(svc, *road.open_link(svc, token, Purpose.TASK))


def _task(svc: Services, link: Link, request: Request) -> Task:
    _, step, source, reminder, who = link.person.split(":")
    place = svc.business.datamap.sources.get(source)
    if place is None or place.by_hand is None:
        raise DecisionNotAllowed("This place is no longer looked at by hand.")
    member = svc.business.member(who) if who else None
    if who and (member is None or place.by_hand.role not in member.roles):
        raise DecisionNotAllowed("You are no longer among the staff who look there.")
    asked = awaiting.key(Step(step), source)
    return Task(
        request=request, source=source, place=place, step=Step(step),
        by=f"staff:{who}" if who else f"keeper:{source}", member=member,
        due=awaiting.due(svc.business, source, int(reminder), link.issued_at),
        said=_said(svc, request, asked) if asked in request.answers else None,
        over=request.stands_at not in OPEN[Step(step)],
    )  # fmt: skip


def _said(svc: Services, request: Request, asked: str) -> Said:
    notes = [e.note or "" for e in svc.store.events(request.reference) if e.what == awaiting.ANSWERED]
    return Said(next(note for note in reversed(notes) if note.startswith(f"{asked} ")).rpartition(" ")[2])


def reveal(svc: Services, token: str) -> tuple[Task, Whom]:
    """Whom the task is about; that it was looked at is audited. Raises RequestClosed when it is over."""
    link, request = road.open_link(svc, token, Purpose.TASK)
    opened = _task(svc, link, request)
    if opened.over:
        raise RequestClosed(request.reference)
    seen = road.note(svc, request.reference, "viewed", by=opened.by)
    return _task(svc, link, seen), _whom(svc, seen, opened)


def _whom(svc: Services, request: Request, task: Task) -> Whom:
    personal = svc.open(request)
    said = [("Name given", personal.subject_name or personal.name), ("Post", personal.postal_address)]
    said += [("Period", personal.period if request.right is Right.ACCESS and personal.period != "all" else None)]
    labels = svc.business.datamap.correctable()
    corrections = partial.corrections(request, personal) if request.right is Right.CORRECTION else []
    found = awaiting.answer_of(svc, request, task.source, Step.GATHER) if task.step is Step.FULFIL else None
    fields = task.collection.fields
    return Whom(
        proven=[(i.kind.value.replace("_", " ").capitalize(), i.value) for i in behalf.selecting(request, personal)],
        on_file=_on_file(svc, request, task),
        said=[(title, value) for title, value in said if value],
        changes=[(labels[c.field].label if c.field in labels else "Field", c.value) for c in corrections],
        found=[(fields[n].label, str(v)) for r in found.records for n, v in r.values.items() if v] if found else [],
    )


def _on_file(svc: Services, request: Request, task: Task) -> list[tuple[str, str]]:
    """Names, numbers and addresses of the person in what was gathered elsewhere, as far as this member may see."""
    lines: dict[str, tuple[str, str]] = {}
    proven = {i.value.casefold() for i in behalf.selecting(request, svc.open(request))}
    for finding in gathering.findings(svc, request.reference):
        collections = svc.business.datamap.sources[finding.source].collections
        for record in finding.shown:
            collection = collections[record.collection]
            for name, field in collection.fields.items():
                value = record.values.get(name)
                if collection.person == "subject" and value and _tells_who(field) and _may_see(svc, task, field):
                    lines.setdefault(str(value).casefold(), (field.label, str(value)))
    return [line for value, line in lines.items() if value not in proven][:MOST_LINES]


MOST_LINES = 30


def _tells_who(field: FieldMap) -> bool:
    plain = field.category.startswith(("user.name", "user.contact"))
    return not field.never and not field.third_person and (plain or field.identifier is not None)


def _may_see(svc: Services, task: Task, field: FieldMap) -> bool:
    """Whoever reads an address that the business named is trusted like the business's own words say."""
    return task.member is None or svc.business.may_see(task.member, field.category)


def answer(
    svc: Services,
    token: str,
    said: str,
    *,
    boxes: Mapping[str, str],
    files: Sequence[tuple[str, bytes]] = (),
    note: str = "",
    ground: str = "",
    until: str = "",
) -> Task:
    """Store what they say, once, and let the machine go on. Said again, or by another, it changes nothing.

    Raises InvalidRequest, RequestClosed when it is over, DecisionNotAllowed.
    """
    link, request = road.open_link(svc, token, Purpose.TASK)
    opened = _task(svc, link, request)
    if opened.said:
        return opened
    if opened.over:
        raise RequestClosed(request.reference)
    kept, taken = _checked(opened, said, boxes, files, ground.strip(), until.strip(), svc.now().date())
    stored = {name: f"file-{svc.chance.token()}" for name in taken}
    for name, data in taken.items():
        svc.packages.put_answer(request.reference, stored[name], svc.vault.seal(request.reference, data))
    answered = Answer(
        said=Said(said), by=opened.by, at=svc.now(), records=_records(opened, Said(said), boxes, stored, kept),
        kept=kept, note=guarded(note.strip()) or None, files=stored,
    )  # fmt: skip
    request = awaiting.answer_source(svc, request.reference, opened.source, opened.step, answered, spend=link)
    return _task(svc, svc.store.link(link.hash), request)


def _checked(
    task: Task, said: str, boxes: Mapping[str, str], files: Sequence[tuple[str, bytes]], ground: str, until: str,
    today: date,
) -> tuple[Kept | None, dict[str, bytes]]:  # fmt: skip
    """Why it must be kept, and the files. Raises InvalidRequest, a message per field."""
    faults: dict[str, str] = {}
    if said not in {Said.DONE, Said.NONE, Said.KEPT}:
        faults["outcome"] = "Choose what you did."
    faults |= {n: "We do not know this field." for n in boxes if n not in task.boxes}
    faults |= {n: f"At most {LONGEST:,} characters fit. Attach the rest." for n in boxes if len(boxes[n]) > LONGEST}
    taken: dict[str, bytes] = {}
    try:
        taken = accepted(files) if task.takes_files else {}
    except NotTaken as not_taken:
        faults[FILES] = str(not_taken)
    empty = not taken and not any(text.strip() for text in boxes.values())
    if said == Said.DONE and task.step is Step.GATHER and task.request.right is Right.ACCESS and empty:
        faults["outcome"] = "Type or attach what you found: the person is given exactly that. Or choose “nothing”."
    if said == Said.NONE and not empty:
        faults["outcome"] = "You typed or attached something, and said that there is nothing. Which is it?"
    end, fault = _end(until, today)
    faults |= {"until": fault} if fault else {}
    if said == Said.KEPT and not 0 < len(ground) <= LONGEST_GROUND:
        faults["ground"] = f"Say why it must be kept, in at most {LONGEST_GROUND} characters: the person is told."
    if faults:
        raise InvalidRequest(faults)
    return Kept(ground=guarded(ground), until=end) if said == Said.KEPT else None, taken


def _end(until: str, today: date) -> tuple[date | None, str]:
    """The last day it is kept, and what is wrong with it."""
    if not until:
        return None, ""
    try:
        end = date.fromisoformat(until)
    except ValueError:
        return None, "Give this as a date: year, month, day."
    return (end, "") if end >= today else (None, "That day has passed.")


def _records(
    task: Task, said: Said, boxes: Mapping[str, str], files: Mapping[str, str], kept: Kept | None
) -> list[Record]:
    """What was found, as one record with a value for each box; nothing where nothing is, or it was carried out."""
    if said is Said.NONE or task.step is Step.FULFIL:
        return []
    values = {name: guarded(boxes.get(name, "").strip()) or None for name in task.boxes}
    if not any(values.values()) and not files and kept and task.boxes:
        values[next(iter(values))] = f"Held, and not handed over: {kept.ground}"
    if FILES in task.collection.fields:
        values[FILES] = "; ".join(path(task.source, name) for name in files) or None
    return [Record(collection=next(iter(task.place.collections)), key=("1",), values=values)]


def path(source: str, name: str) -> str:
    """Where an attached file lies in the access package."""
    return f"attached/{source}/{name}"


def attached(svc: Services, request: Request, carried_out: Container[str]) -> dict[str, bytes]:
    """The files for the access package by their path in it, less what the decision leaves out.

    Only of sources that were carried out as approved: what came while staff decided, nobody has seen (rule 16).
    """
    found: dict[str, bytes] = {}
    for source, place in svc.business.datamap.sources.items():
        if not place.by_hand or source not in carried_out or partial.left_in(request, source):
            continue
        if given := awaiting.answer_of(svc, request, source, Step.GATHER):
            for name, stored in given.files.items():
                sealed = svc.packages.answer(request.reference, stored)
                found[path(source, name)] = svc.vault.open(request.reference, sealed)
    return found


def notes(svc: Services, request: Request) -> list[tuple[str, str]]:
    """What those who looked wrote for staff, by place."""
    asked = [name.partition(":") for name in sorted(request.answers)]
    given = [(source, awaiting.answer_of(svc, request, source, Step(step))) for step, _, source in asked]
    return [(svc.business.datamap.sources[s].title, a.note) for s, a in given if a and a.note]
