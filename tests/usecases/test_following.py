"""What the customer may do from the tracker, and what follows from it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.domain.decision import Ground
from chalicelib.domain.status import Status
from chalicelib.errors import InvalidRequest, RequestClosed, RequestNotFound, ServiceUnavailable, TransitionNotAllowed
from chalicelib.usecases import answering, card, errands, following, fulfilment, gathering, review, verification
from chalicelib.usecases.errands import Errand

from .conftest import Office


def refused(office: Office) -> str:
    request = office.to_review("deletion")
    office.decide(request, "refuse", ground=Ground.CLAIM_NOT_COVERED, explanation="Not this.")
    answering.send_answer(office.svc, request.reference)
    return office.link("track")


def test_withdrawing_ends_the_wait_in_which_the_machine_stands(office: Office) -> None:
    request = office.file("access")
    wait = office.workflow.wait_for("proof")
    verification.ask_for_proof(office.svc, request.reference, wait)
    view = following.withdraw(office.svc, office.link("track"))
    assert view.request.status is Status.WITHDRAWN
    assert office.workflow.answers[wait] == (None, "RequestClosed")
    with pytest.raises(RequestClosed):
        gathering.gather_source(office.svc, request.reference, next(iter(office.svc.sources)))


def test_a_deletion_can_be_undone_while_it_waits_and_then_nothing_is_deleted(office: Office) -> None:
    before = {name: [dict(row) for row in rows] for name, rows in office.tables.items()}
    request = office.to_review("deletion")
    office.decide(request, "approve")
    fulfilment.offer_undo(office.svc, request.reference)
    view = following.undo(office.svc, office.link("track"))
    assert (view.request.status, view.request.reason) == (Status.WITHDRAWN, "undone")
    with pytest.raises(RequestClosed):
        fulfilment.begin(office.svc, request.reference)
    assert office.tables == before


def test_what_runs_already_cannot_be_undone(office: Office) -> None:
    request = office.to_review("deletion")
    office.decide(request, "approve")
    fulfilment.offer_undo(office.svc, request.reference)
    fulfilment.begin(office.svc, request.reference)
    assert following.undo(office.svc, office.link("track")).request.status is Status.FULFILLING


def test_a_question_of_staff_is_answered_through_the_tracker_and_comes_back_to_them(office: Office) -> None:
    request = office.to_review("access")
    office.decide(request, "ask", explanation="Which of your two accounts?")
    wait = office.workflow.wait_for("reply")
    review.ask_customer(office.svc, request.reference, wait)
    assert "Which of your two accounts?" in office.text(office.mails(office.customers[0]["email"])[0])
    view = following.reply(office.svc, office.link("track"), "The older one, please.")
    assert view.request.status is Status.IN_REVIEW
    assert office.workflow.answers[wait] == ({"next": "staff"}, None)
    office.ask_staff(request)
    _, revealed = card.reveal(office.svc, office.link("review"))
    assert [m.text for m in revealed.personal.messages] == ["Which of your two accounts?", "The older one, please."]


def test_without_a_reply_staff_decide_on_what_there_is(office: Office) -> None:
    request = office.to_review("access")
    office.decide(request, "ask", explanation="Which?")
    review.no_reply(office.svc, request.reference)
    assert (office.now(request).status, office.now(request).reason) == (Status.IN_REVIEW, "no_reply")


@pytest.mark.parametrize("text", ["", "   ", "x" * 5_001])
def test_a_reply_has_words_and_an_end(office: Office, text: str) -> None:
    request = office.to_review("access")
    office.decide(request, "ask", explanation="Which?")
    review.ask_customer(office.svc, request.reference, office.workflow.wait_for("reply"))
    with pytest.raises(InvalidRequest):
        following.reply(office.svc, office.link("track"), text)


def test_an_appeal_is_a_linked_request_decided_by_somebody_else(office: Office) -> None:
    track = refused(office)
    view = following.appeal(office.svc, track, "Please look again.")
    linked = office.svc.store.get(view.request.appealed_by or "")
    assert (linked.right, linked.appeal_of, linked.not_staff) == ("deletion", view.request.reference, "ruth") or (
        linked.not_staff is not None
    )
    office.gather(linked)
    office.ask_staff(linked)
    asked = {str(m["To"]) for m in office.mails() if linked.reference in str(m["Subject"])}
    decider = office.svc.business.member(linked.not_staff or "")
    assert decider is not None
    assert asked
    assert decider.email not in asked


def test_one_refusal_is_appealed_once(office: Office) -> None:
    track = refused(office)
    first = following.appeal(office.svc, track, "Please look again.")
    again = following.appeal(office.svc, track, "And again.")
    assert first.request.appealed_by == again.request.appealed_by


def test_what_was_not_refused_cannot_be_appealed(office: Office) -> None:
    office.ask_for_proof(office.file("access"))
    with pytest.raises(TransitionNotAllowed):
        following.appeal(office.svc, office.link("track"), "Why?")


def test_a_lapse_is_told_and_can_be_reopened_on_a_new_road_with_the_old_clock(office: Office) -> None:
    request = office.file("access")
    office.ask_for_proof(request)
    office.clock.forward(timedelta(days=14))
    verification.lapse(office.svc, request.reference)
    assert office.now(request).status is Status.LAPSED
    view = following.reopen(office.svc, office.link("track"))
    assert (view.request.status, view.request.road) == (Status.RECEIVED, 2)
    assert view.request.due_at == request.due_at
    assert f"{request.reference}-2" in office.workflow.started
    assert office.prove(request).status is Status.GATHERING


def test_a_lapse_whose_mail_did_not_leave_is_told_when_the_step_runs_again(office: Office) -> None:
    """It lapses first: nobody is mailed a lapse that did not happen. What was cut short then is told once."""
    request = office.file("access")
    office.ask_for_proof(request)
    office.mailer.fault = ServiceUnavailable()
    with pytest.raises(ServiceUnavailable):
        verification.lapse(office.svc, request.reference)
    assert office.now(request).status is Status.LAPSED
    office.mailer.fault = None
    before = len(office.mails())
    for _ in range(2):
        verification.lapse(office.svc, request.reference)
    assert len(office.mails()) == before + 1


def test_a_proof_that_comes_as_the_request_lapses_wins(office: Office) -> None:
    request = office.file("access")
    office.prove(request)
    with pytest.raises(TransitionNotAllowed):
        verification.lapse(office.svc, request.reference)
    assert office.now(request).status is Status.GATHERING


def test_not_me_after_the_answer_kills_the_package_link(office: Office) -> None:
    from chalicelib.errors import LinkMissing
    from chalicelib.usecases import results

    request = office.to_review("access")
    office.decide(request, "approve")
    office.carry_out(request)
    link = office.link("results")
    assert results.package_url(office.svc, link)
    following.not_me(office.svc, office.link("track"))
    with pytest.raises(LinkMissing):
        results.package_url(office.svc, link)
    with pytest.raises(RequestNotFound):
        office.svc.packages.package_url(request.reference, "x.zip", 60)


def test_a_new_link_does_not_promise_the_package_for_longer_than_it_is_there(office: Office) -> None:
    from chalicelib.usecases import results

    request = office.to_review("access")
    office.decide(request, "approve")
    office.carry_out(request)
    until = results.results_page(office.svc, office.link("results")).expires_at
    office.clock.forward(timedelta(days=20))
    errands.leave(office.svc, Errand.LINKS, office.customers[0]["email"])
    assert results.results_page(office.svc, office.link("results")).expires_at == until
    assert results.package_url(office.svc, office.link("results"))
    assert [e.what for e in office.svc.store.events(request.reference)][-1] == "downloaded"
    office.clock.forward(timedelta(days=10))
    errands.leave(office.svc, Errand.LINKS, office.customers[0]["email"])
    assert "/results/" not in office.text(office.mails(office.customers[0]["email"])[0])


def test_looking_at_the_tracker_changes_nothing(office: Office) -> None:
    request = office.file("access")
    office.ask_for_proof(request)
    before = office.now(request)
    for _ in range(5):
        following.tracker(office.svc, office.link("track"))
    assert office.now(request) == before
