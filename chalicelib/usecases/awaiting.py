"""Awaiting: sources that answer later. The machine waits for each apart, and what is answered is kept sealed.

A step that needs such a source raises SourceAwaited; the machine then begins a wait, reminds, tells the lead, and at
last notes that the source did not answer: the others never stop for it (rule 11). Once the answer is there the step
runs again and finds it. Rule 18: the answer is in the table before the machine is signalled, a wait that begins looks
for it, and the sweep signals again. The first answer stands, however many come.
Leaves to others: who is asked and how (usecases/by_hand), what an answer means (gathering, fulfilment).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.businesses.model import Business
from chalicelib.domain import behalf
from chalicelib.domain.answer import Answer, Said, Step
from chalicelib.domain.notice import Posted
from chalicelib.domain.plan import OutcomeState, Record
from chalicelib.domain.request import Request, advance, amend
from chalicelib.domain.status import Status
from chalicelib.errors import InvalidRequest, RequestChanged, RequestClosed, RequestFrozen, SourceMisread
from chalicelib.links import Link, Purpose, mint, token_hash, url
from chalicelib.ports import Later
from chalicelib.services import Services
from chalicelib.usecases import correspondence, road

LAST = 2
"""The reminder that the leads get too."""
SOURCE = "source"
"""How the link of a callback begins that was given to a source."""
REPORTED = "it reported that it cannot say what it holds"
ANSWERED = "source_answered"
"""The event; its note names the source and what it said, nothing personal."""


def await_source(svc: Services, reference: str, source: str, step: str, token: str, *, reminder: int) -> None:
    """Begin to wait for what a source answers. `reminder`: 0 first, 1 reminded, 2 the lead hears of it too.

    Raises RequestClosed, RequestFrozen.
    """
    request = road.live(svc, reference)
    asked = key(Step(step), source)
    road.begin_wait(svc, reference, wait_of(asked), token)
    request = svc.store.get(reference)
    if asked in request.answers or not _goes_on(request):
        road.go_on(svc, request, wait_of(asked))
        return
    if svc.business.datamap.sources[source].by_hand:
        by = due(svc.business, source, reminder, svc.now())
        correspondence.to_keepers(svc, request, asked, reminder=reminder, due=by)
    elif isinstance(place := svc.sources[source], Later):
        _ask_to_report(svc, request, asked, place)
    if reminder:
        _remind(svc, request, source, reminder, once=asked)


def _ask_to_report(svc: Services, request: Request, asked: str, place: Later) -> None:
    """Only what was proven is told: what leads on could be looked up there only by waiting for it twice."""
    token = svc.chance.token()
    svc.store.put_links([mint(token, Purpose.CALLBACK, f"{SOURCE}:{asked}", request.reference, svc.now())])
    who = behalf.selecting(request, svc.open(request))
    place.begin(who, _id(request, asked), url(svc.settings.public_url, Purpose.CALLBACK, token))


def _id(request: Request, asked: str) -> str:
    """Under which a question is the same question, however often it is put."""
    return f"{request.reference}:{asked}"


def is_sources(svc: Services, token: str) -> bool:
    """Whether a callback address was given to a source; the others are recipients'. Raises LinkMissing."""
    return svc.store.link(token_hash(token)).person.startswith(f"{SOURCE}:")


def report(svc: Services, token: str, headers: dict[str, str], body: bytes) -> Request:
    """A source reports what it holds. Again is the same again: the first report stands.

    Raises CallbackRefused unless it signed just this, InvalidRequest when it is not as the data map says,
    RequestClosed, RequestFrozen.
    """
    link, request = road.open_link(svc, token, Purpose.CALLBACK)
    _, step, source = link.person.split(":")
    place = svc.sources.get(source)
    if not isinstance(place, Later):
        raise RequestChanged(request.reference)
    posted = Posted(headers=headers, body=body, url=url(svc.settings.public_url, Purpose.CALLBACK, token))
    try:
        held = place.hear(behalf.selecting(request, svc.open(request)), _id(request, key(Step(step), source)), posted)
    except SourceMisread:
        raise InvalidRequest({"records": "A record is not as agreed, or not this person's."}) from None
    said = Said.FAILED if held is None else Said.DONE if held else Said.NONE
    answer = Answer(
        said=said, by=f"keeper:{source}", at=svc.now(), records=held or [], why=None if held is not None else REPORTED
    )
    return answer_source(svc, request.reference, source, Step(step), answer)


def due(business: Business, source: str, reminder: int, asked_at: datetime) -> datetime:
    """Until when (UTC) whoever was asked at `asked_at` has, before the next mail or before it is noted."""
    waits = business.waits
    days = (business.datamap.sources[source].days, waits.answer_reminder_days, waits.answer_last_days)
    return asked_at + timedelta(days=days[reminder])


