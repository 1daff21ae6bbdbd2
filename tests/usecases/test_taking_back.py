"""Staff undo their own mis-click while nothing irreversible has run."""

from __future__ import annotations

import copy
from datetime import timedelta

import pytest

from chalicelib.domain.decision import Ground
from chalicelib.domain.request import Request
from chalicelib.domain.status import Status
from chalicelib.errors import DecisionNotAllowed, DecisionTakenBack, RequestClosed
from chalicelib.links import Purpose, mint, token_hash
from chalicelib.usecases import answering, attention, card, following, fulfilment, review, taking_back

from .conftest import Office


def approved(office: Office) -> tuple[Request, str]:
    request = office.to_review("deletion")
    link = office.link("review")
    office.decide(request, "approve")
    return request, link


def customers(office: Office) -> list[str]:
    return [str(m["Subject"]) for m in office.mails(office.customers[0]["email"])]


def test_an_approved_deletion_goes_back_and_the_wait_leads_to_staff(office: Office) -> None:
    before = copy.deepcopy(office.tables)
    request, link = approved(office)
    fulfilment.offer_undo(office.svc, request.reference)
    shown, fresh = taking_back.take_back(office.svc, link)
    assert (shown.request.status, shown.request.reason) == (Status.IN_REVIEW, "taken_back")
    assert shown.request.decision is None
    with pytest.raises(DecisionTakenBack):
        fulfilment.begin(office.svc, request.reference)
    assert office.tables == before
    assert review.decide(office.svc, fresh, verdict=review.Verdict.REFUSE, ground=Ground.CLAIM_NOT_COVERED).decision, (
        "the link that comes with it decides"
    )


def test_the_customer_is_told_only_if_they_had_been(office: Office) -> None:
    request, link = approved(office)
    heard = customers(office)
    taking_back.take_back(office.svc, link)
    assert customers(office) == heard
    with pytest.raises(DecisionTakenBack):
        fulfilment.offer_undo(office.svc, request.reference)
    assert customers(office) == heard, "and the mail that was on its way stays"


def test_who_had_been_told_is_told_again(office: Office) -> None:
    request, link = approved(office)
    fulfilment.offer_undo(office.svc, request.reference)
    heard = customers(office)
    taking_back.take_back(office.svc, link)
    assert [s for s in customers(office) if s not in heard] == [f"We look at your request again ({request.reference})"]


def test_approved_anew_it_waits_out_a_window_of_its_own(office: Office) -> None:
    """The first window's wait counts for nothing: the customer has the whole time from the second approval."""
    request, link = approved(office)
    fulfilment.offer_undo(office.svc, request.reference)
    _, fresh = taking_back.take_back(office.svc, link)
    office.clock.forward(timedelta(minutes=30))
    review.decide(office.svc, fresh, verdict=review.Verdict.APPROVE, plan=office.now(request).plan_hash)
    office.clock.forward(timedelta(minutes=31))
    with pytest.raises(DecisionTakenBack):
        fulfilment.begin(office.svc, request.reference)
    token = office.ask_staff(request)
    assert office.workflow.answers[token] == ({"next": "undo"}, None)
    for _ in range(2):
        fulfilment.offer_undo(office.svc, request.reference)
    until = office.now(request).undo_until
    assert until == office.clock.now() + timedelta(hours=1)
    office.clock.forward(timedelta(hours=1))
    assert office.carry_out(request).status is Status.FULFILLED
    assert len([s for s in customers(office) if "asked us to delete" in s or "Your deletion" in s]) <= 3


def test_refused_instead_it_is_answered_and_nothing_deleted(office: Office) -> None:
    before = copy.deepcopy(office.tables)
    request, link = approved(office)
    fulfilment.offer_undo(office.svc, request.reference)
    _, fresh = taking_back.take_back(office.svc, link)
    review.decide(office.svc, fresh, verdict=review.Verdict.REFUSE, ground=Ground.SUSPECTED_FRAUD)
    with pytest.raises(DecisionTakenBack):
        fulfilment.begin(office.svc, request.reference)
    token = office.ask_staff(request)
    assert office.workflow.answers[token] == ({"next": "answer"}, None)
    answering.send_answer(office.svc, request.reference)
    assert office.now(request).status is Status.REFUSED
    assert office.tables == before


