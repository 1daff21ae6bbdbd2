"""Bounces and complaints: shown, told once, another way; nothing silent, nothing twice, nothing personal."""

from __future__ import annotations

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.audit import first_broken
from chalicelib.domain.request import Request
from chalicelib.domain.status import Status
from chalicelib.errors import DecisionNotAllowed, MailUncertain, ServiceUnavailable
from chalicelib.usecases import (
    correspondence,
    errands,
    feedback,
    following,
    fulfilment,
    other_way,
    posting,
    upkeep,
    verification,
)
from chalicelib.usecases.card import card
from chalicelib.usecases.errands import Errand
from chalicelib.usecases.feedback import UNPROVEN_TOLD_A_DAY
from local.feedback import event

from .conftest import Office

DAY = timedelta(days=1)


def id_of(office: Office, template: str, to: str | None = None) -> str:
    """The message id of the newest mail claimed under this template."""
    sent = [s for s in office.svc.store._sent.values() if s.mail.partition(":")[0] == template]  # type: ignore[attr-defined]
    return str(sent[-1].message_id)


def tell(office: Office, kind: str, message_id: str) -> list[str]:
    return feedback.receive(office.svc, event(kind, message_id, ["kim@example.com"]))


def told(office: Office) -> list[Any]:
    return [m for m in office.mails() if str(m["Subject"]).startswith("A mail did not arrive")]


def what(office: Office, request: Request) -> list[str]:
    return [e.what for e in office.svc.store.events(request.reference)]


def proof_asked(office: Office) -> Request:
    request = office.file("access")
    office.ask_for_proof(request)
    return request


def answered(office: Office, right: str = "access") -> Request:
    request = office.to_review(right)
    office.decide(request, "approve")
    return office.carry_out(request)


def test_a_lost_proof_mail_is_on_record_and_those_who_decide_are_told_once(office: Office) -> None:
    request = proof_asked(office)
    gone = id_of(office, "verify")
    assert [tell(office, "bounce", gone) for _ in range(3)] == [["bounced"]] * 3
    assert what(office, request) == ["received", "verifying", "mail_bounced"]
    assert first_broken(office.svc.store.events(request.reference)) is None
    assert office.now(request).status is Status.VERIFYING
    deciders = correspondence.deciders(office.svc, request)
    assert sorted(str(m["To"]) for m in told(office)) == sorted(m.email for m in deciders)
    seen = card(office.svc, office.link("review"))
    assert [u.why for u in seen.request.undelivered.values()] == ["NoEmail"]


def test_forty_deliveries_of_one_bounce_at_once_are_one_event_and_one_mail_each(office: Office) -> None:
    request = proof_asked(office)
    gone = id_of(office, "verify")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: _tried(office, gone), range(40)))
    assert what(office, request).count("mail_bounced") == 1
    assert len(told(office)) == len(correspondence.deciders(office.svc, request))


def _tried(office: Office, gone: str) -> None:
    with suppress(MailUncertain):  # another is mailing at this moment: told again, it is sent
        tell(office, "bounce", gone)


def test_the_reminder_is_not_sent_to_a_mailbox_that_is_not_there_but_links_asked_for_are(office: Office) -> None:
    request = proof_asked(office)
    email = office.customers[0]["email"]
    tell(office, "bounce", id_of(office, "verify"))
    before = len(office.mails(email))
    verification.ask_for_proof(office.svc, request.reference, "another", reminder=True)
    assert len(office.mails(email)) == before
    errands.leave(office.svc, Errand.LINKS, email)
    assert len(office.mails(email)) == before + 1
    proven = verification.verify(
        office.svc, office.link("verify", email), answers=office.customers[0]["answers"], declared=True, signature="S"
    )
    assert proven.status is Status.GATHERING
    office.gather(proven)
    office.ask_staff(proven)
    office.decide(proven, "approve")
    office.carry_out(proven)
    assert "/results/" in office.text(office.mails(email)[0])


