"""What is easily lost when something happens a second time, in another order, or only in part."""

from __future__ import annotations

import zlib
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryPackageStore
from chalicelib.domain.decision import Ground, Verdict
from chalicelib.domain.identity import Identifier
from chalicelib.domain.plan import Doing, OutcomeState
from chalicelib.domain.request import Personal, Relationship, Request, Right, advance
from chalicelib.domain.status import Status
from chalicelib.errors import LinkMissing, MailRejected, MailUncertain, PlanDrifted, RequestFrozen, ServiceUnavailable
from chalicelib.law import appeal_clock
from chalicelib.usecases import (
    answering,
    attention,
    card,
    correspondence,
    errands,
    extending,
    following,
    fulfilment,
    gathering,
    intake,
    recipients,
    results,
    road,
    verification,
)
from chalicelib.usecases.errands import Errand

from .conftest import Office
from .test_rights import signed_in


def stop_at(office: Office, request: Request, error: str) -> str:
    wait = office.workflow.wait_for("attention")
    attention.need_attention(office.svc, request.reference, wait, error)
    return wait


def account(office: Office) -> dict[str, Any]:
    return next(a for a in office.tables["shop.accounts"] if a["email"] == office.customers[0]["email"])


def subjects(office: Office, word: str) -> list[str]:
    return [str(m["Subject"]) for m in office.mails() if word in str(m["Subject"])]


def test_a_signed_in_members_concern_reaches_staff_though_no_source_is_searched(office: Office) -> None:
    typed = Personal(email=office.customers[0]["email"], details="Why?")
    request = intake.file_request(office.svc, Right.CONCERN, typed, member_token=signed_in(office))
    assert office.workflow.started[request.execution]["sources"] == []
    office.ask_staff(request)
    assert office.now(request).status is Status.IN_REVIEW


def test_an_appeal_rests_on_the_proof_that_was_given(office: Office) -> None:
    request = office.to_review("deletion")
    office.decide(request, "refuse", ground=Ground.EXEMPT)
    answering.send_answer(office.svc, request.reference)
    view = following.appeal(office.svc, office.link("track"), "Please look again.")
    linked = office.svc.store.get(view.request.appealed_by or "")
    office.gather(linked)
    office.ask_staff(linked)
    assert office.now(linked).proof.suffices
    assert Verdict.APPROVE in card.card(office.svc, office.link("review")).may


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


def test_what_was_erased_before_is_not_said_never_to_have_been_held(office: Office) -> None:
    request = office.file("deletion", office.customers[3])
    office.prove(request, office.customers[3])
    *known, unread = reversed(list(office.svc.sources))
    for source in known:
        gathering.gather_source(office.svc, request.reference, source)
    gathering.note_failed_source(office.svc, request.reference, unread, "SourceUnavailable")
    office.svc.store.commit(*advance(office.now(request), Status.IN_REVIEW, office.clock.now()))
    found = {o.source: o for o in office.svc.store.outcomes(request.reference)}
    erased = found[known[0]].model_copy(update={"done": {"readers": {Doing.DELETE: 1}}})
    office.svc.store.put_outcome(erased)
    office.svc.store.commit(*advance(office.now(request), Status.GATHERING, office.clock.now()))
    for tables in office.tables.values():
        tables.clear()
    office.gather(request)
    office.ask_staff(request)
    assert office.now(request).reason != "nothing_held"


def test_the_sweep_passes_by_what_waits_for_attention(office: Office) -> None:
    request = office.file("access")
    office.prove(request)
    stop_at(office, request, "Boom")
    attention.sweep(office.svc)


