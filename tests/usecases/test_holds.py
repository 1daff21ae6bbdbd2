"""A legal hold: every deletion of that person keeps everything and says so, until it is released (rule 12)."""

from __future__ import annotations

import copy

import pytest

from chalicelib.domain.decision import Ground
from chalicelib.domain.plan import LEGAL_HOLD, Doing
from chalicelib.domain.status import Status
from chalicelib.errors import DecisionNotAllowed, PlanDrifted
from chalicelib.usecases import answering, card, following, holds

from .conftest import Office

WHY = "Letter from the court of Waldemar"


def test_a_held_deletion_keeps_everything_and_tells_staff_and_customer(office: Office) -> None:
    before = copy.deepcopy(office.tables)
    request = office.to_review("deletion")
    office.ask_staff(request)
    holds.hold(office.svc, office.link("review"), WHY)
    assert office.now(request).status is Status.GATHERING, "the plan is made anew"
    office.gather(request)
    office.ask_staff(request)
    shown = card.card(office.svc, office.link("review"))
    assert shown.hold
    assert all(line.acts == 0 for line in shown.plan.collections)
    assert {k for line in shown.plan.collections for k, _ in line.kept} == {LEGAL_HOLD}
    assert shown.may_leave == []
    office.decide(request, "approve")
    assert office.now(request).status is Status.FULFILLING, "there is nothing to change one's mind about"
    ended = office.carry_out(request)
    assert ended.status is Status.FULFILLED
    assert office.tables == before
    mail = office.mails(office.customers[0]["email"])[0]
    assert "Legal hold" in office.text(mail)
    assert "There is no end date yet" in office.text(mail)
    assert "Your data is deleted" not in str(mail["Subject"])
    kept = following.tracker(office.svc, office.link("track")).kept
    assert {k for _, k, _ in kept} == {LEGAL_HOLD}


def test_a_hold_set_while_the_deletion_waits_stops_it(office: Office) -> None:
    """What was approved is no longer what may happen: back to staff, nothing touched."""
    before = copy.deepcopy(office.tables)
    request = office.to_review("deletion")
    review = office.link("review")
    office.decide(request, "approve")
    holds.hold(office.svc, review, WHY)
    with pytest.raises(PlanDrifted):
        office.carry_out(request)
    assert office.tables == before
    assert office.now(request).status is Status.GATHERING


def test_a_hold_stands_for_every_request_of_the_person(office: Office) -> None:
    """Set from an access request, it holds a deletion filed later."""
    first = office.to_review("access")
    holds.hold(office.svc, office.link("review"), WHY)
    assert office.now(first).status is Status.IN_REVIEW
    second = office.to_review("deletion")
    shown = card.card(office.svc, office.link("review"))
    assert shown.request.reference == second.reference
    assert shown.plan.total(Doing.DELETE) == 0


def test_a_hold_touches_nobody_else_and_no_other_right(office: Office) -> None:
    office.to_review("access")
    holds.hold(office.svc, office.link("review"), WHY)
    other = office.customers[1]
    office.to_review("deletion", other)
    assert card.card(office.svc, office.link("review")).plan.total(Doing.DELETE) > 0
    access = office.to_review("access")
    office.decide(access, "approve")
    assert office.carry_out(access).status is Status.FULFILLED


def test_a_released_hold_holds_no_more_and_both_are_audited(office: Office) -> None:
    request = office.to_review("deletion")
    review = office.link("review")
    holds.hold(office.svc, review, WHY)
    office.gather(request)
    office.ask_staff(request)
    holds.release(office.svc, review, "The matter is over.")
    office.gather(request)
    office.ask_staff(request)
    assert card.card(office.svc, office.link("review")).plan.total(Doing.DELETE) > 0
    said = [(e.what, e.by) for e in office.svc.store.events(request.reference) if e.what in ("held", "released")]
    assert [what for what, _ in said] == ["held", "released"]
    assert all(by.startswith("staff:") for _, by in said)


def test_set_twice_is_set_once_and_released_twice_is_released_once(office: Office) -> None:
    request = office.to_review("access")
    for _ in range(2):
        holds.hold(office.svc, office.link("review"), WHY)
    for _ in range(2):
        holds.release(office.svc, office.link("review"), WHY)
    whats = [e.what for e in office.svc.store.events(request.reference)]
    assert (whats.count("held"), whats.count("released")) == (1, 1)


