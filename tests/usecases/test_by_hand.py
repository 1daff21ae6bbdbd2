"""A place that no program can read: somebody looks, says once what is there, and is believed by name."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.answer import Said
from chalicelib.domain.datamap import DataMap, SourceMap
from chalicelib.domain.plan import LEGAL_HOLD
from chalicelib.domain.request import Request
from chalicelib.domain.status import Status
from chalicelib.errors import DecisionNotAllowed, InvalidRequest, LinkMissing, RequestClosed, SourceAwaited
from chalicelib.sources.by_hand import HandSource
from chalicelib.usecases import answering, attention, awaiting, by_hand, card, following, fulfilment, gathering, holds

from .conftest import Office

PLACE = SourceMap.model_validate({
    "kind": "by_hand", "title": "The order file", "days": 5,
    "by_hand": {"instructions": "The steel cabinet.", "role": "order_desk"},
    "collections": {"papers": {"title": "Letters and order slips", "fields": {
        "letters": {"label": "What you wrote", "category": "user.content.private"},
        "files": {"label": "Copies", "category": "user.content.private"},
    }}},
})  # fmt: skip
PDF = b"%PDF-1.7 a letter"
BOX = {"letters": "One letter about a saddle"}


@pytest.fixture
def office(office: Office) -> Office:
    """Jeffers, with a paper file that the privacy desk's colleagues keep."""
    role = office.svc.business.staff[0].roles[0]
    place = PLACE.model_copy(update={"by_hand": PLACE.by_hand.model_copy(update={"role": role})})  # type: ignore[union-attr]
    datamap = DataMap(sources={**office.svc.business.datamap.sources, "papers": place})
    business = office.svc.business.model_copy(update={"datamap": datamap})
    sources = {**office.svc.sources, "papers": HandSource("papers")}
    return dataclasses.replace(office, svc=dataclasses.replace(office.svc, business=business, sources=sources))


def others(office: Office, request: Request) -> None:
    for source in office.svc.sources:
        if source != "papers":
            gathering.gather_source(office.svc, request.reference, source)


def asked(office: Office, request: Request, step: str = "gather", reminder: int = 0) -> str:
    """The machine waits, and a keeper was mailed: the token of their link."""
    wait = office.workflow.wait_for(step)
    awaiting.await_source(office.svc, request.reference, "papers", step, wait, reminder=reminder)
    return office.link("task")


def proven(office: Office, right: str, **typed: Any) -> Request:
    """Proven and judged once, so that somebody is asked to look."""
    request = office.file(right, **typed)
    office.prove(request)
    others(office, request)
    assert gathering.gather_source(office.svc, request.reference, "papers")["state"] == "found"
    wait = office.ask_staff(request)
    assert office.workflow.answers[wait] == ({"next": "gather"}, None)
    others(office, request)
    with pytest.raises(SourceAwaited):
        gathering.gather_source(office.svc, request.reference, "papers")
    return office.now(request)


def looked(office: Office, right: str, said: str = "done", typed: Any = None, **more: Any) -> Request:
    """Before staff, with what was found by hand."""
    request = proven(office, right, **(typed or {}))
    more = {"boxes": BOX if said == "done" else {}, **more}
    by_hand.answer(office.svc, asked(office, request), said, **more)
    gathering.gather_source(office.svc, request.reference, "papers")
    office.ask_staff(request)
    return office.now(request)


def test_nobody_is_asked_to_look_until_enough_is_proven(office: Office) -> None:
    """A stranger's guess at somebody's address makes no work and opens no cabinet."""
    request = office.file("access")
    office.prove(request, **dict.fromkeys(office.customers[0]["answers"], "wrong"))
    others(office, request)
    gathering.gather_source(office.svc, request.reference, "papers")
    office.ask_staff(request)
    assert office.now(request).status is Status.VERIFYING
    with pytest.raises(AssertionError, match="no task link"):
        office.link("task")


def test_nothing_elsewhere_is_not_nothing_until_somebody_has_looked(office: Office) -> None:
    request = office.file("access", {"email": "nobody@example.com", "residence": "US-CA"})
    office.prove(request, **{"order_number": ""})
    others(office, request)
    gathering.gather_source(office.svc, request.reference, "papers")
    office.ask_staff(request)
    assert office.now(request).status is Status.GATHERING
    by_hand.answer(office.svc, asked(office, request), "none", boxes={})
    gathering.gather_source(office.svc, request.reference, "papers")
    office.ask_staff(request)
    assert office.now(request).reason == "nothing_held"