def _remind(svc: Services, request: Request, source: str, reminder: int, *, once: str) -> None:
    """Tell those who may decide that a source is late, and at last the leads; who looks by hand is told apart."""
    place = svc.business.datamap.sources[source]
    members = [] if place.by_hand else correspondence.deciders(svc, request)
    if reminder == LAST:
        members += [m for m in svc.business.leads() if m not in members and m.id != request.not_staff]
    correspondence.to_staff(
        svc, request, "staff_awaited", members, once=f"{once}:{reminder}", reminder=reminder, place=place.title,
        by=due(svc.business, source, reminder, svc.now()),
    )  # fmt: skip


def answer_source(
    svc: Services, reference: str, source: str, step: Step, answer: Answer, *, spend: Link | None = None
) -> Request:
    """Store what a source answered, mark `spend` used in the same transaction, and let the machine go on.

    The first answer stands; a later one changes nothing. Safe to call twice and by many at once.
    Raises RequestClosed, RequestFrozen, and RequestChanged when others never stop writing.
    """
    name = f"{step}-{source}-{svc.chance.token()}"
    sealed = svc.vault.seal(reference, answer.model_dump_json(exclude_defaults=True).encode())
    if key(step, source) not in svc.store.get(reference).answers:
        svc.packages.put_answer(reference, name, sealed)
    request = _commit(svc, reference, key(step, source), name, answer, spend)
    road.go_on(svc, request, wait_of(key(step, source)))
    if step is Step.GATHER and request.status is Status.IN_REVIEW and request.answers[key(step, source)] == name:
        request = _gather_again(svc, request)
    return request


def _gather_again(svc: Services, request: Request) -> Request:
    """It answered after it was noted as silent: staff see the plan with it, unless they have decided meanwhile."""
    gathering, event = advance(request, Status.GATHERING, svc.now(), reason=ANSWERED)
    try:
        svc.store.commit(gathering, event)
    except RequestChanged:
        return svc.store.get(request.reference)
    road.go_on(svc, gathering, road.DECISION)
    return gathering


def with_late_answers(svc: Services, request: Request) -> Request:
    """The request before staff; gathered once more where a source has answered since it was noted as silent, as it can
    while the customer is asked something: what is sent is what staff saw (rule 16). Raises RequestChanged."""
    if request.status is not Status.IN_REVIEW or not any(_is_late(svc, request, asked) for asked in request.answers):
        return request
    again, event = advance(request, Status.GATHERING, svc.now(), reason=ANSWERED)
    svc.store.commit(again, event)
    return again


def _is_late(svc: Services, request: Request, asked: str) -> bool:
    step, _, source = asked.partition(":")
    outcome, answer = svc.store.outcome(request.reference, source), answer_of(svc, request, source, Step(step))
    if step != Step.GATHER or outcome is None or outcome.state is not OutcomeState.FAILED or not answer:
        return False
    return outcome.at is None or outcome.at < answer.at


def _commit(svc: Services, reference: str, asked: str, name: str, answer: Answer, spend: Link | None) -> Request:
    """Point the request at the stored answer, unless it points at one already: one transaction, so one effect."""
    for left in reversed(range(road.NOTE_TRIES)):
        request = svc.store.get(reference)
        if asked in request.answers:
            return request
        road.going_on(request)
        answered, event = amend(
            request, ANSWERED, svc.now(), by=answer.by, reason=f"{asked} {answer.said}",
            answers={**request.answers, asked: name},
        )  # fmt: skip
        try:
            svc.store.commit(answered, event, spend=spend)
        except RequestChanged:
            if not left:
                raise
            continue
        break
    return answered


def answer_of(svc: Services, request: Request, source: str, step: Step) -> Answer | None:
    """What a source answered to this step, if it has."""
    name = request.answers.get(key(step, source))
    if name is None:
        return None
    sealed = svc.packages.answer(request.reference, name)
    return Answer.model_validate_json(svc.vault.open(request.reference, sealed))


def records(svc: Services, request: Request, source: str) -> list[Record] | None:
    """What a source that answers later holds, less what is carried out; None where it has to be asked itself."""
    answer = answer_of(svc, request, source, Step.GATHER)
    if answer is None:
        return None
    done = answer_of(svc, request, source, Step.FULFIL)
    return [] if done and done.said in (Said.DONE, Said.NONE) else answer.records


def let_go(svc: Services, request: Request) -> None:
    """End the waits for sources: the request was withdrawn or frozen while it was gathered."""
    for source in svc.sources:
        road.go_on(svc, request, wait_of(key(Step.GATHER, source)))


def key(step: Step, source: str) -> str:
    """Under which a request notes the answer of a source to a step."""
    return f"{step}:{source}"


def wait_of(answered: str) -> str:
    """The name of the machine's wait for that answer."""
    return f"answer:{answered}"


def _goes_on(request: Request) -> bool:
    try:
        road.going_on(request)
    except (RequestClosed, RequestFrozen):
        return False
    return True