def test_the_hold_itself_holds_nothing_personal(office: Office) -> None:
    """Why it was set is sealed with the request, shown only to who reveals it, never to the customer."""
    request = office.to_review("deletion")
    review = office.link("review")
    holds.hold(office.svc, review, WHY)
    held = office.svc.store.hold_of(request.subject_hash or "")
    assert held
    clear = held.model_dump_json() + "".join(e.model_dump_json() for e in office.svc.store.events(request.reference))
    assert "Waldemar" not in clear
    assert office.customers[0]["email"] not in clear
    assert [n.text for n in card.reveal(office.svc, review)[1].personal.notes] == [WHY]
    assert all("Waldemar" not in office.text(m) for m in office.mails())


def test_only_who_decides_such_requests_may_hold(office: Office) -> None:
    from chalicelib.domain.request import Right
    from chalicelib.usecases import powers

    request = office.to_review("deletion")
    business = office.svc.business
    able = {m.id for m in (*business.deciders(Right.DELETION), *business.leads())}
    for member in business.staff:
        assert powers.may_hold(office.svc, request, member) == (member.id in able)
    nobody = request.model_copy(update={"subject_hash": None})
    assert not powers.may_hold(office.svc, nobody, business.staff[0])


def test_a_refused_request_can_be_held_too(office: Office) -> None:
    request = office.to_review("deletion")
    review = office.link("review")
    office.decide(request, "refuse", ground=Ground.CLAIM_NOT_COVERED)
    answering.send_answer(office.svc, request.reference)
    assert holds.hold(office.svc, review, WHY).hold
    assert office.now(request).status is Status.REFUSED


def test_the_customer_hears_of_a_hold_on_a_deletion_only(office: Office) -> None:
    office.to_review("access")
    holds.hold(office.svc, office.link("review"), WHY)
    assert "held" not in {what for _, what in following.tracker(office.svc, office.link("track")).history}


def test_where_nobody_is_named_nobody_is_held(office: Office) -> None:
    request = office.to_review("deletion")
    plain = request.model_copy(update={"subject_hash": None})
    office.svc.store._requests[request.reference] = plain  # type: ignore[attr-defined]
    with pytest.raises(DecisionNotAllowed):
        holds.hold(office.svc, office.link("review"), WHY)


def ended(office: Office) -> tuple[str, str]:
    """A deletion that a hold kept from doing anything, the hold ended since; and staff's link to it."""
    request = office.to_review("deletion")
    holds.hold(office.svc, office.link("review"), WHY)
    office.gather(request)
    office.ask_staff(request)
    token = office.link("review")
    office.decide(request, "approve")
    office.carry_out(request)
    assert card.card(office.svc, token).held_back == [], "while it stands there is nothing to take up"
    holds.release(office.svc, token, "The matter is settled")
    return request.reference, token


def test_what_a_hold_kept_is_offered_when_it_has_ended_and_taken_up_once(office: Office) -> None:
    reference, token = ended(office)
    assert card.card(office.svc, token).held_back == [reference]
    assert holds.take_up(office.svc, token, reference).held_back == []
    with pytest.raises(DecisionNotAllowed):
        holds.take_up(office.svc, token, reference)
    [rest] = [r for r in office.svc.store.queue() if r.continues == reference]
    assert office.workflow.started[rest.execution]["start"] == "gather"
    assert (rest.tally_id, rest.nth) == ("", 0), "no request more"
    office.gather(rest)
    office.ask_staff(rest)
    told = " ".join(office.text(office.mails(office.customers[0]["email"])[0]).split())
    assert "The legal matter for which we kept your data has ended" in told
    office.decide(rest, "approve")
    assert office.now(rest).status is Status.COOLING_OFF, "they can still change their mind"
    assert office.carry_out(rest).status is Status.FULFILLED
    assert not any(a["email"] == office.customers[0]["email"] for a in office.tables["shop.accounts"])


def test_what_no_hold_kept_is_not_taken_up(office: Office) -> None:
    request = office.to_review("deletion")
    with pytest.raises(DecisionNotAllowed):
        holds.take_up(office.svc, office.link("review"), request.reference)