def test_the_mail_and_the_page_name_nobody_and_looking_is_audited(office: Office) -> None:
    request = proven(office, "access")
    token = asked(office, request)
    customer = office.customers[0]
    mail = office.text(office.mails()[0])
    assert "The steel cabinet." in mail
    assert customer["email"] not in mail
    assert customer["name"] not in mail
    assert customer["email"] not in repr(by_hand.task(office.svc, token).place)
    task, whom = by_hand.reveal(office.svc, token)
    assert ("Email", customer["email"]) in whom.proven
    assert customer["name"] in [value for _, value in whom.on_file]
    assert [e.by for e in office.svc.store.events(request.reference) if e.what == "viewed"] == [task.by]


def test_what_is_found_goes_into_the_package_with_its_copies(office: Office) -> None:
    request = looked(office, "access", files=[("Letter.pdf", PDF)])
    assert ("The order file", "gather", Said.DONE) in [
        line[:3] for line in card.card(office.svc, office.link("review")).by_hand
    ]
    office.decide(request, "approve")
    assert office.carry_out(request).status is Status.FULFILLED
    with zipfile.ZipFile(io.BytesIO(office.svc.packages.packages[request.reference])) as package:  # type: ignore[attr-defined]
        assert package.read("attached/papers/Letter.pdf") == PDF
        held = next(s for s in json.loads(package.read("data.json"))["sources"] if s["id"] == "papers")
        assert "attached/papers/Letter.pdf" in package.read("manifest.json").decode()
    assert held["collections"][0]["records"] == [
        {"letters": BOX["letters"], "files": "attached/papers/Letter.pdf"}
    ]  # fmt: skip


def test_what_is_left_out_of_an_approval_is_not_attached(office: Office) -> None:
    request = looked(office, "access", files=[("Letter.pdf", PDF)])
    office.decide(request, "approve", leave=("papers.papers",), ground="other", explanation="It names others.")
    office.carry_out(request)
    with zipfile.ZipFile(io.BytesIO(office.svc.packages.packages[request.reference])) as package:  # type: ignore[attr-defined]
        assert not [name for name in package.namelist() if name.startswith("attached")]


def test_a_deletion_is_asked_twice_looked_for_and_then_done(office: Office) -> None:
    request = looked(office, "deletion")
    office.decide(request, "approve")
    fulfilment.begin(office.svc, request.reference)
    for source in office.svc.sources:
        if source != "papers":
            fulfilment.fulfil_source(office.svc, request.reference, source)
    with pytest.raises(SourceAwaited):
        fulfilment.fulfil_source(office.svc, request.reference, "papers")
    token = asked(office, request, "fulfil")
    assert ("What you wrote", BOX["letters"]) in by_hand.reveal(office.svc, token)[1].found
    by_hand.answer(office.svc, token, "done", boxes={}, note="Shredded")
    assert fulfilment.fulfil_source(office.svc, request.reference, "papers")["state"] == "done"
    answering.send_answer(office.svc, request.reference)
    assert office.now(request).status is Status.FULFILLED
    assert "Letters and order slips" in office.text(office.mails(office.customers[0]["email"])[0])


def test_what_must_stay_is_told_with_ground_and_end_and_nobody_is_asked_to_destroy_it(office: Office) -> None:
    until = (office.clock.now() + timedelta(days=400)).date()
    request = looked(office, "deletion", "kept", ground="An open complaint", until=until.isoformat())
    office.decide(request, "approve")
    fulfilment.begin(office.svc, request.reference)
    for source in office.svc.sources:
        fulfilment.fulfil_source(office.svc, request.reference, source)
    answering.send_answer(office.svc, request.reference)
    told = office.text(office.mails(office.customers[0]["email"])[0])
    assert "An open complaint" in told
    assert str(until.year) in told


def test_a_legal_hold_keeps_the_paper_too(office: Office) -> None:
    request = looked(office, "deletion")
    holds.hold(office.svc, office.link("review"), "A suit")
    gathering.gather_source(office.svc, request.reference, "papers")
    outcome = office.svc.store.outcome(request.reference, "papers")
    assert outcome is not None
    assert [t.kept for t in gathering.opened(office.svc, outcome).treatments] == [LEGAL_HOLD]