def test_a_question_is_taken_back_and_the_machine_asks_staff_anew(office: Office) -> None:
    request = office.to_review("access")
    link = office.link("review")
    office.decide(request, "ask", explanation="Which account?")
    wait = office.workflow.wait_for("reply")
    review.ask_customer(office.svc, request.reference, wait)
    heard = customers(office)
    taking_back.take_back(office.svc, link)
    assert office.now(request).status is Status.IN_REVIEW
    assert office.workflow.answers[wait] == ({"next": "staff"}, None)
    assert [s for s in customers(office) if s not in heard] == [
        f"You need not answer our question ({request.reference})"
    ]
    assert "reply" not in following.tracker(office.svc, office.link("track")).can


def test_a_question_that_never_left_never_will(office: Office) -> None:
    request = office.to_review("access")
    link = office.link("review")
    office.decide(request, "ask", explanation="Which account?")
    heard = customers(office)
    taking_back.take_back(office.svc, link)
    review.ask_customer(office.svc, request.reference, office.workflow.wait_for("reply"))
    assert customers(office) == heard


def test_only_who_decided_takes_it_back(office: Office) -> None:
    request, _ = approved(office)
    by = office.now(request).decision
    assert by
    other = next(m for m in office.svc.business.staff if m.id != by.by)
    office.svc.store.put_links([mint("theirs", Purpose.REVIEW, other.id, request.reference, office.clock.now())])
    assert not card.card(office.svc, "theirs").may_undo
    with pytest.raises(DecisionNotAllowed):
        taking_back.take_back(office.svc, "theirs")
    assert office.now(request).status is Status.COOLING_OFF


def test_what_has_run_or_was_refused_is_not_taken_back(office: Office) -> None:
    request, link = approved(office)
    office.clock.forward(timedelta(hours=1))
    assert not card.card(office.svc, link).may_undo, "the time is over"
    office.carry_out(request)
    with pytest.raises(DecisionNotAllowed):
        taking_back.take_back(office.svc, link)


def test_the_spent_link_does_not_decide_again(office: Office) -> None:
    _, link = approved(office)
    _, fresh = taking_back.take_back(office.svc, link)
    assert office.svc.store.link(token_hash(link)).used_at
    assert not office.svc.store.link(token_hash(fresh)).used_at


def test_a_refusal_after_it_is_told_at_once_and_carried_out_by_nobody(office: Office) -> None:
    """The machine stands in the old undo window still: a road of its own answers, and the old one ends by itself."""
    before = copy.deepcopy(office.tables)
    request, link = approved(office)
    fulfilment.offer_undo(office.svc, request.reference)
    _, fresh = taking_back.take_back(office.svc, link)
    review.decide(office.svc, fresh, verdict=review.Verdict.REFUSE, ground=Ground.CLAIM_NOT_COVERED)
    now = office.now(request)
    assert office.workflow.started[now.execution]["start"] == "answer"
    attention.sweep(office.svc)
    assert office.workflow.started[now.execution]["start"] == "answer", "a lost start is repeated as it was"
    answering.send_answer(office.svc, request.reference)
    heard = customers(office)
    with pytest.raises(RequestClosed):
        fulfilment.begin(office.svc, request.reference)
    with pytest.raises(RequestClosed):
        fulfilment.fulfil_source(office.svc, request.reference, "shop")
    assert customers(office) == heard
    assert office.tables == before


def test_a_question_after_it_is_mailed_at_once(office: Office) -> None:
    request, link = approved(office)
    fulfilment.offer_undo(office.svc, request.reference)
    _, fresh = taking_back.take_back(office.svc, link)
    review.decide(office.svc, fresh, verdict=review.Verdict.ASK, explanation="Which account do you mean?")
    assert customers(office)[0].startswith("We have a question")
    review.ask_customer(office.svc, request.reference, office.workflow.wait_for("reply"))
    assert customers(office)[1] != customers(office)[0], "and once"
