"""A source that answers later: waited for apart, its first answer kept sealed, the others never stopped for it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.domain.answer import Answer, Said, Step
from chalicelib.domain.plan import Doing, Kept
from chalicelib.domain.request import Request
from chalicelib.errors import RequestClosed, RequestFrozen, SourceAwaited
from chalicelib.usecases import attention, awaiting, following, fulfilment, gathering

from .conftest import Office


@pytest.fixture
def slow(office: Office, monkeypatch: pytest.MonkeyPatch) -> str:
    """The last source answers later: it finds what it always found, but neither at once nor by itself."""
    name = list(office.svc.sources)[-1]

    def later(*_: Any) -> Any:
        raise SourceAwaited(name)

    held = office.svc.sources[name]
    monkeypatch.setattr(held, "at_once", held.find, raising=False)
    monkeypatch.setattr(held, "find", later)
    monkeypatch.setattr(held, "carry_out", later)
    return name


@pytest.fixture
def proven(office: Office) -> Request:
    request = office.file("deletion")
    office.prove(request)
    return office.now(request)


def begin(office: Office, request: Request, source: str, step: Step = Step.GATHER, reminder: int = 0) -> str:
    token = office.workflow.wait_for(f"{step}-{source}-{reminder}")
    awaiting.await_source(office.svc, request.reference, source, step, token, reminder=reminder)
    return token


def said(office: Office, slow: str, request: Request, said: Said = Said.DONE, **more: Any) -> Answer:
    find: Callable[..., Any] = office.svc.sources[slow].at_once  # type: ignore[attr-defined]
    selecting = gathering.behalf.selecting(request, office.svc.open(request))
    return Answer(said=said, at=office.clock.now(), **{"by": "vendor", "records": find(selecting).records, **more})


def test_an_answer_lets_the_machine_go_on_and_the_step_then_finds_it(
    office: Office, slow: str, proven: Request
) -> None:
    with pytest.raises(SourceAwaited):
        gathering.gather_source(office.svc, proven.reference, slow)
    wait = begin(office, proven, slow)
    assert wait in office.workflow.waiting
    answer = said(office, slow, proven)
    assert answer.records
    awaiting.answer_source(office.svc, proven.reference, slow, Step.GATHER, answer)
    assert wait not in office.workflow.waiting
    assert gathering.gather_source(office.svc, proven.reference, slow)["state"] == "found"
    outcome = office.svc.store.outcome(proven.reference, slow)
    assert outcome is not None
    assert len(gathering.opened(office.svc, outcome).treatments) == len(answer.records)


def test_a_wait_that_begins_after_the_answer_completes_itself(office: Office, slow: str, proven: Request) -> None:
    awaiting.answer_source(office.svc, proven.reference, slow, Step.GATHER, said(office, slow, proven))
    assert begin(office, proven, slow) not in office.workflow.waiting


def test_forty_answers_at_once_are_one(office: Office, slow: str, proven: Request) -> None:
    answers = [said(office, slow, proven, Said.NONE, by=f"vendor-{n}", records=[]) for n in range(40)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda a: awaiting.answer_source(office.svc, proven.reference, slow, Step.GATHER, a), answers))
    events = [e for e in office.svc.store.events(proven.reference) if e.what == awaiting.ANSWERED]
    assert len(events) == 1
    assert awaiting.answer_of(office.svc, office.now(proven), slow, Step.GATHER).by == events[0].by  # type: ignore[union-attr]


def test_what_is_stored_is_sealed_and_the_audit_names_nobody(office: Office, slow: str, proven: Request) -> None:
    answer = said(office, slow, proven)
    request = awaiting.answer_source(office.svc, proven.reference, slow, Step.GATHER, answer)
    [name] = request.answers.values()
    email = office.customers[0]["email"].encode()
    assert email in answer.model_dump_json().encode()
    assert email not in office.svc.packages.answer(proven.reference, name)
    assert office.svc.store.events(proven.reference)[-1].note == f"gather:{slow} done"


@pytest.mark.parametrize(("act", "error"), [("withdraw", RequestClosed), ("not_me", RequestFrozen)])
def test_withdrawn_or_frozen_meanwhile_ends_the_wait(
    office: Office, slow: str, proven: Request, act: str, error: type[Exception]
) -> None:
    wait = begin(office, proven, slow)
    getattr(following, act)(office.svc, office.link("track"))
    assert office.workflow.answers[wait] == (None, error.__name__)
    with pytest.raises(error):
        awaiting.answer_source(office.svc, proven.reference, slow, Step.GATHER, said(office, slow, proven))
    with pytest.raises(error):
        begin(office, proven, slow, reminder=1)


def test_a_signal_that_was_lost_is_sent_again_by_the_sweep(office: Office, slow: str, proven: Request) -> None:
    wait = begin(office, proven, slow)
    awaiting.answer_source(office.svc, proven.reference, slow, Step.GATHER, said(office, slow, proven))
    office.workflow.waiting.add(wait)
    office.workflow.answers.pop(wait)
    attention.sweep(office.svc)
    assert wait not in office.workflow.waiting


def test_a_vendor_that_cannot_is_a_source_that_failed(office: Office, slow: str, proven: Request) -> None:
    failed = said(office, slow, proven, Said.FAILED, records=[], why="SourceMisread")
    awaiting.answer_source(office.svc, proven.reference, slow, Step.GATHER, failed)
    assert gathering.gather_source(office.svc, proven.reference, slow)["state"] == "failed"


def carried_out(office: Office, slow: str, request: Request, answer: Said, **more: Any) -> Any:
    awaiting.answer_source(office.svc, request.reference, slow, Step.GATHER, said(office, slow, request))
    office.gather(request)
    office.ask_staff(request)
    office.decide(request, "approve")
    fulfilment.begin(office.svc, request.reference)
    with pytest.raises(SourceAwaited):
        fulfilment.fulfil_source(office.svc, request.reference, slow)
    told = said(office, slow, request, answer, **{"records": [], **more})
    awaiting.answer_source(office.svc, request.reference, slow, Step.FULFIL, told)
    office.svc.sources[slow].not_done = lambda treatments: []  # type: ignore[method-assign]
    return fulfilment.fulfil_source(office.svc, request.reference, slow)


def test_what_was_carried_out_later_is_counted_when_it_is_said(office: Office, slow: str, proven: Request) -> None:
    assert carried_out(office, slow, proven, Said.DONE)["state"] == "done"
    outcome = office.svc.store.outcome(proven.reference, slow)
    assert outcome is not None
    assert sum(n for doings in outcome.done.values() for n in doings.values()) > 0


def test_what_turns_out_to_be_kept_is_told_with_its_ground(office: Office, slow: str, proven: Request) -> None:
    carried_out(office, slow, proven, Said.KEPT, kept=Kept(ground="A contract still runs"))
    outcome = office.svc.store.outcome(proven.reference, slow)
    assert outcome is not None
    assert {kept.ground for _, kept, _ in outcome.kept} >= {"A contract still runs"}
    assert not any(doings.get(Doing.DELETE) for doings in outcome.done.values())


def test_what_could_not_be_carried_out_later_failed(office: Office, slow: str, proven: Request) -> None:
    assert carried_out(office, slow, proven, Said.FAILED, why="SourceMisread")["state"] == "failed"


def test_who_is_late_is_told_to_those_who_decide_and_at_last_to_the_leads(
    office: Office, slow: str, proven: Request
) -> None:
    before = len(office.mailer.sent)
    begin(office, proven, slow)
    assert len(office.mailer.sent) == before
    begin(office, proven, slow, reminder=1)
    deciders = {m.email for m in office.svc.business.deciders(proven.right)}
    assert {sent.to for sent in office.mailer.sent[before:]} == deciders
    late = len(office.mailer.sent)
    begin(office, proven, slow, reminder=2)
    assert {sent.to for sent in office.mailer.sent[late:]} == deciders | {m.email for m in office.svc.business.leads()}
    assert office.svc.business.datamap.sources[slow].title in office.text(office.mails()[0])