def test_a_correction_says_what_the_paper_should_say(office: Office) -> None:
    field = next(path for path, field in office.svc.business.datamap.correctable().items() if field.correct == "text")
    request = looked(office, "correction", typed={"corrections": [{"field": field, "value": "Newtown"}]})
    office.decide(request, "approve")
    fulfilment.begin(office.svc, request.reference)
    with pytest.raises(SourceAwaited):
        fulfilment.fulfil_source(office.svc, request.reference, "papers")
    assert "Newtown" in [v for _, v in by_hand.reveal(office.svc, asked(office, request, "fulfil"))[1].changes]


def test_a_paper_that_cannot_be_corrected_is_told_with_its_ground(office: Office) -> None:
    field = next(path for path, field in office.svc.business.datamap.correctable().items() if field.correct == "text")
    request = looked(office, "correction", typed={"corrections": [{"field": field, "value": "Newtown"}]})
    office.decide(request, "approve")
    fulfilment.begin(office.svc, request.reference)
    by_hand.answer(office.svc, asked(office, request, "fulfil"), "kept", boxes={}, ground="It is your own letter")
    office.carry_out(request)
    assert "It is your own letter" in office.text(office.mails(office.customers[0]["email"])[0])


def test_forty_posts_at_once_and_a_second_click_are_one_answer(office: Office) -> None:
    request = proven(office, "access")
    token = asked(office, request)

    def post(n: int) -> Said | None:
        return by_hand.answer(office.svc, token, "none" if n % 2 else "done", boxes={} if n % 2 else BOX).said

    with ThreadPoolExecutor(16) as pool:
        said = set(pool.map(post, range(40)))
    assert len(said) == 1
    events = [e for e in office.svc.store.events(request.reference) if e.what == awaiting.ANSWERED]
    assert len(events) == 1
    assert {by_hand.answer(office.svc, token, "kept", boxes={}, ground="late").said} == said
    assert office.svc.store.link(by_hand.token_hash(token)).used_at is not None


def test_two_who_were_asked_give_one_answer(office: Office) -> None:
    request = proven(office, "access")
    first = asked(office, request)
    second = asked(office, request, reminder=1)
    assert first != second
    by_hand.answer(office.svc, first, "done", boxes=BOX)
    assert by_hand.answer(office.svc, second, "none", boxes={}).said is Said.DONE


def test_who_left_the_staff_or_the_role_looks_no_more(office: Office) -> None:
    request = proven(office, "access")
    token = asked(office, request)
    for staff in ([], [m.model_copy(update={"roles": ("other",)}) for m in office.svc.business.staff]):
        gone = office.svc.business.model_copy(update={"staff": tuple(staff)})
        svc = dataclasses.replace(office.svc, business=gone)
        for act in (by_hand.task, by_hand.reveal):
            with pytest.raises(DecisionNotAllowed):
                act(svc, token)
        with pytest.raises(DecisionNotAllowed):
            by_hand.answer(svc, token, "none", boxes={})


def test_that_was_not_me_kills_the_link(office: Office) -> None:
    request = proven(office, "access")
    token = asked(office, request)
    following.not_me(office.svc, office.link("track"))
    with pytest.raises(LinkMissing):
        by_hand.task(office.svc, token)


def test_too_late_shows_nobody_and_takes_nothing(office: Office) -> None:
    request = proven(office, "access")
    token = asked(office, request)
    following.withdraw(office.svc, office.link("track"))
    assert by_hand.task(office.svc, token).over
    with pytest.raises(RequestClosed):
        by_hand.reveal(office.svc, token)
    with pytest.raises(RequestClosed):
        by_hand.answer(office.svc, token, "done", boxes=BOX)


def silent(office: Office, right: str = "access") -> tuple[Request, str]:
    """Nobody looked in time: before staff, without it."""
    request = proven(office, right)
    token = asked(office, request)
    gathering.note_failed_source(office.svc, request.reference, "papers", "SourceSilent")
    office.ask_staff(request)
    return office.now(request), token


