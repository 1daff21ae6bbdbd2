"""Others on one's behalf: an agent, a parent, staff for a caller; who filed, for whom, on what proof."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.decision import Ground, Verdict
from chalicelib.domain.identity import Identifier
from chalicelib.domain.request import Channel, Personal, Relationship, Request, Right
from chalicelib.domain.status import Status
from chalicelib.domain.verification import Noted
from chalicelib.errors import DecisionNotAllowed, InvalidRequest, LinkInvalid, LinkMissing
from chalicelib.links import Purpose, mint
from chalicelib.usecases import (
    answering,
    attention,
    card,
    consent,
    errands,
    following,
    gathering,
    intake,
    posting,
    staffroom,
    upkeep,
    verification,
)
from chalicelib.usecases.errands import Errand

from .conftest import BASE, Office
from .test_rights import session, signed_in

AGENT = "harper.agent@example.com"
DECIDER = "ruth.calderwood@example.com"


def by_agent(office: Office, right: str = "access", **personal: Any) -> Request:
    who = office.customers[0]
    typed = Personal(
        **{"email": AGENT, "name": "Harper Agent", "subject_email": who["email"], "subject_name": who["name"],
           "residence": "US-CA", **personal}
    )  # fmt: skip
    return intake.file_request(office.svc, Right(right), typed, relationship=Relationship.AGENT)


def agent_proven(office: Office, right: str = "access", **personal: Any) -> Request:
    request = by_agent(office, right, **personal)
    token = office.ask_for_proof(request)
    return verification.verify(office.svc, token, answers={}, declared=False)


def agreed(office: Office, request: Request, **more: Any) -> Request:
    link = office.link("consent", office.customers[0]["email"])
    given = {"answers": office.customers[0]["answers"], "declared": True, "signature": "Signed", **more}
    return consent.agree(office.svc, link, **given)


def to_review(office: Office, request: Request) -> Request:
    office.gather(request)
    office.ask_staff(request)
    return office.now(request)


def test_until_the_subject_agrees_nothing_is_gathered_whatever_the_agent_answers(office: Office) -> None:
    request = by_agent(office)
    token = office.ask_for_proof(request)
    assert verification.verify_page(office.svc, token).questions == [], "wrong answers would count against the subject"
    victim = office.customers[0]["answers"]
    waiting = verification.verify(office.svc, token, answers=victim, declared=True, signature="x")
    assert (waiting.status, waiting.reason) == (Status.VERIFYING, "awaiting_consent")
    personal = office.svc.open(waiting)
    assert personal.answers == {}
    assert all(gathering.reach(office.svc, waiting, personal, source) == [] for source in office.svc.sources)
    assert not waiting.proof.suffices


def test_the_consent_mail_says_nothing_that_the_agent_typed(office: Office) -> None:
    agent_proven(office, name="Evil Corp", details="click evil.example")
    [mail] = [m for m in office.mails(office.customers[0]["email"]) if "act for you" in str(m["Subject"])]
    for typed in ("Evil Corp", "evil.example", AGENT, office.customers[0]["name"]):
        assert typed not in office.text(mail) + str(mail["Subject"])


def test_the_subject_hears_nothing_before_the_agents_mailbox_is_proven(office: Office) -> None:
    office.ask_for_proof(by_agent(office))
    assert not office.mails(office.customers[0]["email"])


def test_with_the_subjects_yes_the_subjects_data_goes_to_the_subject(office: Office) -> None:
    request = agent_proven(office)
    done = agreed(office, request)
    assert done.status is Status.GATHERING
    reviewed = to_review(office, request)
    assert reviewed.proof.suffices
    office.decide(request, "approve")
    ended = office.carry_out(request)
    assert ended.status is Status.FULFILLED
    assert office.link("results", office.customers[0]["email"])
    with pytest.raises(AssertionError):
        office.link("results", AGENT)


def test_with_the_subjects_word_the_answer_goes_to_the_agent(office: Office) -> None:
    request = agent_proven(office)
    agreed(office, request, to_agent=True)
    to_review(office, request)
    office.decide(request, "approve")
    office.carry_out(request)
    assert office.link("results", AGENT)
    with pytest.raises(AssertionError):
        office.link("results", office.customers[0]["email"])


def test_nobodys_other_link_gives_the_consent(office: Office) -> None:
    request = by_agent(office)
    verify = office.ask_for_proof(request)
    verification.verify(office.svc, verify, answers={})
    for purpose in (verify, office.link("track", AGENT), office.link("track", office.customers[0]["email"])):
        with pytest.raises(LinkInvalid):
            consent.agree(office.svc, purpose, answers={})
    with pytest.raises(LinkMissing):
        consent.agree(office.svc, "made-up-token", answers={})
    with pytest.raises(AssertionError):
        office.link("consent", AGENT)
    assert office.now(request).proof.awaits_consent


def test_the_consent_of_one_request_is_not_that_of_another(office: Office) -> None:
    first, second = agent_proven(office), agent_proven(office, "deletion")
    agreed(office, second)
    assert office.now(first).proof.awaits_consent
    assert not office.now(second).proof.awaits_consent


def test_a_no_freezes_and_a_yes_after_it_does_nothing(office: Office) -> None:
    request = agent_proven(office)
    token = office.link("consent", office.customers[0]["email"])
    assert consent.say_no(office.svc, token).status is Status.FROZEN
    with pytest.raises(LinkMissing):
        consent.agree(office.svc, token, answers=office.customers[0]["answers"])
    assert office.now(request).status is Status.FROZEN
    assert "not agreed" in office.text(office.mails(AGENT)[0])
    office.ask_staff(request)
    with pytest.raises(DecisionNotAllowed):
        office.decide(request, "approve")
    with pytest.raises(DecisionNotAllowed):
        consent.note_power(office.svc, office.link("review", DECIDER))
    office.decide(request, "refuse", ground=Ground.SUSPECTED_FRAUD)
    answering.send_answer(office.svc, request.reference)
    assert office.now(request).status is Status.REFUSED
    assert "fraud" not in str(office.mails(office.customers[0]["email"])[0]["Subject"])


def test_not_me_from_the_subjects_tracker_is_a_no(office: Office) -> None:
    request = agent_proven(office)
    following.not_me(office.svc, office.link("track", office.customers[0]["email"]))
    assert (office.now(request).status, office.now(request).reason) == (Status.FROZEN, "no_consent")
    assert "not agreed" in office.text(office.mails(AGENT)[0])


def test_an_appeal_without_consent_asks_the_subject_again_and_looks_nothing_up(office: Office) -> None:
    request = agent_proven(office)
    consent.say_no(office.svc, office.link("consent", office.customers[0]["email"]))
    office.ask_staff(request)
    office.decide(request, "refuse", ground=Ground.INSUFFICIENT_VERIFICATION)
    answering.send_answer(office.svc, request.reference)
    following.appeal(office.svc, office.link("track", AGENT), "They did ask me.")
    linked = office.svc.store.get(str(office.now(request).appealed_by))
    assert office.workflow.started[linked.execution]["start"] == "proof"
    verification.ask_for_proof(office.svc, linked.reference, office.workflow.wait_for("proof"))
    assert office.link("consent", office.customers[0]["email"])
    assert office.now(linked).reason == "awaiting_consent"


def test_a_second_click_and_the_reminder_ask_the_subject_once_each(office: Office) -> None:
    request = by_agent(office)
    token = office.ask_for_proof(request)
    for _ in range(3):
        verification.verify(office.svc, token, answers={})
    asked = [m for m in office.mails(office.customers[0]["email"]) if "act for you" in str(m["Subject"])]
    assert len(asked) == 1
    verification.ask_for_proof(office.svc, request.reference, office.workflow.wait_for("proof"), reminder=True)
    asked = [m for m in office.mails(office.customers[0]["email"]) if "act for you" in str(m["Subject"])]
    assert len(asked) == 2
    assert "Reminder" in str(asked[0]["Subject"])


def test_the_consent_page_names_the_agent_only_after_a_post_on_record(office: Office) -> None:
    request = agent_proven(office)
    token = office.link("consent", office.customers[0]["email"])
    assert AGENT not in str(consent.consent_page(office.svc, token))
    _, asker = consent.reveal(office.svc, token)
    assert (asker.email, asker.name) == (AGENT, "Harper Agent")
    assert [(e.what, e.by) for e in office.svc.store.events(request.reference)][-1] == ("viewed", "subject")


def test_an_agents_opt_out_acts_at_once_for_the_subject_and_not_for_the_agent(office: Office) -> None:
    request = by_agent(office, "opt_out", stop=["email"])
    stops = {who: office.svc.store.suppressions(office.svc.hash(Identifier.of("email", who)))
             for who in (AGENT, office.customers[0]["email"])}  # fmt: skip
    assert not stops[AGENT]
    assert [s.scope for s in stops[office.customers[0]["email"]]] == ["email"]
    assert request.proof.consent is None
    assert office.carry_out(request).status is Status.FULFILLED


def test_an_agents_own_account_does_not_vouch_for_the_subject(office: Office) -> None:
    agent, subject = office.customers[1], office.customers[0]
    typed = Personal(email=agent["email"], subject_email=subject["email"], subject_name=subject["name"])
    request = intake.file_request(
        office.svc, Right.ACCESS, typed, relationship=Relationship.AGENT,
        member_token=signed_in(office, email=agent["email"]),
    )  # fmt: skip
    assert not request.proof.account
    assert office.workflow.started[request.execution]["start"] == "proof"


@pytest.mark.parametrize("missing", ["subject_name", "subject_email"])
def test_an_agent_says_for_whom(office: Office, missing: str) -> None:
    with pytest.raises(InvalidRequest) as fault:
        by_agent(office, **{missing: None})
    assert list(fault.value.fields) == [missing]


def test_a_power_of_attorney_on_paper_stands_for_the_consent(office: Office) -> None:
    request = agent_proven(office)
    token = staffroom.open_review(office.svc, session(office), request.reference)
    assert card.card(office.svc, token).may_note_power
    consent.note_power(office.svc, token)
    noted = office.now(request)
    assert (noted.status, noted.proof.noted) == (Status.GATHERING, Noted.POWER_OF_ATTORNEY)
    event = office.svc.store.events(request.reference)[-1]
    assert (event.note, event.by) == ("power_of_attorney", f"staff:{noted.proof.noted_by}")
    assert to_review(office, request).proof.suffices
    office.decide(request, "approve")
    office.carry_out(request)
    assert office.link("results", AGENT)


def test_a_power_noted_first_still_wants_the_agents_mailbox(office: Office) -> None:
    request = by_agent(office)
    verify = office.ask_for_proof(request)
    consent.note_power(office.svc, staffroom.open_review(office.svc, session(office), request.reference))
    assert office.now(request).status is Status.VERIFYING
    assert verification.verify(office.svc, verify, answers={}).status is Status.GATHERING
    assert office.svc.open(office.now(request)).proven_email == office.customers[0]["email"]


def test_a_power_is_noted_for_agents_only(office: Office) -> None:
    request = office.file("access")
    office.ask_for_proof(request)
    token = staffroom.open_review(office.svc, session(office), request.reference)
    assert not card.card(office.svc, token).may_note_power
    with pytest.raises(DecisionNotAllowed):
        consent.note_power(office.svc, token)


def test_both_find_their_request_by_send_me_my_links(office: Office) -> None:
    request = agent_proven(office)
    for address in (AGENT, office.customers[0]["email"]):
        errands.leave(office.svc, Errand.LINKS, address)
        assert request.reference in office.text(office.mails(address)[0])


def links_mailed(office: Office, address: str) -> set[str]:
    errands.leave(office.svc, Errand.LINKS, address)
    return set(re.findall(rf"{BASE}/(\w+)/", office.text(office.mails(address)[0])))


def test_neither_of_the_two_is_sent_the_others_links(office: Office) -> None:
    """An agent never gets the package, or a consent, by asking for lost links; the subject never proves the agent."""
    subject = office.customers[0]["email"]
    request = by_agent(office)
    token = office.ask_for_proof(request)
    assert (links_mailed(office, AGENT), links_mailed(office, subject)) == ({"verify", "track"}, {"track"})
    verification.verify(office.svc, token, answers={})
    assert (links_mailed(office, AGENT), links_mailed(office, subject)) == ({"track"}, {"consent", "track"})
    consent.agree(
        office.svc, office.link("consent", subject), answers=office.customers[0]["answers"], declared=True,
        signature="Signed",
    )  # fmt: skip
    to_review(office, request)
    office.decide(request, "approve")
    office.carry_out(request)
    assert (links_mailed(office, AGENT), links_mailed(office, subject)) == ({"track"}, {"results", "track"})


def test_a_purged_agents_request_is_found_by_nobody(office: Office) -> None:
    request = office.now(by_agent(office))
    office.svc.store.delete(request.reference)
    assert [office.svc.store.of_subject(hashed) for hashed in request.indexed] == [[], []]
    assert len(request.indexed) == 2


def parents(office: Office, name: str | None, right: str = "access") -> Request:
    who = office.customers[4]
    typed = Personal(email=who["email"], subject_name=name, residence="US-TX")
    request = intake.file_request(office.svc, Right(right), typed, relationship=Relationship.PARENT)
    office.prove(request, who)
    office.gather(request)
    office.ask_staff(request)
    return office.now(request)


def child(office: Office) -> dict[str, Any]:
    return next(c for c in office.tables["loyalty.children"] if c["parent_email"] == office.customers[4]["email"])


def test_a_parent_sees_only_the_childs(office: Office) -> None:
    request = parents(office, child(office)["child_name"])
    assert (request.status, request.regime) == (Status.IN_REVIEW, "us-coppa")
    shown = card.card(office.svc, office.link("review"))
    assert {line.collection for line in shown.plan.collections if line.found} == {"children"}
    assert child(office)["child_name"] not in str(shown.history) + request.model_dump_json(exclude={"sealed"})
    _, revealed = card.reveal(office.svc, office.link("review", DECIDER))
    assert revealed.personal.subject_name == child(office)["child_name"]


def test_a_parent_of_a_child_not_on_file_is_told_so(office: Office) -> None:
    request = parents(office, "Nobody-Of-This-Name")
    office.carry_out(request)
    text = office.text(office.mails(office.customers[4]["email"])[0])
    assert "no child of the name you gave" in text
    assert "we hold nothing" not in text


def test_a_parent_names_the_child(office: Office) -> None:
    with pytest.raises(InvalidRequest) as fault:
        parents(office, None)
    assert list(fault.value.fields) == ["subject_name"]


def test_a_parents_request_is_never_automatic(office: Office) -> None:
    automatic = office.svc.business.rights[Right.ACCESS].model_copy(update={"review": "automatic"})
    office.svc.business.rights[Right.ACCESS] = automatic
    assert parents(office, child(office)["child_name"]).status is Status.IN_REVIEW


# A caller, a letter


def on_file(office: Office) -> dict[str, Any]:
    return next(a for a in office.tables["shop.accounts"] if a["email"] == office.customers[0]["email"])


def called(office: Office, right: str = "access", **changes: Any) -> Request:
    account = on_file(office)
    given = {
        "name": office.customers[0]["name"], "residence": "US-CA", "identifier": account["customer_number"],
        "identifier_kind": "customer_number",
        "postal_address": f"{account['street']}\n{account['city']}, {account['state']} {account['postcode']}",
        **changes,
    }  # fmt: skip
    noted = given.pop("noted", Noted.CALLED_BACK)
    return staffroom.file_for(
        office.svc, session(office), Right(right), Personal(**given), channel=Channel.PHONE, noted=noted,
        received_on=office.clock.now().date(),
    )  # fmt: skip


def test_a_caller_without_email_is_answered_by_post(office: Office) -> None:
    request = called(office)
    assert office.workflow.started[request.execution]["start"] == "gather"
    to_review(office, request)
    assert Verdict.ASK not in card.card(office.svc, office.link("review")).may
    office.decide(request, "approve")
    ended = office.carry_out(request)
    assert (ended.status, ended.to_post) == (Status.FULFILLED, True)
    assert {str(m["To"]) for m in office.mails()} <= {m.email for m in office.svc.business.staff}
    assert [r.reference for r in office.svc.store.queue()] == [request.reference]
    assert attention.sweep(office.svc)["signalled"] == 0

    token, account = office.link("review", DECIDER), on_file(office)
    _, letter = posting.letter(office.svc, token)
    assert letter.address[1] == account["street"]
    assert account["postcode"] in letter.address[2]
    assert letter.on_file
    assert not letter.differs
    assert letter.enclosed
    assert "what we hold about you" in letter.text
    assert "http" not in letter.text
    page = posting.package(office.svc, token)
    assert account["customer_number"] in page
    assert [e.what for e in office.svc.store.events(request.reference)][-2:] == ["printed", "printed"]

    posting.posted(office.svc, token)
    posting.posted(office.svc, token)
    assert not office.now(request).to_post
    assert office.svc.store.queue() == []
    assert [e.what for e in office.svc.store.events(request.reference)].count("posted") == 1


def test_the_answer_goes_to_the_address_on_file_and_not_to_the_one_given(office: Office) -> None:
    request = called(office, postal_address="1 Thief Lane\nNowhere, NV 89501")
    to_review(office, request)
    office.decide(request, "approve")
    office.carry_out(request)
    _, letter = posting.letter(office.svc, office.link("review", DECIDER))
    assert letter.differs
    assert "Thief" not in str(letter.address)
    assert letter.address[1] == on_file(office)["street"]


def test_a_refusal_is_printed_too(office: Office) -> None:
    request = called(office, "deletion")
    to_review(office, request)
    office.decide(request, "refuse", ground=Ground.SUSPECTED_FRAUD)
    answering.send_answer(office.svc, request.reference)
    _, letter = posting.letter(office.svc, office.link("review", DECIDER))
    assert office.now(request).to_post
    assert "not made by the person" in letter.text
    assert not letter.enclosed


def test_what_was_left_out_is_printed_too_and_not_enclosed(office: Office) -> None:
    request = called(office)
    to_review(office, request)
    left = {"leave": ("shop.reviews",), "ground": Ground.EXEMPT, "explanation": "A dispute about these is open."}
    office.decide(request, "approve", **left)
    ended = office.carry_out(request)
    assert (ended.status, ended.to_post) == (Status.PARTLY_FULFILLED, True)
    token = office.link("review", DECIDER)
    _, letter = posting.letter(office.svc, token)
    title = office.svc.business.titles()["shop", "reviews"]
    assert f"We left out:\n\n- {title}: 1" in letter.text
    assert left["explanation"] in letter.text
    assert "To appeal, write to us or call us." in letter.text
    assert title not in posting.package(office.svc, token)


def test_more_time_is_told_by_a_letter_too(office: Office) -> None:
    request = called(office)
    to_review(office, request)
    office.decide(request, "extend", explanation="Boxes from the old warehouse must be searched")
    token = office.link("review", DECIDER)
    _, letter = posting.letter(office.svc, token)
    assert "old warehouse" in letter.text
    assert "We need more time" in letter.text
    assert not letter.enclosed
    assert "http" not in letter.text
    with pytest.raises(DecisionNotAllowed):
        posting.package(office.svc, token)
    posting.posted(office.svc, token)
    assert not office.now(request).to_post
    with pytest.raises(DecisionNotAllowed):
        posting.letter(office.svc, token)
    office.decide(request, "approve")
    assert office.carry_out(request).to_post, "and the answer is a letter of its own"


def refused_by_post(office: Office) -> Request:
    request = called(office)
    to_review(office, request)
    office.decide(request, "refuse", ground=Ground.EXEMPT)
    answering.send_answer(office.svc, request.reference)
    return office.now(request)


def test_who_has_no_email_appeals_by_letter_or_call(office: Office) -> None:
    request = refused_by_post(office)
    token = office.link("review", DECIDER)
    _, letter = posting.letter(office.svc, token)
    assert "To appeal, write to us or call us." in letter.text
    assert "page of your request" not in letter.text
    office.clock.forward(timedelta(days=6))
    came = (office.clock.now() - timedelta(days=2)).astimezone(office.svc.business.zone).date()
    assert card.card(office.svc, token).may_appeal
    for _ in range(2):
        posting.appeal_for(office.svc, token, "Look again, please", received_on=came)
    appeal = office.svc.store.get(office.now(request).appealed_by or "")
    assert (appeal.by_post, appeal.entered_by, appeal.not_staff) == (True, "ruth", office.now(request).decision.by)  # type: ignore[union-attr]
    assert appeal.received_at.astimezone(office.svc.business.zone).date() == came
    assert not card.card(office.svc, token).may_appeal
    assert len([r for r in office.svc.store.queue() if r.appeal_of]) == 1
    office.gather(appeal)
    office.ask_staff(appeal)
    office.decide(appeal, "approve")
    assert office.carry_out(appeal).to_post


@pytest.mark.parametrize("ahead", [1, -60])
def test_the_day_of_an_appeal_is_bounded(office: Office, ahead: int) -> None:
    request = refused_by_post(office)
    with pytest.raises(InvalidRequest):
        posting.appeal_for(
            office.svc, office.link("review"), "Again", received_on=(office.clock.now() + timedelta(days=ahead)).date()
        )
    assert office.now(request).appealed_by is None


def test_staff_appeal_for_nobody_who_can_do_it_themselves(office: Office) -> None:
    request = office.to_review("access")
    office.decide(request, "refuse", ground=Ground.EXEMPT)
    answering.send_answer(office.svc, request.reference)
    with pytest.raises(DecisionNotAllowed):
        posting.appeal_for(office.svc, office.link("review"), "Again", received_on=office.clock.now().date())


def test_a_letter_that_waits_is_neither_settled_nor_purged_until_it_is_posted(office: Office) -> None:
    request = called(office)
    to_review(office, request)
    office.decide(request, "approve")
    office.carry_out(request)
    token = office.link("review", DECIDER)
    office.clock.forward(timedelta(days=60))
    assert upkeep.purge_due(office.svc) == {"settled": 0, "purged": 0, "reminded": 0, "failed": 0}
    assert posting.letter(office.svc, token)[1].enclosed
    posting.posted(office.svc, token)
    assert upkeep.purge_due(office.svc)["settled"] == 1


def test_nothing_held_may_go_to_the_address_given(office: Office) -> None:
    request = called(office, identifier="999999999")
    office.gather(request)
    office.ask_staff(request)
    office.carry_out(request)
    token = staffroom.open_review(office.svc, session(office), request.reference)
    _, letter = posting.letter(office.svc, token)
    assert not letter.on_file
    assert "Under this number we hold nothing" in letter.text


def test_a_letter_is_printed_after_the_end_by_a_role_that_sees_addresses(office: Office) -> None:
    request = called(office)
    to_review(office, request)
    with pytest.raises(DecisionNotAllowed, match="goes by post"):
        posting.letter(office.svc, office.link("review", DECIDER))
    office.decide(request, "approve")
    office.carry_out(request)
    blind = next(m for m in office.svc.business.staff if not office.svc.business.may_see(m, posting.ADDRESS))
    token = office.svc.chance.token()
    office.svc.store.put_links([mint(token, Purpose.REVIEW, blind.id, request.reference, office.clock.now())])
    with pytest.raises(DecisionNotAllowed, match="role"):
        posting.letter(office.svc, token)


def test_pru_6_what_a_role_does_not_see_it_does_not_print(office: Office) -> None:
    request = called(office)
    to_review(office, request)
    office.decide(request, "approve")
    office.carry_out(request)
    support = next(m for m in office.svc.business.staff if m.id == "emmett")
    assert office.svc.business.may_see(support, posting.ADDRESS)
    assert not office.svc.business.may_see(support, "user.payment")
    errands.leave(office.svc, Errand.SIGN_IN, support.email)
    theirs = staffroom.sign_in(office.svc, office.link("staff/sign-in", support.email))
    token = staffroom.open_review(office.svc, theirs, request.reference)
    assert posting.letter(office.svc, token)[1].enclosed
    with pytest.raises(DecisionNotAllowed, match="somebody else"):
        posting.package(office.svc, token)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"noted": None}, "noted"), ({"identifier": None}, "identifier"), ({"postal_address": None}, "postal_address"),
        ({"identifier_kind": "cookie"}, "identifier_kind"),
    ],
)  # fmt: skip
def test_what_a_request_without_email_needs(office: Office, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as fault:
        called(office, **changes)
    assert field in fault.value.fields


def test_a_typed_identifier_selects_nothing_unless_staff_noted_it_for_one_without_email(office: Office) -> None:
    other = office.tables["shop.accounts"][200]
    request = called(
        office, email=office.customers[0]["email"], identifier=other["customer_number"], noted=Noted.CALLED_BACK
    )
    assert not request.by_post
    assert request.proof.noted_by is None
    assert office.workflow.started[request.execution]["start"] == "proof"


def test_who_filed_for_whom_and_on_what_proof_is_recorded_and_names_nobody(office: Office) -> None:
    request = office.now(called(office))
    assert (
        request.entered_by
        == request.proof.noted_by
        == next(m.id for m in office.svc.business.staff if m.email == DECIDER)
    )
    assert request.proof.noted is Noted.CALLED_BACK
    stored = request.model_dump_json(exclude={"sealed"})
    assert on_file(office)["customer_number"] not in stored
    assert on_file(office)["street"] not in stored
