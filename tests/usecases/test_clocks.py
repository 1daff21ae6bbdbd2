"""Regime, clock, limits, proof: what governs a request, that it is shown, and that staff hear of it in time."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from chalicelib.domain.decision import Ground, Verdict
from chalicelib.domain.request import Channel, Personal, Request, Right
from chalicelib.domain.status import Status
from chalicelib.errors import AlreadyFiled, DecisionNotAllowed, ServiceUnavailable
from chalicelib.mail import rules
from chalicelib.usecases import attention, card, following, intake, limits, reminding, review, verification

from .conftest import Office
from .test_rules import at_once

RUTH, EMMETT, DORA = "ruth.calderwood@example.com", "emmett.souster@example.com", "dora.pennyfeather@example.com"


def days(count: float) -> timedelta:
    return timedelta(days=count)


# What governs, and that it is told


def test_iowa_knows_no_correction_so_the_policy_governs_and_says_so(office: Office) -> None:
    business = office.svc.business.model_copy(update={"binding": (*office.svc.business.binding, "us-ia")})
    object.__setattr__(office.svc, "business", business)
    personal = Personal(
        email="kim@example.com", residence="US-IA",
        corrections=[{"field": "shop.accounts.city", "value": "Ames"}],  # type: ignore[list-item]
    )  # fmt: skip
    request = intake.file_request(office.svc, Right.CORRECTION, personal)
    assert (request.regime, request.fallback_from) == ("policy", "us-ia")
    office.ask_for_proof(request)
    assert "Iowa Consumer Data Protection Act: knows no right of correction" in office.text(office.mails()[0])


def test_where_a_text_has_two_readings_both_days_are_told(office: Office) -> None:
    request = office.file("access", residence="US-CA")
    office.ask_for_proof(request)
    said = " ".join(office.text(office.mails()[0]).split())
    assert request.limit_at == request.due_at + days(1)
    assert "California Consumer Privacy Act, 45 days from receipt (Civ. Code 1798.130(a)(2)(A); 11 CCR 7021(b))" in said
    assert "We aim for" in said
    assert "the law’s last day is" in said


def test_a_request_filed_before_the_limit_was_stored_is_shown_all_the_same(office: Office) -> None:
    request = office.file("access", residence="US-CA")
    old = Request.model_validate(
        request.model_dump(exclude={"limit_at", "designated", "fallback", "fallback_from", "nth"})
    )
    assert rules.line(old, office.svc.business) == rules.line(request, office.svc.business)


# Content decides


BOTH = "Who got my details? And please send me a copy of my data."


def pair(office: Office, right: str, **more: Any) -> tuple[Request, Request]:
    first = office.file(right, residence="US-CA", **more)
    return first, office.svc.store.get(first.asked_with or "")


def test_a_disclosure_that_asks_for_their_own_data_opens_both(office: Office) -> None:
    first, second = pair(office, "california_disclosure", details=BOTH)
    assert (first.right, first.regime) == (Right.CALIFORNIA_DISCLOSURE, "us-ca-shine-the-light")
    assert (second.right, second.regime) == (Right.ACCESS, "us-ca-ccpa")
    assert second.asked_with == first.reference
    assert second.received_at == first.received_at
    assert len(office.workflow.started) == 2
    verification.ask_for_proof(office.svc, first.reference, office.workflow.wait_for("proof"))
    assert second.reference in office.text(office.mails()[0])


def test_the_form_sent_twice_opens_both_once(office: Office) -> None:
    """Also when the process died between the two."""
    typed = Personal(email="kim@example.com", residence="US-CA", details=BOTH)
    first = intake.file_request(office.svc, Right.CALIFORNIA_DISCLOSURE, typed, once="form")
    del office.svc.store._requests[first.asked_with]  # type: ignore[attr-defined]
    office.svc.store._events.pop(first.asked_with)  # type: ignore[attr-defined]
    office.clock.forward(days(2))
    for _ in range(2):
        with pytest.raises(AlreadyFiled):
            intake.file_request(office.svc, Right.CALIFORNIA_DISCLOSURE, typed, once="form")
    second = office.svc.store.get(first.asked_with or "")
    assert second.received_at == first.received_at
    assert second.due_at - first.received_at < days(46)
    assert len(office.svc.store.queue()) == 2


def test_a_plain_disclosure_opens_one(office: Office) -> None:
    assert office.file("california_disclosure", residence="US-CA", details="The list, please.").asked_with is None


# More time


def test_more_time_is_taken_once_told_and_kept_from_the_page(office: Office) -> None:
    request = office.to_review("access", residence="US-CA")
    office.decide(request, "extend", explanation="Boxes from the old warehouse must be searched")
    longer = office.now(request)
    assert longer.due_at == request.due_at + days(45)
    assert longer.limit_at == request.received_at.replace(hour=5, minute=59, second=59) + days(91)
    mail = office.mails(office.customers[0]["email"])[0]
    assert "old warehouse" in office.text(mail)
    assert "45 days and 45 days more" in office.text(mail)
    view = following.tracker(office.svc, office.link("track"))
    assert "old warehouse" not in view.request.model_dump_json(exclude={"sealed"})
    assert office.svc.open(longer).extension_reason == "Boxes from the old warehouse must be searched"
    sent = len(office.mailer.sent)
    with pytest.raises(DecisionNotAllowed):
        office.decide(request, "extend", explanation="Again")
    assert office.now(request).due_at == longer.due_at
    assert len(office.mailer.sent) == sent
    assert Verdict.EXTEND not in card.card(office.svc, office.link("review")).may


def test_more_time_may_not_be_taken_after_the_first_limit(office: Office) -> None:
    request = office.to_review("access", residence="US-CA")
    office.clock.forward(days(46))
    with pytest.raises(DecisionNotAllowed):
        office.decide(request, "extend", explanation="Too late")


def test_an_appeal_takes_the_time_its_own_law_gives(office: Office) -> None:
    business = office.svc.business.model_copy(update={"binding": ("us-co", "us-va")})
    object.__setattr__(office.svc, "business", business)
    for residence, extendable in (("US-CO", True), ("US-VA", False)):
        request = office.to_review("access", residence=residence)
        office.decide(request, "refuse", ground=Ground.EXEMPT)
        office.carry_out(request)
        following.appeal(office.svc, office.link("track"), "Look again")
        appeal = office.svc.store.get(office.now(request).appealed_by or "")
        office.gather(appeal)
        office.ask_staff(appeal)
        may = card.card(office.svc, office.link("review")).may
        assert (Verdict.EXTEND in may) is extendable
        if extendable:
            office.decide(appeal, "extend", explanation="Still looking")
            assert (office.now(appeal).due_at - appeal.received_at).days in (105, 104)


# Reminders


def reminded(office: Office) -> list[str]:
    """To whom the mails went that one sweep sent."""
    before = len(office.mailer.sent)
    attention.sweep(office.svc)
    return sorted({sent.to for sent in office.mailer.sent[before:]})


def to(office: Office, request: Request, share: float) -> None:
    request = office.now(request)
    office.clock.at = request.received_at + (request.due_at - request.received_at) * share


def test_staff_hear_at_half_three_quarters_and_nine_tenths_and_each_day_after(office: Office) -> None:
    request = office.to_review("access", residence="US-CA")
    everyone = sorted([RUTH, EMMETT, DORA])
    heard = []
    for share in (0.49, 0.5, 0.6, 0.75, 0.89, 0.9, 0.99, 1.0):
        to(office, request, share)
        heard.append(bool(reminded(office)))
        assert reminded(office) == [], "once for each mark"
    assert heard == [False, True, False, True, False, True, False, False]
    for late in range(3):
        office.clock.at = office.now(request).due_at + days(late) + timedelta(minutes=1)
        assert reminded(office) == everyone
        assert reminded(office) == []
    assert "1 day late" not in office.text(office.mails()[0])
    assert "3 days late" in office.text(office.mails()[0])


def test_the_lead_hears_from_nine_tenths_on(office: Office) -> None:
    roles = {**office.svc.business.roles}
    roles["privacy_lead"] = roles["privacy_lead"].model_copy(update={"decides": ()})
    object.__setattr__(office.svc, "business", office.svc.business.model_copy(update={"roles": roles}))
    request = office.to_review("access", residence="US-CA")
    to(office, request, 0.76)
    assert reminded(office) == sorted([EMMETT, DORA])
    to(office, request, 0.91)
    assert RUTH in reminded(office)


def test_a_mark_that_passed_before_staff_were_asked_is_not_repeated(office: Office) -> None:
    request = office.file("access", residence="US-CA")
    office.clock.forward(days(24))
    office.prove(request)
    office.gather(request)
    office.ask_staff(request)
    assert reminded(office) == []


def test_reminders_follow_the_new_date_of_an_extension(office: Office) -> None:
    request = office.to_review("access", residence="US-CA")
    to(office, request, 0.91)
    assert reminded(office)
    office.decide(request, "extend", explanation="More to read")
    office.clock.forward(days(1))
    assert reminded(office) == []
    to(office, request, 0.5)
    assert reminded(office)


def test_a_reminder_that_cannot_leave_stops_no_other(office: Office) -> None:
    first = office.to_review("access", residence="US-CA")
    office.to_review("access", office.customers[1], residence="US-CA")
    to(office, first, 0.6)
    send, faults = office.mailer.send, [ServiceUnavailable("ses")]

    def sometimes(**mail: Any) -> str:
        if faults:
            raise faults.pop()
        return send(**mail)

    office.mailer.send = sometimes  # type: ignore[method-assign]
    told = attention.sweep(office.svc)
    assert (told["reminded"], told["not_reminded"]) == (1, 1)
    assert attention.sweep(office.svc)["not_reminded"] == 0


def test_when_the_machine_asks_again_by_itself_staff_hear_too(office: Office) -> None:
    request = office.to_review("access", residence="US-CA")
    office.clock.forward(days(30))
    sent = len(office.mailer.sent)
    review.ask_staff(office.svc, request.reference, office.workflow.wait_for("decision"), reminder=1)
    assert len(office.mailer.sent) > sent


def test_marks_are_named_by_the_clock_alone(office: Office) -> None:
    request = office.file("access", residence="US-CA")
    assert reminding.mark(request, request.received_at) is None
    assert reminding.mark(request, request.due_at)[0] == "90%"  # type: ignore[index]
    assert reminding.mark(request, request.due_at + days(2))[0] == "late-3"  # type: ignore[index]


# How often one may ask


def asked(office: Office, residence: str = "US-CA") -> Request:
    return office.to_review("access", residence=residence)


def test_the_third_in_twelve_months_may_be_declined(office: Office) -> None:
    first, second = asked(office), asked(office)
    assert (first.nth, second.nth) == (1, 2)
    shown = card.card(office.svc, office.link("review"))
    assert shown.over_limit is None
    assert Ground.TOO_MANY_REQUESTS not in shown.grounds
    with pytest.raises(DecisionNotAllowed):
        office.decide(second, "refuse", ground=Ground.TOO_MANY_REQUESTS)
    third = asked(office)
    shown = card.card(office.svc, office.link("review"))
    assert third.nth == 3
    assert "third in 12 months" in (shown.over_limit or "")
    assert "Civ. Code 1798.130(b)" in (shown.over_limit or "")
    office.decide(third, "refuse", ground=Ground.TOO_MANY_REQUESTS)
    assert office.carry_out(third).status is Status.REFUSED
    assert asked(office).nth == 3, "what was refused counts no longer"


def test_twelve_months_roll(office: Office) -> None:
    asked(office)
    office.clock.forward(days(200))
    asked(office)
    office.clock.forward(days(166))
    assert asked(office).nth == 2


def test_a_withdrawn_request_gives_its_turn_back(office: Office) -> None:
    asked(office)
    following.withdraw(office.svc, office.link("track"))
    assert asked(office).nth == 1


def test_a_stranger_uses_up_nobodys_turns(office: Office) -> None:
    for _ in range(4):
        office.file("access", residence="US-CA")
    assert asked(office).nth == 1


def test_a_law_that_lets_one_only_charge_lets_nobody_decline(office: Office) -> None:
    business = office.svc.business.model_copy(update={"binding": ("us-co",)})
    object.__setattr__(office.svc, "business", business)
    asked(office, "US-CO")
    second = asked(office, "US-CO")
    shown = card.card(office.svc, office.link("review"))
    assert second.nth == 2
    assert "would let you charge" in (shown.over_limit or "")
    assert Ground.TOO_MANY_REQUESTS not in shown.grounds


def test_eight_judged_at_once_take_eight_turns(office: Office) -> None:
    request = asked(office)
    numbers = at_once(8, lambda: limits.take_turn(office.svc, _another(office, request)))
    assert sorted(numbers) == list(range(2, 10))  # type: ignore[type-var]


def _another(office: Office, request: Request) -> Request:
    return request.model_copy(update={"reference": f"R-{office.svc.chance.number(40)}"})


# Proof


def test_the_proof_page_says_which_law_asks_for_the_declaration(office: Office) -> None:
    token = office.ask_for_proof(office.file("access", residence="US-CA"))
    view = verification.verify_page(office.svc, token)
    assert view.declaration
    assert view.because == "11 CCR 7062(c)"
    elsewhere = office.ask_for_proof(office.file("access", residence="US-OR"))
    assert verification.verify_page(office.svc, elsewhere).because is None


def test_a_deletion_of_sensitive_data_asks_more(office: Office) -> None:
    """11 CCR 7062(d). The data map decides, the same for everyone: a child's records are no adult's to delete."""
    plain = office.file("deletion", residence="US-CA").proof
    assert (plain.required, plain.declaration_required) == (2, False)
    map_ = office.svc.business.datamap
    fields = map_.sources["shop"].collections["accounts"].fields
    fields["condition"] = next(iter(fields.values())).model_copy(update={"category": "user.health.condition"})
    try:
        raised = office.file("deletion", residence="US-CA").proof
        elsewhere = office.file("deletion", residence="US-OR").proof
    finally:
        del fields["condition"]
    assert (raised.required, raised.declaration_required, raised.because) == (3, True, "11 CCR 7062(c), (d)")
    assert (elsewhere.required, elsewhere.because) == (2, None)


def test_the_claim_of_a_residence_never_lowers_the_floor(office: Office) -> None:
    """Rule 19: Europe's own number here is one point; the business's floor of two stands."""
    business = office.svc.business.model_copy(update={"binding": ("eu-gdpr",)})
    object.__setattr__(office.svc, "business", business)
    request = office.file("access", residence="DE")
    assert (request.regime, request.proof.required) == ("eu-gdpr", 2)


# Channels


def letter(office: Office, *, designated: bool) -> Request:
    typed = Personal(email=office.customers[0]["email"], residence="US-CA")
    on = (office.svc.now() - days(3)).astimezone(office.svc.business.zone).date()
    return intake.file_request(
        office.svc, Right.CALIFORNIA_DISCLOSURE, typed, channel=Channel.POST, received_on=on, entered_by="emmett",
        designated=designated,
    )  # fmt: skip


@pytest.mark.parametrize(("designated", "length"), [(True, 30), (False, 150)])
def test_a_letter_to_another_address_has_the_longer_clock_and_it_is_shown(
    office: Office, designated: bool, length: int
) -> None:
    request = letter(office, designated=designated)
    zone = office.svc.business.zone
    received: date = request.received_at.astimezone(zone).date()
    assert request.due_at.astimezone(zone).date() == received + days(length)
    assert ("not named for such requests" in rules.clock(request, office.svc.business)) is not designated
    assert f"{length} days" in rules.line(request, office.svc.business)


@pytest.mark.parametrize(
    ("stop", "regime"),
    [
        (["sharing"], "us-ca-ccpa"),
        (["email"], "us-marketing-opt-outs"),
        (["email", "sharing"], "us-marketing-opt-outs"),
    ],
)
def test_what_is_stopped_decides_which_law_counts_the_days(office: Office, stop: list[str], regime: str) -> None:
    assert office.file("opt_out", stop=stop, residence="US-CA").regime == regime
