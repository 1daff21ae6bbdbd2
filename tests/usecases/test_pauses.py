"""A question of staff's stops the clock where the law lets it, and only while it is open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.request import Request, Right
from chalicelib.domain.status import Status
from chalicelib.errors import DecisionNotAllowed
from chalicelib.law import clock_for, resumed
from chalicelib.mail import rules
from chalicelib.usecases import attention, card, following, review, taking_back

from .conftest import Office


def days(count: float) -> timedelta:
    return timedelta(days=count)


def british(office: Office, right: str = "access", residence: str = "GB") -> Request:
    business = office.svc.business.model_copy(update={"binding": (*office.svc.business.binding, "uk-gdpr")})
    object.__setattr__(office.svc, "business", business)
    return office.to_review(right, residence=residence)


def paused(office: Office, right: str = "access") -> tuple[Request, str]:
    """A request whose clock stands, and the review link of who asked."""
    request = british(office, right)
    link = office.link("review")
    office.decide(request, "ask", explanation="Which of the two accounts do you mean?", pause=True)
    review.ask_customer(office.svc, request.reference, office.workflow.wait_for("reply"))
    return request, link


def test_the_days_until_the_reply_do_not_count(office: Office) -> None:
    before, _ = paused(office)
    told = " ".join(office.text(office.mails()[0]).split())
    assert "The clock stands still since" in told
    assert "UK GDPR Art. 12A" in told
    assert "stays" not in told
    office.clock.forward(days(9))
    waiting = office.now(before)
    assert waiting.days_left(office.svc.now()) == waiting.days_left(office.svc.now() - days(9)), "none pass meanwhile"
    following.reply(office.svc, office.link("track"), "The one in Leeds")
    after = office.now(before)
    assert (after.paused_at, after.paused_days) == (None, 9)
    assert after.due_at == before.due_at + days(9)
    assert (after.limit_at or after.due_at) >= after.due_at
    assert "9 days in which it stood still (UK GDPR Art. 12A)" in rules.clock(after, office.svc.business)
    assert [e.note for e in office.svc.store.events(before.reference) if e.what == "asked"] == ["ask clock_paused"]


def test_a_question_that_need_not_stop_it_lets_it_run(office: Office) -> None:
    request = british(office)
    office.decide(request, "ask", explanation="By the way, was all well with the parcel?")
    office.clock.forward(days(3))
    review.ask_customer(office.svc, request.reference, office.workflow.wait_for("reply"))
    following.reply(office.svc, office.link("track"), "Yes")
    assert (office.now(request).due_at, office.now(request).paused_days) == (request.due_at, 0)


@pytest.mark.parametrize("residence", ["US-CA", "US-OR", "FR"])
def test_elsewhere_no_question_stops_it(office: Office, residence: str) -> None:
    """11 CCR 7021(b): verification stops nothing, nor does a question."""
    request = british(office, residence=residence)
    assert card.card(office.svc, office.link("review")).pause is None
    with pytest.raises(DecisionNotAllowed):
        office.decide(request, "ask", explanation="Which one?", pause=True)
    assert office.now(request).status is Status.IN_REVIEW


def test_before_the_laws_day_nothing_stops_it(office: Office) -> None:
    office.clock.at = datetime(2026, 1, 20, 12, tzinfo=UTC)
    british(office)
    assert card.card(office.svc, office.link("review")).pause is None


def test_an_approval_stops_no_clock(office: Office) -> None:
    request = british(office)
    with pytest.raises(DecisionNotAllowed):
        office.decide(request, "approve", pause=True)


def test_without_a_reply_the_clock_runs_again_from_the_day_staff_get_it_back(office: Office) -> None:
    request, _ = paused(office)
    office.clock.forward(days(14))
    review.no_reply(office.svc, request.reference)
    after = office.now(request)
    assert (after.reason, after.paused_at, after.due_at) == ("no_reply", None, request.due_at + days(14))


def test_a_question_taken_back_stopped_nothing(office: Office) -> None:
    request, link = paused(office)
    office.clock.forward(days(5))
    taking_back.take_back(office.svc, link)
    assert (office.now(request).due_at, office.now(request).paused_at) == (request.due_at, None)


def test_that_was_not_me_starts_it_again(office: Office) -> None:
    request, _ = paused(office)
    office.clock.forward(days(5))
    following.not_me(office.svc, office.link("track"))
    frozen = office.now(request)
    assert (frozen.status, frozen.paused_at, frozen.due_at) == (Status.FROZEN, None, request.due_at + days(5))


def test_two_pauses_add_up_and_an_extension_runs_on_top(office: Office) -> None:
    request, _ = paused(office, "deletion")
    office.clock.forward(days(2))
    following.reply(office.svc, office.link("track"), "The one in Leeds")
    office.ask_staff(office.now(request))
    office.decide(request, "extend", explanation="Much to read")
    extended = office.now(request)
    office.decide(request, "ask", explanation="And the old one?", pause=True)
    office.clock.forward(days(3))
    review.ask_customer(office.svc, request.reference, office.workflow.wait_for("reply"))
    following.reply(office.svc, office.link("track"), "Yes, that too")
    after = office.now(request)
    assert (after.paused_days, after.due_at) == (5, extended.due_at + days(3))
    assert rules.rules(after, office.svc.business).aim == after.due_at


def test_reminders_to_staff_wait_with_the_clock(office: Office) -> None:
    request, _ = paused(office)
    office.clock.forward(days(13))
    sent = len(office.mailer.sent)
    attention.sweep(office.svc)
    staff = [s.to for s in office.mailer.sent[sent:] if s.to != office.customers[0]["email"]]
    assert staff == []
    assert office.now(request).paused_at


@given(asked=st.integers(0, 25), waited=st.integers(0, 40))
def test_a_pause_never_shortens_a_clock_and_the_aim_never_passes_the_limit(asked: int, waited: int) -> None:
    received = datetime(2026, 11, 20, 12, tzinfo=UTC)
    zone = ZoneInfo("Europe/London")
    clock = clock_for("uk-gdpr", Right.ACCESS, received, zone)
    request = Request(
        reference="R-0000-0000", right=Right.ACCESS, regime="uk-gdpr", received_at=received, due_at=clock.target,
        limit_at=clock.limit, policy_version="1", paused_at=received + days(asked),
    )  # fmt: skip
    after = resumed(request, zone, received + days(asked + waited))
    assert after["due_at"] == clock.target + days(waited)
    assert after["limit_at"] >= max(after["due_at"], clock.limit)
