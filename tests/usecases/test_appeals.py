"""An appeal: its card shows the first decision, its outcome stands there, its answer names the authority."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.decision import Ground
from chalicelib.domain.request import Request
from chalicelib.domain.status import Status
from chalicelib.usecases import answering, appeals, card, following

from .conftest import Office


def appealed(office: Office, right: str = "deletion", residence: str = "US-CA") -> tuple[Request, Request]:
    request = office.to_review(right, residence=residence)
    office.decide(request, "refuse", ground=Ground.EXEMPT, explanation="Not this.", exemption="legal_obligation")
    answering.send_answer(office.svc, request.reference)
    view = following.appeal(office.svc, office.link("track"), "Please look again.")
    linked = office.svc.store.get(view.request.appealed_by or "")
    office.gather(linked)
    office.ask_staff(linked)
    return request, linked


def told(office: Office) -> str:
    return " ".join(office.text(office.mails(office.customers[0]["email"])[0]).split())


def history(office: Office, request: Request) -> list[str]:
    return [e.what for e in office.svc.store.events(request.reference)]


def test_the_card_shows_the_first_decision(office: Office) -> None:
    request, _ = appealed(office)
    first = card.card(office.svc, office.link("review")).first
    assert first
    assert (first.reference, first.decision.ground, first.left) == (request.reference, Ground.EXEMPT, [])
    assert first.decision.by == (office.now(request).decision or first.decision).by


def test_a_denied_appeal_names_the_authority_and_stands_on_the_first_request(office: Office) -> None:
    request, linked = appealed(office)
    office.decide(linked, "refuse", ground=Ground.EXEMPT, exemption="legal_obligation")
    answering.send_answer(office.svc, linked.reference)
    assert office.now(linked).status is Status.REFUSED
    assert history(office, request)[-1] == "appeal_denied"
    assert "California Privacy Protection Agency" in told(office)
    assert "You can appeal" not in told(office), "there is no third look"
    assert "1798.105(d)(8)" in told(office)


def test_a_granted_appeal_stands_on_the_first_request_once(office: Office) -> None:
    request, linked = appealed(office)
    office.decide(linked, "approve")
    ended = office.carry_out(linked)
    assert ended.status is Status.FULFILLED
    appeals.record(office.svc, linked, Status.FULFILLED, left=False)
    assert history(office, request).count("appeal_upheld") == 1
    office.link("track")


def test_an_appeal_granted_in_part_says_so(office: Office) -> None:
    request, linked = appealed(office)
    office.decide(linked, "approve", leave=("shop.reviews",), ground=Ground.EXEMPT, explanation="Free speech.")
    office.carry_out(linked)
    assert history(office, request)[-1] == "appeal_partly_upheld"
    assert "You can appeal" not in told(office)
    assert "you can complain to" in told(office)


@pytest.mark.parametrize(("regime", "named"), [("us-co", True), ("us-va", False), ("us-ca-ccpa", False)])
def test_colorado_wants_its_attorney_general_named_in_every_answer_to_an_appeal(
    office: Office, regime: str, named: bool
) -> None:
    _, linked = appealed(office)
    store: Any = office.svc.store
    store._requests[linked.reference] = office.now(linked).model_copy(update={"regime": regime})
    office.decide(linked, "approve")
    office.carry_out(linked)
    assert ("Attorney General of Colorado" in told(office)) is named


def test_what_is_no_appeal_names_no_authority_in_its_answer(office: Office) -> None:
    request = office.to_review("access")
    assert appeals.first(office.svc, request) is None
    assert appeals.regulator(request.model_copy(update={"regime": "us-co"})) == ""