def test_what_comes_back_for_now_is_noted_and_the_reminder_goes_out(office: Office) -> None:
    request = proof_asked(office)
    tell(office, "returned", id_of(office, "verify"))
    assert "mail_returned" in what(office, request)
    assert told(office) == []
    before = len(office.mails(office.customers[0]["email"]))
    verification.ask_for_proof(office.svc, request.reference, "another", reminder=True)
    assert len(office.mails(office.customers[0]["email"])) == before + 1


def test_a_delay_is_noted_and_worse_news_follows_it_but_better_does_not(office: Office) -> None:
    request = proof_asked(office)
    gone = id_of(office, "verify")
    for kind in ("delay", "bounce", "delay", "returned"):
        tell(office, kind, gone)
    assert what(office, request)[2:] == ["mail_delayed", "mail_bounced"]


def test_whoever_called_it_spam_before_proving_gets_nothing_more_about_it(office: Office) -> None:
    request = proof_asked(office)
    email = office.customers[0]["email"]
    tell(office, "complaint", id_of(office, "verify"))
    before = len(office.mails(email))
    verification.ask_for_proof(office.svc, request.reference, "another", reminder=True)
    verification.lapse(office.svc, request.reference)
    errands.leave(office.svc, Errand.LINKS, email)
    assert len(office.mails(email)) == before
    assert office.now(request).status is Status.LAPSED
    assert told(office)


def test_another_request_of_the_same_person_is_mailed_as_ever(office: Office) -> None:
    proof_asked(office)
    email = office.customers[0]["email"]
    tell(office, "complaint", id_of(office, "verify"))
    before = len(office.mails(email))
    proof_asked(office)
    assert len(office.mails(email)) == before + 1
    errands.leave(office.svc, Errand.LINKS, email)
    assert len(office.mails(email)) == before + 2


def test_whoever_called_a_later_mail_spam_gets_the_answer_and_nothing_else(office: Office) -> None:
    request = office.to_review("deletion")
    email = office.customers[0]["email"]
    tell(office, "complaint", id_of(office, "verify"))
    before = len(office.mails(email))
    office.decide(request, "approve")
    fulfilment.offer_undo(office.svc, request.reference)
    assert len(office.mails(email)) == before
    office.clock.at += DAY
    office.carry_out(request)
    assert len(office.mails(email)) == before + 1
    assert what(office, request)[-1] == "fulfilled"


def test_a_lost_answer_can_be_sent_again_once_a_click(office: Office) -> None:
    request = answered(office)
    email = office.customers[0]["email"]
    tell(office, "bounce", id_of(office, "answer_access"))
    token = office.link("review")
    assert card(office.svc, token).other_ways == {"mail", "post"}
    before = len(office.mails(email))
    for _ in range(3):
        other_way.send_again(office.svc, token)
    assert len(office.mails(email)) == before + 1
    assert "/results/" in office.text(office.mails(email)[0])
    tell(office, "bounce", id_of(office, "answer_access"))
    other_way.send_again(office.svc, token)
    assert len(office.mails(email)) == before + 2
    assert office.now(request).status is Status.FULFILLED


def test_a_lost_answer_can_be_posted_and_waits_in_the_queue_for_it(office: Office) -> None:
    request = answered(office)
    tell(office, "bounce", id_of(office, "answer_access"))
    sees = next(
        m for m in office.svc.business.deciders(request.right) if office.svc.business.may_see(m, posting.ADDRESS)
    )
    token = office.link("review", sees.email)
    other_way.by_post(office.svc, token)
    assert [r.reference for r in office.svc.store.queue()] == [request.reference]
    _, letter = posting.letter(office.svc, token)
    assert letter.on_file
    assert letter.enclosed
    posting.posted(office.svc, token)
    assert office.svc.store.queue() == []
    with pytest.raises(DecisionNotAllowed):
        other_way.by_post(office.svc, token)


