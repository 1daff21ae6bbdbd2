"""What is easily lost when something happens a second time, in another order, or only in part."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.request import Personal, Right
from chalicelib.domain.status import Status
from chalicelib.errors import PlanDrifted
from chalicelib.usecases import (
    answering,
    attention,
    card,
    following,
    fulfilment,
    gathering,
    intake,
    review,
)

from .conftest import Office
from .test_rights import signed_in


def account(office: Office) -> dict[str, Any]:
    return next(a for a in office.tables["shop.accounts"] if a["email"] == office.customers[0]["email"])


def test_a_signed_in_members_concern_reaches_staff_though_no_source_is_searched(office: Office) -> None:
    typed = Personal(email=office.customers[0]["email"], details="Why?")
    request = intake.file_request(office.svc, Right.CONCERN, typed, member_token=signed_in(office))
    assert office.workflow.started[request.execution]["sources"] == []
    office.ask_staff(request)
    assert office.now(request).status is Status.IN_REVIEW


def test_an_appeal_rests_on_the_proof_that_was_given(office: Office) -> None:
    request = office.to_review("deletion")
    office.decide(request, "refuse", ground=review.Ground.EXEMPT)
    answering.send_answer(office.svc, request.reference)
    view = following.appeal(office.svc, office.link("track"), "Please look again.")
    linked = office.svc.store.get(view.request.appealed_by or "")
    office.gather(linked)
    office.ask_staff(linked)
    assert office.now(linked).proof.suffices
    assert review.Verdict.APPROVE in card.card(office.svc, office.link("review")).may


def test_what_is_left_of_a_partial_answer_needs_no_second_proof(office: Office) -> None:
    request = office.file("access")
    office.prove(request)
    *others, broken = office.svc.sources
    for source in others:
        gathering.gather_source(office.svc, request.reference, source)
    gathering.note_failed_source(office.svc, request.reference, broken, "SourceUnavailable")
    office.ask_staff(request)
    office.decide(request, "approve")
    office.carry_out(request)
    assert office.now(request).status is Status.PARTLY_FULFILLED
    attention.try_again(office.svc, office.link("review"))
    office.gather(request)
    office.ask_staff(request)
    assert office.now(request).proof.suffices
    assert not office.now(request).categories_only


def test_right_answers_are_uncounted_once(office: Office) -> None:
    calls = []
    orig = office.svc.store.uncount
    office.svc.store.uncount = lambda name, key, ends: (calls.append(name), orig(name, key, ends=ends))  # type: ignore
    request = office.to_review("access")
    account(office)["city"] = "Elsewhere"
    office.decide(request, "approve")
    for source in office.svc.sources:
        fulfilment.fulfil_source(office.svc, request.reference, source)
    with pytest.raises(PlanDrifted):
        answering.send_answer(office.svc, request.reference)
    office.gather(request)
    office.ask_staff(request)
    assert calls.count("subject") == 1