def test_the_sweep_starts_a_second_road_that_was_never_started(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    request = office.to_review("deletion")
    office.decide(request, "approve")
    fulfilment.begin(office.svc, request.reference)
    broken, *others = office.svc.sources
    fulfilment.note_unfulfilled_source(office.svc, request.reference, broken, "SourceUnavailable")
    for source in others:
        fulfilment.fulfil_source(office.svc, request.reference, source)
    answering.send_answer(office.svc, request.reference)

    def down(name: str, data: object) -> None:
        raise ServiceUnavailable("states")

    with monkeypatch.context() as broken_states:
        broken_states.setattr(office.workflow, "start", down)
        with pytest.raises(ServiceUnavailable):
            attention.try_again(office.svc, office.link("review"))
    attention.sweep(office.svc)
    assert office.workflow.started[f"{request.reference}-2"]["start"] == "fulfil"


def test_an_appeal_is_not_lost_between_two_writes(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    request = office.to_review("deletion")
    office.decide(request, "refuse", ground=Ground.EXEMPT)
    answering.send_answer(office.svc, request.reference)
    track = office.link("track")

    def down(*_: object) -> None:
        raise ServiceUnavailable("aws")

    for port, call in ((office.svc.vault, "begin"), (office.workflow, "start")):
        with monkeypatch.context() as broken:
            broken.setattr(port, call, down)
            with pytest.raises(ServiceUnavailable):
                following.appeal(office.svc, track, "Please look again.")
    view = following.appeal(office.svc, track, "Please look again.")
    assert office.svc.store.get(view.request.appealed_by or "").appeal_of == request.reference
    assert len(office.svc.store.queue()) == 1


def test_a_member_page_vouches_for_no_other_address(office: Office) -> None:
    typed = Personal(email=office.customers[0]["email"], subject_name="Other", subject_email="other@example.com")
    request = intake.file_request(
        office.svc, Right.ACCESS, typed, relationship=Relationship.AGENT, member_token=signed_in(office)
    )
    assert not request.proof.account
    assert office.svc.open(request).proven_email is None
    assert road.first_stage(request) == "proof", "an agent's sign-in is not the subject's"


def test_a_deletion_approved_again_offers_to_undo_it_again(office: Office) -> None:
    request = office.to_review("deletion")
    office.decide(request, "approve")
    fulfilment.offer_undo(office.svc, request.reference)
    account(office)["city"] = "Elsewhere"
    fulfilment.begin(office.svc, request.reference)
    for source in office.svc.sources:
        fulfilment.fulfil_source(office.svc, request.reference, source)
    with pytest.raises(PlanDrifted):
        answering.send_answer(office.svc, request.reference)
    office.gather(request)
    office.ask_staff(request)
    office.clock.forward(timedelta(days=1))
    office.decide(request, "approve")
    for _ in range(2):
        fulfilment.offer_undo(office.svc, request.reference)
    assert len(subjects(office, "change your mind")) == 2


def test_a_mail_sent_again_is_the_only_one_sent_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    request = office.to_review("deletion")
    office.decide(request, "approve")
    fulfilment.begin(office.svc, request.reference)
    for source in office.svc.sources:
        fulfilment.fulfil_source(office.svc, request.reference, source)
    recipients.tell(office.svc, request.reference)
    told = len(subjects(office, "Please act"))
    office.mailer.fault = MailUncertain("timeout")
    with pytest.raises(MailUncertain):
        answering.send_answer(office.svc, request.reference)
    office.mailer.fault = None
    stop_at(office, request, "MailUncertain")
    attention.try_again(office.svc, office.link("review"))
    recipients.tell(office.svc, request.reference)
    answering.send_answer(office.svc, request.reference)
    assert office.now(request).status is Status.FULFILLED
    assert len(subjects(office, "Please act")) == told > 0


def test_a_second_road_asks_no_recipient_twice(office: Office) -> None:
    request = office.to_review("deletion")
    office.decide(request, "approve")
    fulfilment.begin(office.svc, request.reference)
    broken, *others = office.svc.sources
    for source in others:
        fulfilment.fulfil_source(office.svc, request.reference, source)
    fulfilment.note_unfulfilled_source(office.svc, request.reference, broken, "SourceUnavailable")
    recipients.tell(office.svc, request.reference)
    answering.send_answer(office.svc, request.reference)
    told = len(subjects(office, "Please act"))
    attention.try_again(office.svc, office.link("review"))
    office.carry_out(request)
    assert len(subjects(office, "Please act")) == told > 0


def test_recipients_hear_nothing_of_a_plan_that_drifted(office: Office) -> None:
    request = office.to_review("deletion")
    office.decide(request, "approve")
    fulfilment.begin(office.svc, request.reference)
    for o in office.svc.store.outcomes(request.reference):
        office.svc.store.put_outcome(o.model_copy(update={"state": OutcomeState.DRIFTED}))
    recipients.tell(office.svc, request.reference)
    assert subjects(office, "Please act") == []


def test_who_was_told_of_a_first_part_is_named_in_the_whole(office: Office) -> None:
    request = office.to_review("deletion")
    office.decide(request, "approve")
    fulfilment.begin(office.svc, request.reference)
    for source in office.svc.sources:
        fulfilment.fulfil_source(office.svc, request.reference, source)
    before = recipients.concerned(office.svc, office.now(request))
    office.gather(request)  # erased by now: the records name nobody any more
    assert recipients.concerned(office.svc, office.now(request)) == before != []


def test_an_extension_of_which_the_mail_did_not_leave_can_be_told(office: Office) -> None:
    request = office.to_review("access")
    office.mailer.fault = ServiceUnavailable("throttled")
    with pytest.raises(ServiceUnavailable):
        office.decide(request, "extend", explanation="Much to read.")
    office.mailer.fault = None
    office.decide(request, "extend", explanation="Much to read.")
    assert len(subjects(office, "more time")) == 1
    assert office.now(request).extended_at


def test_the_machine_and_staff_hear_of_not_me_though_its_mail_fails(office: Office) -> None:
    request = office.file("access")
    office.ask_for_proof(request)
    wait = office.svc.store.wait(request.reference, "proof")
    track = office.link("track")
    office.mailer.fault = ServiceUnavailable("throttled")
    with pytest.raises(ServiceUnavailable):
        following.not_me(office.svc, track)
    office.mailer.fault = None
    assert wait
    assert office.workflow.answers[wait.token] == (None, "RequestFrozen")
    following.not_me(office.svc, track)
    assert subjects(office, "on hold")


def test_what_is_half_carried_out_cannot_be_withdrawn(office: Office) -> None:
    request = office.to_review("deletion")
    office.decide(request, "approve")
    fulfilment.begin(office.svc, request.reference)
    track = office.link("track")
    stop_at(office, request, "Boom")
    assert "withdraw" not in following.tracker(office.svc, track).can
    assert following.withdraw(office.svc, track).request.status is Status.NEEDS_ATTENTION


def test_one_staff_address_that_is_refused_keeps_the_question_from_nobody(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = office.file("access")
    office.prove(request)
    office.gather(request)
    bad = correspondence.deciders(office.svc, office.now(request))[0].email
    send = office.mailer.send

    def choosy(*, sender: str, to: str, message: bytes) -> str:
        if to == bad:
            raise MailRejected("ses MessageRejected")
        return send(sender=sender, to=to, message=message)

    monkeypatch.setattr(office.mailer, "send", choosy)
    office.ask_staff(request)
    assert subjects(office, "decide")


def test_what_waits_to_be_packed_is_sealed(office: Office) -> None:
    request = office.to_review("access")
    office.decide(request, "approve")
    for source in office.svc.sources:
        fulfilment.fulfil_source(office.svc, request.reference, source)
    packages = office.svc.packages
    assert isinstance(packages, MemoryPackageStore)
    names = packages.parts(request.reference)
    assert names
    address, parts = office.customers[0]["email"].encode(), [packages.part(request.reference, n) for n in names]
    assert not any(address in part for part in parts)
    assert any(address in zlib.decompress(office.svc.vault.open(request.reference, part)) for part in parts)


def test_links_sent_again_can_prove_the_mailbox_and_fetch_the_package(office: Office) -> None:
    who = office.customers[0]["email"]
    request = office.file("access")
    first = office.ask_for_proof(request)
    errands.leave(office.svc, Errand.LINKS, who)
    again = office.link("verify", who)
    assert again != first
    verification.verify(office.svc, again, answers=office.customers[0]["answers"], declared=True, signature="Signed")
    office.gather(request)
    office.ask_staff(request)
    office.decide(request, "approve")
    office.carry_out(request)
    mailed = office.link("results", who)
    errands.leave(office.svc, Errand.LINKS, who)
    assert office.link("results", who) != mailed
    assert results.package_url(office.svc, office.link("results", who))
    following.not_me(office.svc, office.link("track", who))
    errands.leave(office.svc, Errand.LINKS, who)
    assert "/results/" not in office.text(office.mails(who)[0])


def test_a_source_that_was_never_searched_is_not_done(office: Office) -> None:
    request = office.file("deletion")
    office.prove(request)
    *known, new = office.svc.sources
    for source in known:
        gathering.gather_source(office.svc, request.reference, source)
    office.ask_staff(request)
    office.decide(request, "approve")
    fulfilment.begin(office.svc, request.reference)
    assert fulfilment.fulfil_source(office.svc, request.reference, new)["state"] == "drifted"


def test_a_number_that_staff_typed_is_struck_out_of_the_mail(office: Office) -> None:
    request = office.to_review("concern", details="Why?")
    office.decide(request, "approve", explanation="Your number 123-45-6789 is safe.")
    answering.send_answer(office.svc, request.reference)
    assert "123-45-6789" not in office.text(office.mails(office.customers[0]["email"])[0])


def test_not_me_after_a_partial_answer_stops_the_rest(office: Office) -> None:
    request = office.to_review("deletion")
    office.decide(request, "approve")
    fulfilment.begin(office.svc, request.reference)
    for source in office.svc.sources:
        fulfilment.note_unfulfilled_source(office.svc, request.reference, source, "SourceUnavailable")
    answering.send_answer(office.svc, request.reference)
    following.not_me(office.svc, office.link("track"))
    assert not card.card(office.svc, office.link("review")).again
    attention.try_again(office.svc, office.link("review"))
    assert office.now(request).status is Status.PARTLY_FULFILLED


def test_an_agents_own_address_is_not_stopped_for_the_subject(office: Office) -> None:
    typed = Personal(email="agent@example.com", subject_name="A B", subject_email="ab@example.com", stop=["email"])
    intake.file_request(office.svc, Right.OPT_OUT, typed, relationship=Relationship.AGENT)
    assert office.svc.store.suppressions(office.svc.hash(Identifier.of("email", "ab@example.com")))
    assert not office.svc.store.suppressions(office.svc.hash(Identifier.of("email", "agent@example.com")))


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


def test_the_sweep_looks_past_the_first_two_hundred(office: Office) -> None:
    for number in range(201):
        office.clock.forward(timedelta(minutes=1))
        office.file("concern", {"email": f"somebody-{number}@example.com"}, details="Why?")
    office.workflow.started.clear()
    attention.sweep(office.svc)
    assert len(office.workflow.started) == 201


def test_not_me_ends_what_recipients_were_asked(office: Office) -> None:
    request = office.to_review("deletion")
    office.decide(request, "approve")
    office.carry_out(request)
    task = office.link("task")
    following.not_me(office.svc, office.link("track"))
    with pytest.raises(LinkMissing):
        recipients.reveal_task(office.svc, task)


def test_not_me_amid_a_deletion_sends_no_recipient_to_delete_what_nobody_asked_for(office: Office) -> None:
    """One source has run. Its recipients keep their copies: staff may need them to put back what an impostor took."""
    request = office.to_review("deletion")
    office.decide(request, "approve")
    fulfilment.begin(office.svc, request.reference)
    first, *_ = office.svc.sources
    fulfilment.fulfil_source(office.svc, request.reference, first)
    assert recipients.concerned(office.svc, office.now(request)), "there is somebody whom the answer would name"
    following.not_me(office.svc, office.link("track"))
    with pytest.raises(RequestFrozen):
        recipients.tell(office.svc, request.reference)
    before = len(office.mails())
    office.ask_staff(request)
    office.decide(request, "refuse", ground=Ground.SUSPECTED_FRAUD)
    answering.send_answer(office.svc, request.reference)
    assert office.svc.store.notices(request.reference) == []
    recipient_mails = {r.email for r in office.svc.business.sharing.recipients.values() if r.email}
    sent_to = {str(m["To"]) for m in office.mails()[: len(office.mails()) - before]}
    assert sent_to
    assert not sent_to & recipient_mails


def test_an_appeal_is_extended_by_the_clock_of_appeals(office: Office) -> None:
    request = office.to_review("deletion")
    office.decide(request, "refuse", ground=Ground.EXEMPT)
    answering.send_answer(office.svc, request.reference)
    view = following.appeal(office.svc, office.link("track"), "Please look again.")
    linked = office.svc.store.get(view.request.appealed_by or "")
    clock = appeal_clock(linked.regime, linked.received_at, office.svc.business.zone)
    assert extending.can_extend(office.svc, linked) is (clock.extension_limit is not None)