def test_nothing_is_offered_for_an_answer_that_arrived_or_was_cleared_away(office: Office) -> None:
    request = answered(office)
    token = office.link("review")
    with pytest.raises(DecisionNotAllowed):
        other_way.send_again(office.svc, token)
    tell(office, "complaint", id_of(office, "answer_access"))
    assert card(office.svc, token).other_ways == {"post"}
    office.clock.at += 31 * DAY
    upkeep.purge_due(office.svc)
    assert office.now(request).purge_at
    assert card(office.svc, token).other_ways == frozenset()


def test_a_lost_mail_to_staff_is_told_to_the_others_and_the_loop_ends_there(office: Office) -> None:
    office.to_review("access")
    mine = office.svc.store.sent(id_of(office, "staff_review"))
    assert mine is not None
    tell(office, "bounce", mine.message_id)
    heard = {str(m["To"]) for m in told(office)}
    whose = office.svc.business.member(mine.person)
    assert whose is not None
    assert whose.name in office.text(told(office)[0])
    assert heard
    assert whose.email not in heard
    count = len(office.mails())
    tell(office, "bounce", id_of(office, "staff_undelivered"))
    assert len(office.mails()) == count


def test_a_lost_mail_to_a_recipient_is_given_to_staff(office: Office) -> None:
    answered(office, "deletion")
    lost = id_of(office, "recipient_notice")
    tell(office, "bounce", lost)
    tell(office, "bounce", lost)
    mails = [m for m in office.mails() if "our mail to them came back" in office.text(m)]
    assert mails
    assert len({str(m["To"]) for m in mails}) == len(mails)


def test_typing_addresses_that_bounce_floods_nobody(office: Office) -> None:
    filed = []
    for number in range(UNPROVEN_TOLD_A_DAY + 5):
        filed.append(office.file("access", {"email": f"nobody-{number}@example.com"}))
        office.ask_for_proof(filed[-1])
        tell(office, "bounce", id_of(office, "verify"))
    assert len(told(office)) == UNPROVEN_TOLD_A_DAY * len(correspondence.deciders(office.svc, filed[0]))
    assert all("mail_bounced" in what(office, request) for request in filed)


def test_the_customer_sees_it_on_the_tracker(office: Office) -> None:
    proof_asked(office)
    track = office.link("track")
    tell(office, "bounce", id_of(office, "verify"))
    assert "mail_bounced" in [what for _, what in following.tracker(office.svc, track).history]


def test_what_is_about_no_request_or_not_understood_is_let_go(office: Office) -> None:
    assert feedback.receive(office.svc, {}) == []
    assert (
        feedback.receive(office.svc, {"Records": [{"Sns": None}, {"Sns": {"Message": "no json"}}]}) == ["ignored"] * 2
    )
    assert tell(office, "bounce", "never-sent") == ["unknown"]
    proof_asked(office)
    gone = id_of(office, "verify")
    office.clock.at += 61 * DAY
    assert tell(office, "bounce", gone) == ["unknown"]


def test_a_store_that_is_down_lets_the_topic_tell_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    request = proof_asked(office)
    gone = id_of(office, "verify")
    office.mailer.fault = ServiceUnavailable("ses")
    with pytest.raises(ServiceUnavailable):
        tell(office, "bounce", gone)
    office.mailer.fault = None
    assert tell(office, "bounce", gone) == ["bounced"]
    assert told(office)
    assert what(office, request).count("mail_bounced") == 1


def test_nothing_personal_is_logged_or_told(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "rightsdesk")
    caplog.handler.setLevel(logging.INFO)
    logging.getLogger("rightsdesk").addHandler(caplog.handler)
    request = proof_asked(office)
    tell(office, "bounce", id_of(office, "verify"))
    email = office.customers[0]["email"]
    lines = [{**vars(record)} for record in caplog.records]
    assert any(line.get("emf", {}).get("MailTrouble") == 1 for line in lines)
    assert "kim@example.com" not in json.dumps(lines, default=str)
    assert email not in json.dumps(lines, default=str)
    assert str(request.subject_hash) not in json.dumps(lines, default=str)
    for mail in told(office):
        assert email not in mail.as_string()
