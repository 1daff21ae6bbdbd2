"""An approval that leaves out a part: what is left out stays as it is, and is told with its ground (rules 8, 10)."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from chalicelib.domain.decision import Decision, Ground, Verdict
from chalicelib.domain.request import Request
from chalicelib.domain.status import Status
from chalicelib.errors import DecisionNotAllowed, PlanChanged
from chalicelib.package import unpack
from chalicelib.usecases import attention, card, following, fulfilment, recipients

from .conftest import Office

WHY = "A dispute about these is open."


def part(office: Office, request: Request, *leave: str, **more: Any) -> Any:
    given = {"ground": Ground.EXEMPT, "explanation": WHY, "exemption": "security_integrity", **more}
    return office.decide(request, "approve", leave=leave, **given)


def told(office: Office) -> str:
    return " ".join(office.text(office.mails(office.customers[0]["email"])[0]).split())


def test_a_denied_part_of_a_deletion_stays_and_the_rest_goes(office: Office) -> None:
    before = copy.deepcopy(office.tables)
    request = office.to_review("deletion")
    part(office, request, "shop.reviews", "loyalty.members", "loyalty.points", "loyalty.animals")
    ended = office.carry_out(request)
    assert (ended.status, ended.reason) == (Status.PARTLY_FULFILLED, "partly_refused")
    kept = ("shop.reviews", "loyalty.members", "loyalty.points", "loyalty.animals")
    assert all(office.tables[t] == before[t] for t in kept)
    assert len(office.tables["marketing.newsletter"]) == len(before["marketing.newsletter"]) - 1


def test_the_answer_names_what_was_left_out_on_which_ground_and_how_to_appeal(office: Office) -> None:
    request = office.to_review("deletion")
    part(office, request, "shop.reviews")
    office.carry_out(request)
    said = told(office)
    titles = office.svc.business.titles()
    assert f"We left out: - {titles['shop', 'reviews']}: 1" in said
    assert "Civ. Code 1798.105(d)(2)" in said
    assert WHY in said
    assert "You can appeal" in said
    assert "did not work" not in said


def test_what_is_left_out_is_part_of_what_is_audited(office: Office) -> None:
    request = office.to_review("deletion")
    part(office, request, "shop.reviews")
    decided = next(e for e in office.svc.store.events(request.reference) if e.what == "cooling_off")
    assert decided.note == "approve without shop.reviews exempt security_integrity"
    decision = office.now(request).decision
    assert decision
    assert (decision.leave, decision.ground) == (("shop.reviews",), Ground.EXEMPT)


def test_a_part_of_an_access_is_not_in_the_package(office: Office) -> None:
    request = office.to_review("access")
    part(office, request, "shop.orders", "shop.order_lines", exemption="another_person")
    office.carry_out(request)
    clear = office.svc.vault.open(request.reference, office.svc.packages.part(request.reference, "shop/1"))
    assert unpack(clear)[0].keys() == {"accounts", "payment_tokens", "reviews"}
    lines = told(office).partition("left out")[0]
    assert f"- {office.svc.business.titles()['shop', 'orders']}:" not in lines
    assert office.link("results")


def test_a_part_of_a_correction_is_not_changed(office: Office) -> None:
    fields = ("shop.accounts.email", "marketing.newsletter.email")
    known = office.svc.business.datamap.correctable()
    chosen = [f for f in fields if f in known]
    assert len(chosen) == 2, sorted(known)
    before = copy.deepcopy(office.tables)
    typed = [{"field": f, "value": "new@example.com"} for f in chosen]
    request = office.to_review("correction", corrections=typed)
    part(office, request, "marketing.newsletter", exemption="more_likely_accurate")
    ended = office.carry_out(request)
    assert ended.reason == "partly_refused"
    assert office.tables["marketing.newsletter"] == before["marketing.newsletter"]
    assert office.tables["shop.accounts"] != before["shop.accounts"]
    said = told(office)
    assert "Delete my data" in said, "a denied correction tells of the right to delete"
    assert "250 words" not in said


def test_the_plan_still_binds(office: Office) -> None:
    request = office.to_review("deletion")
    with pytest.raises(PlanChanged):
        part(office, request, "shop.reviews", plan="another plan")


def test_a_record_that_changes_in_what_is_left_out_is_no_drift(office: Office) -> None:
    request = office.to_review("deletion")
    part(office, request, "shop.reviews")
    for row in office.tables["shop.reviews"]:
        row["body"] = "changed since"
    assert office.carry_out(request).status is Status.PARTLY_FULFILLED


def test_a_deletion_does_not_take_what_hangs_on_it(office: Office) -> None:
    request = office.to_review("deletion")
    with pytest.raises(DecisionNotAllowed, match="hangs on"):
        part(office, request, "loyalty.points")


@pytest.mark.parametrize(
    ("leave", "more", "says"),
    [
        (("shop.nothing",), {}, "cannot be left out"),
        (("shop.reviews",), {"ground": None}, "ground"),
        (("shop.reviews",), {"explanation": " "}, "explain"),
        (("shop.reviews",), {"exemption": "made_up"}, "exemptions listed"),
    ],
)
def test_a_part_is_refused_with_reasons_or_not_at_all(
    office: Office, leave: tuple[str, ...], more: dict[str, Any], says: str
) -> None:
    request = office.to_review("deletion")
    with pytest.raises(DecisionNotAllowed, match=says):
        part(office, request, *leave, **more)
    assert office.now(request).status is Status.IN_REVIEW


def test_to_leave_out_everything_is_a_refusal(office: Office) -> None:
    request = office.to_review("access")
    every = [line.place for line in card.card(office.svc, office.link("review")).may_leave]
    with pytest.raises(DecisionNotAllowed, match="Refuse"):
        part(office, request, *every)


def test_who_only_received_what_is_left_out_is_not_told(office: Office) -> None:
    request = office.to_review("deletion")
    whole = set(recipients.concerned(office.svc, office.now(request)))
    datamap = office.svc.business.datamap
    only = {
        f"{s}.{c}"
        for s, source in datamap.sources.items()
        for c, collection in source.collections.items()
        if "card_processor" in collection.recipients or collection.recipients
    }
    acting = {line.place for line in card.card(office.svc, office.link("review")).may_leave}
    decision = Decision(verdict=Verdict.APPROVE, by="dana", at=office.clock.now(), leave=tuple(only & acting))
    less = set(recipients.concerned(office.svc, office.now(request).model_copy(update={"decision": decision})))
    assert less < whole


def test_it_can_be_appealed_and_there_is_nothing_to_try_again(office: Office) -> None:
    request = office.to_review("deletion")
    review = office.link("review")
    part(office, request, "shop.reviews")
    office.carry_out(request)
    assert not card.card(office.svc, review).again
    assert attention.try_again(office.svc, review).request.status is Status.PARTLY_FULFILLED
    view = following.tracker(office.svc, office.link("track"))
    assert "appeal" in view.can
    assert view.left == [office.svc.business.titles()["shop", "reviews"]]
    assert view.history[-1][1] == "partly_refused"
    linked = following.appeal(office.svc, office.link("track"), "They are mine.").request.appealed_by
    assert office.svc.store.get(linked or "").appeal_of == request.reference


def test_what_failed_besides_can_still_be_tried_again(office: Office) -> None:
    request = office.to_review("deletion")
    review = office.link("review")
    part(office, request, "shop.reviews")
    fulfilment.begin(office.svc, request.reference)
    fulfilment.note_unfulfilled_source(office.svc, request.reference, "loyalty", "SourceUnavailable")
    from chalicelib.usecases import answering

    for source in ("shop", "marketing"):
        fulfilment.fulfil_source(office.svc, request.reference, source)
    answering.send_answer(office.svc, request.reference)
    assert card.card(office.svc, review).again
    assert attention.try_again(office.svc, review).request.status is Status.FULFILLING
    fulfilment.fulfil_source(office.svc, request.reference, "loyalty")
    answering.send_answer(office.svc, request.reference)
    assert office.now(request).reason == "partly_refused"


def test_an_approval_of_the_whole_has_no_ground(office: Office) -> None:
    request = office.to_review("access")
    office.decide(request, "approve", ground=Ground.EXEMPT, exemption="another_person")
    decision = office.now(request).decision
    assert decision
    assert (decision.ground, decision.exemption) == (None, None)
    assert office.carry_out(request).status is Status.FULFILLED


def test_decisions_stored_before_there_were_parts_still_load() -> None:
    old = {"verdict": "approve", "by": "dana", "at": "2026-01-01T00:00:00Z", "ground": None, "plan": "abc"}
    assert Decision.model_validate(old).leave == ()