def test_silence_is_shown_to_staff_and_an_answer_after_it_still_counts(office: Office) -> None:
    request, token = silent(office)
    assert card.card(office.svc, office.link("review")).plan.failed == {"papers": "SourceSilent"}
    before = request.plan_hash
    by_hand.answer(office.svc, token, "done", boxes=BOX)
    assert office.now(request).status is Status.GATHERING
    office.gather(request)
    office.ask_staff(request)
    assert office.now(request).plan_hash != before
    assert not card.card(office.svc, office.link("review")).plan.failed


def test_just_that_place_is_tried_again_and_its_keeper_asked_anew(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, _ = silent(office)
    shown = attention.try_again(office.svc, office.link("review"))
    assert shown.request.status is Status.GATHERING
    for name in set(office.svc.sources) - {"papers"}:
        monkeypatch.setattr(office.svc.sources[name], "find", lambda who: pytest.fail("asked without need"))
        assert gathering.gather_source(office.svc, request.reference, name)["state"] == "found"
    with pytest.raises(SourceAwaited):
        gathering.gather_source(office.svc, request.reference, "papers")
    mailed = len(office.mailer.sent)
    by_hand.answer(office.svc, asked(office, request), "none", boxes={})
    assert len(office.mailer.sent) > mailed


def test_an_answer_without_it_says_so_and_the_rest_comes_later(office: Office) -> None:
    request, _ = silent(office)
    office.decide(request, "approve")
    assert office.carry_out(request).status is Status.PARTLY_FULFILLED
    assert "The order file" in office.text(office.mails(office.customers[0]["email"])[0])
    assert card.card(office.svc, office.link("review")).again == ["The order file"]


def test_an_opt_out_and_a_disclosure_ask_nobody_to_look(office: Office) -> None:
    for right, typed in (("opt_out", {"stop": ["email"]}), ("california_disclosure", {})):
        request = office.file(right, **typed)
        started = office.workflow.started[request.execution]["sources"]
        assert "papers" not in [source["name"] for source in started]
    request = office.file("access")
    waits = {s["name"]: s["waits"] for s in office.workflow.started[request.execution]["sources"]}
    assert waits["papers"]["answer"] == 5 * 86_400


@pytest.mark.parametrize(
    ("said", "more", "field"),
    [
        ("perhaps", {}, "outcome"),
        ("done", {}, "outcome"),
        ("none", {"boxes": BOX}, "outcome"),
        ("kept", {"boxes": BOX}, "ground"),
        ("kept", {"ground": "why", "until": "tomorrow"}, "until"),
        ("kept", {"ground": "why", "until": "2001-01-01"}, "until"),
        ("done", {"boxes": {"other": "x"}}, "other"),
        ("done", {"files": [("run.pdf", b"MZ\x90\x00")]}, "files"),
        ("done", {"files": [("big.pdf", PDF + b"x" * 5_000_000)]}, "files"),
    ],
)
def test_an_answer_that_makes_no_sense_is_asked_again(
    office: Office, said: str, more: dict[str, Any], field: str
) -> None:
    token = asked(office, proven(office, "access"))
    with pytest.raises(InvalidRequest) as wrong:
        by_hand.answer(office.svc, token, said, **{"boxes": {}, **more})
    assert field in wrong.value.fields
    assert by_hand.task(office.svc, token).said is None


def test_card_numbers_that_somebody_typed_are_struck_out(office: Office) -> None:
    request = looked(office, "access", boxes={"letters": "paid with 4111 1111 1111 1111"})
    outcome = office.svc.store.outcome(request.reference, "papers")
    assert outcome is not None
    assert "1111 1111" not in gathering.opened(office.svc, outcome).model_dump_json()


def test_the_notes_and_the_answer_are_sealed_and_go_with_the_request(office: Office) -> None:
    request = looked(office, "access", note="Box 4", files=[("Letter.pdf", PDF)])
    assert ("The order file", "Box 4") in card.reveal(office.svc, office.link("review"))[1].notes
    stored = office.svc.packages._answers[request.reference]  # type: ignore[attr-defined]
    assert not [data for data in stored.values() if PDF in data or b"saddle" in data]
    office.svc.packages.forget(request.reference)
    assert request.reference not in office.svc.packages._answers  # type: ignore[attr-defined]


def test_what_was_not_destroyed_in_time_is_tried_again_by_itself_and_then_done(office: Office) -> None:
    request = looked(office, "deletion")
    office.decide(request, "approve")
    fulfilment.begin(office.svc, request.reference)
    for source in set(office.svc.sources) - {"papers"}:
        fulfilment.fulfil_source(office.svc, request.reference, source)
    late = asked(office, request, "fulfil")
    fulfilment.note_unfulfilled_source(office.svc, request.reference, "papers", "SourceSilent")
    answering.send_answer(office.svc, request.reference)
    assert office.now(request).status is Status.PARTLY_FULFILLED
    assert "did not answer in time" in office.text(office.mails(office.svc.business.staff[0].email)[0])
    assert by_hand.task(office.svc, late).over

    attention.try_again(office.svc, office.link("review"))
    started = office.workflow.started[f"{request.reference}-2"]
    assert started["start"] == "fulfil"
    with pytest.raises(SourceAwaited):
        fulfilment.fulfil_source(office.svc, request.reference, "papers")
    token = asked(office, request, "fulfil")
    assert token != late
    assert by_hand.answer(office.svc, token, "done", boxes={}).said is Said.DONE
    for source in office.svc.sources:
        assert fulfilment.fulfil_source(office.svc, request.reference, source)["state"] == "done"
    answering.send_answer(office.svc, request.reference)
    assert office.now(request).status is Status.FULFILLED


def test_an_address_can_be_asked_in_place_of_a_role(office: Office) -> None:
    datamap = office.svc.business.datamap
    task = datamap.sources["papers"].by_hand.model_copy(update={"role": None, "address": "file@example.com"})  # type: ignore[union-attr]
    sources = {**datamap.sources, "papers": datamap.sources["papers"].model_copy(update={"by_hand": task})}
    business = office.svc.business.model_copy(update={"datamap": DataMap(sources=sources)})
    office = dataclasses.replace(office, svc=dataclasses.replace(office.svc, business=business))
    request = proven(office, "access")
    token = asked(office, request)
    assert "file@example.com" in str(office.mails()[0]["To"])
    by_hand.reveal(office.svc, token)
    by_hand.answer(office.svc, token, "none", boxes={})
    assert [e.by for e in office.svc.store.events(request.reference)][-2:] == ["keeper:papers"] * 2


def silent_and_asked_back(office: Office) -> tuple[Request, str]:
    """Nobody looked in time, so staff asked the customer something without it; and the keeper's link."""
    request = proven(office, "access")
    token = asked(office, request)
    gathering.note_failed_source(office.svc, request.reference, "papers", "SourceSilent")
    office.ask_staff(request)
    office.decide(request, "ask", explanation="Which years?")
    return office.now(request), token


def test_rule_16_what_is_found_after_staff_saw_the_plan_is_shown_to_them_before_it_is_sent(office: Office) -> None:
    request, token = silent_and_asked_back(office)
    assert request.status is Status.ASKED
    office.clock.forward(timedelta(days=1))
    by_hand.answer(office.svc, token, "done", boxes=BOX, files=[("Letter.pdf", PDF)])
    following.reply(office.svc, office.link("track"), "All of them")
    wait = office.ask_staff(request)
    assert office.workflow.answers[wait] == ({"next": "gather"}, None)
    for source in office.svc.sources:
        gathering.gather_source(office.svc, request.reference, source)
    office.ask_staff(request)
    assert office.now(request).status is Status.IN_REVIEW
    outcome = office.svc.store.outcome(request.reference, "papers")
    assert outcome is not None
    assert len(gathering.opened(office.svc, outcome).treatments) == 1
    office.decide(request, "approve")
    assert office.carry_out(request).status is Status.FULFILLED


def test_rule_16_a_file_that_came_while_staff_decided_is_not_in_the_package(office: Office) -> None:
    request, token = silent_and_asked_back(office)
    following.reply(office.svc, office.link("track"), "All of them")
    office.ask_staff(request)
    before = office.svc.store.get(request.reference)
    office.decide(request, "approve")
    opened = by_hand._task
    assert before.status is Status.IN_REVIEW
    with pytest.MonkeyPatch.context() as patch:  # the page was opened just before they decided
        patch.setattr(by_hand, "_task", lambda svc, link, _: opened(svc, link, before))
        by_hand.answer(office.svc, token, "done", boxes=BOX, files=[("Letter.pdf", PDF)])
    office.carry_out(request)
    with zipfile.ZipFile(io.BytesIO(office.svc.packages.packages[request.reference])) as package:  # type: ignore[attr-defined]
        assert not [name for name in package.namelist() if name.startswith("attached")]
