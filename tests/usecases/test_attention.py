"""When something goes wrong: nothing dead-ends, nothing is said to be done that is not."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.request import Request
from chalicelib.domain.status import Status
from chalicelib.errors import DecisionNotAllowed, RequestClosed, SourceUnavailable
from chalicelib.usecases import answering, attention, card, following, fulfilment, gathering, posting

from .conftest import Office


def test_a_step_that_fails_waits_for_staff_and_goes_on_where_it_stopped(office: Office) -> None:
    request = office.file("access")
    office.prove(request)
    wait = office.workflow.wait_for("attention")
    attention.need_attention(office.svc, request.reference, wait, "ServiceUnavailable")
    stopped = office.now(request)
    assert (stopped.status, stopped.reason, stopped.resume) == ("needs_attention", "ServiceUnavailable", "gathering")
    attention.try_again(office.svc, office.link("review"))
    assert office.workflow.answers[wait] == ({"next": "gather"}, None)
    assert office.now(request).status is Status.GATHERING


def test_what_ended_needs_no_attention(office: Office) -> None:
    request = office.file("access")
    office.ask_for_proof(request)
    following.withdraw(office.svc, office.link("track"))
    with pytest.raises(RequestClosed):
        attention.need_attention(office.svc, request.reference, "token", "Boom")


def test_a_source_that_cannot_be_read_stops_nobody_and_is_shown(office: Office) -> None:
    request = office.file("access")
    office.prove(request)
    *others, broken = office.svc.sources
    for source in others:
        gathering.gather_source(office.svc, request.reference, source)
    gathering.note_failed_source(office.svc, request.reference, broken, "SourceUnavailable")
    office.ask_staff(request)
    shown = card.card(office.svc, office.link("review"))
    assert shown.plan.failed == {broken: "SourceUnavailable"}


def test_no_try_is_judged_while_the_source_that_knows_the_answer_is_down(office: Office) -> None:
    request = office.file("access")
    office.prove(request)
    for source in office.svc.sources:
        gathering.note_failed_source(office.svc, request.reference, source, "SourceUnavailable")
    with pytest.raises(SourceUnavailable):
        office.ask_staff(request)
    assert office.now(request).status is Status.GATHERING


def test_a_source_that_fails_makes_a_partial_answer_and_the_rest_a_second_one(office: Office) -> None:
    """Fifty erasures were once reported complete while data stayed: here, done is earned."""
    request = office.to_review("deletion")
    office.decide(request, "approve")
    fulfilment.begin(office.svc, request.reference)
    broken, *others = office.svc.sources
    fulfilment.note_unfulfilled_source(office.svc, request.reference, broken, "SourceUnavailable")
    for source in others:
        fulfilment.fulfil_source(office.svc, request.reference, source)
    answering.send_answer(office.svc, request.reference)
    assert office.now(request).status is Status.PARTLY_FULFILLED
    told = office.text(office.mails(office.customers[0]["email"])[0])
    assert office.svc.business.datamap.sources[broken].title in told

    attention.try_again(office.svc, office.link("review"))
    assert f"{request.reference}-2" in office.workflow.started
    for source in office.svc.sources:
        fulfilment.fulfil_source(office.svc, request.reference, source)
    answering.send_answer(office.svc, request.reference)
    assert office.now(request).status is Status.FULFILLED
    assert len([m for m in office.mails(office.customers[0]["email"]) if request.reference in str(m["Subject"])]) == 3


def test_just_what_could_not_be_read_is_tried_again_before_staff_decide(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = office.file("access")
    office.prove(request)
    *others, broken = office.svc.sources
    for source in others:
        gathering.gather_source(office.svc, request.reference, source)
    gathering.note_failed_source(office.svc, request.reference, broken, "SourceMisread")
    office.ask_staff(request)
    shown = card.card(office.svc, office.link("review"))
    assert shown.again == [office.svc.business.datamap.sources[broken].title]

    attention.try_again(office.svc, office.link("review"))
    attention.try_again(office.svc, office.link("review"))
    assert [e.what for e in office.svc.store.events(request.reference)].count("gathering") == 2
    for source in others:
        first = office.svc.sources[source].find

        def led(who: Any, after: Any = None, among: str | None = None, *, first: Any = first) -> Any:
            assert among, "asked without need"  # only what leads to the records of the one that failed
            return first(who, after, among)

        monkeypatch.setattr(office.svc.sources[source], "find", led)
    office.gather(request)
    office.ask_staff(request)
    again = card.card(office.svc, office.link("review"))
    assert (again.request.status, again.plan.failed, again.again) == (Status.IN_REVIEW, {}, [])


def test_an_erasure_that_does_not_read_back_is_not_done(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    request = office.to_review("deletion")
    office.decide(request, "approve")
    fulfilment.begin(office.svc, request.reference)
    source = next(iter(office.svc.sources))
    monkeypatch.setattr(office.svc.sources[source], "carry_out", lambda treatments: None)
    assert fulfilment.fulfil_source(office.svc, request.reference, source)["state"] == "failed"


def test_the_sweep_takes_up_what_was_lost_between_a_write_and_a_signal(office: Office) -> None:
    request = office.file("access")
    office.workflow.started.clear()
    attention.sweep(office.svc)
    assert f"{request.reference}-1" in office.workflow.started

    office.prove(request)
    wait = office.svc.store.wait(request.reference, "proof")
    assert wait is not None
    office.workflow.answers.clear()
    office.workflow.waiting.add(wait.token)
    attention.sweep(office.svc)
    assert office.workflow.answers[wait.token] == ({"next": "gather"}, None)


def test_a_source_error_is_left_to_the_machine_to_retry(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    request = office.file("access")
    office.prove(request)
    name = next(iter(office.svc.sources))

    def down(who: object, after: object = None) -> object:
        raise SourceUnavailable(name)

    monkeypatch.setattr(office.svc.sources[name], "find", down)
    with pytest.raises(SourceUnavailable):
        gathering.gather_source(office.svc, request.reference, name)


def test_a_fault_before_anything_was_mailed_is_taken_up_from_the_start(office: Office) -> None:
    request = office.file("access")
    wait = office.workflow.wait_for("attention")
    attention.need_attention(office.svc, request.reference, wait, "ServiceUnavailable")
    attention.try_again(office.svc, office.link("review"))
    assert office.workflow.answers[wait] == ({"next": "proof"}, None)


def test_a_request_lapses_after_the_days_that_the_business_gives_not_the_sum_of_the_waits(office: Office) -> None:
    request = office.file("access")
    waits = office.workflow.started[request.execution]["waits"]
    assert waits["proof_reminder"] + waits["proof"] == office.svc.business.waits.proof_days * 86_400


def rejected(office: Office, right: str = "access") -> tuple[Request, str]:
    """An answer that the mail service refuses for good, and staff's link to it."""
    request = office.to_review(right)
    office.decide(request, "approve")
    fulfilment.begin(office.svc, request.reference)
    for source in office.svc.sources:
        fulfilment.fulfil_source(office.svc, request.reference, source)
    attention.need_attention(office.svc, request.reference, office.workflow.wait_for("attention"), "MailRejected")
    return request, office.link("review", "ruth.calderwood")


def test_an_answer_that_no_mail_can_bring_goes_by_post_to_the_address_on_file(office: Office) -> None:
    request, token = rejected(office)
    assert card.card(office.svc, token).may_go_by_post
    before = len(office.mails(office.customers[0]["email"]))
    attention.go_by_post(office.svc, token)
    answering.send_answer(office.svc, request.reference)
    ended = office.now(request)
    assert (ended.status, ended.to_post) == (Status.FULFILLED, True)
    assert len(office.mails(office.customers[0]["email"])) == before
    _, letter = posting.letter(office.svc, token)
    account = next(a for a in office.tables["shop.accounts"] if a["email"] == office.customers[0]["email"])
    assert letter.on_file
    assert account["street"] in letter.address


def test_what_was_not_refused_by_the_mail_service_is_not_posted(office: Office) -> None:
    request = office.to_review("access")
    attention.need_attention(office.svc, request.reference, office.workflow.wait_for("attention"), "MailRejected")
    with pytest.raises(DecisionNotAllowed):  # nothing is decided yet
        attention.go_by_post(office.svc, office.link("review"))
    assert office.now(request).by_post is False
