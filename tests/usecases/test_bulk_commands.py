"""Commands over many requests and over staff: rehearsed, asked, gone on with; who left is out at once."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from chalicelib import bootstrap
from chalicelib.adapters.staff import StaffNow
from chalicelib.commands import commands
from chalicelib.domain.request import Right
from chalicelib.domain.status import Status
from chalicelib.errors import DecisionNotAllowed
from chalicelib.usecases import attention, errands, review, staffroom
from chalicelib.usecases.errands import Errand

from .conftest import Office


def run(office: Office, *words: str, says: str = "") -> Result:
    with bootstrap.override(office.svc):
        return CliRunner().invoke(commands, words, input=says)


def stuck(office: Office, why: str = "ServiceUnavailable") -> str:
    request = office.file("access")
    office.ask_for_proof(request)
    attention.need_attention(office.svc, request.reference, office.workflow.wait_for("attention"), why)
    return request.reference


def status(office: Office, reference: str) -> Status:
    return office.svc.store.get(reference).status


# -- retry


def test_retry_is_rehearsed_asked_for_and_done(office: Office) -> None:
    reference = stuck(office)
    rehearsed = run(office, "retry", reference.lower(), "--dry-run")
    assert reference in rehearsed.output
    assert "nothing was done" in rehearsed.output
    assert run(office, "retry", reference, says="n\n").exit_code == 1
    assert status(office, reference) is Status.NEEDS_ATTENTION
    assert run(office, "retry", reference, says="y\n").exit_code == 0
    assert status(office, reference) is Status.VERIFYING
    last = office.svc.store.events(reference)[-1]
    assert (last.what, last.by, last.note) == ("verifying", "engineer", "try_again")


def test_retry_all_leaves_out_mails_that_may_be_out(office: Office) -> None:
    plain, doubtful = stuck(office), stuck(office, "MailUncertain")
    done = run(office, "retry", "--all", "--yes")
    assert "1 done, 0 failed" in done.output
    assert (status(office, plain), status(office, doubtful)) == (Status.VERIFYING, Status.NEEDS_ATTENTION)
    assert run(office, "retry", "--all", "--yes").output.startswith("0 requests")


def test_retry_wants_names_or_all_and_not_both(office: Office) -> None:
    assert run(office, "retry").exit_code == 2
    assert run(office, "retry", "R-0000-0000", "--all").exit_code == 2
    assert "RequestNotFound" in run(office, "retry", "R-0000-0000").output


def test_one_that_fails_stops_no_other_and_is_named(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = stuck(office), stuck(office)
    honest = attention.take_up

    def faulty(svc: Any, request: Any, by: str) -> Any:
        if request.reference == first:
            raise DecisionNotAllowed("not now")
        return honest(svc, request, by)

    monkeypatch.setattr(attention, "take_up", faulty)
    done = run(office, "retry", first, second, "--yes")
    assert done.exit_code == 1
    assert f"{first}: DecisionNotAllowed" in done.output
    assert status(office, second) is Status.VERIFYING


def test_ctrl_c_says_how_to_go_on_and_the_next_run_does(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = stuck(office), stuck(office)
    honest = attention.take_up

    def pressed(svc: Any, request: Any, by: str) -> Any:
        if request.reference == second:
            raise KeyboardInterrupt
        return honest(svc, request, by)

    monkeypatch.setattr(attention, "take_up", pressed)
    cut = run(office, "retry", first, second, "--yes")
    assert cut.exit_code == 130
    assert "Stopped after 1 of 2" in cut.output
    monkeypatch.setattr(attention, "take_up", honest)
    assert "1 done" in run(office, "retry", "--all", "--yes").output
    assert {status(office, r) for r in (first, second)} == {Status.VERIFYING}


# -- export, verify


def test_export_writes_every_trail_and_goes_on_where_it_was_cut(office: Office, tmp_path: Path) -> None:
    open_, ended = office.file("access"), office.file("opt_out", stop=["email"])
    office.carry_out(ended)
    file = tmp_path / "trails.jsonl"
    assert "2 written, 0 were there" in run(office, "export", str(file)).output
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert {line["reference"] for line in lines} == {open_.reference, ended.reference}
    assert all(line["whole"] for line in lines)
    file.write_text(file.read_text().splitlines()[0] + '\n{"reference": "R-')
    assert "1 written, 1 were there" in run(office, "export", str(file)).output
    assert len([json.loads(line) for line in file.read_text().splitlines()]) == 2
    office.ask_for_proof(open_)
    assert "1 written, 2 were there" in run(office, "export", str(file)).output
    assert office.customers[0]["email"] not in file.read_text()


def test_verify_all_names_the_trails_that_are_broken(office: Office) -> None:
    good, bad = office.file("access"), office.file("access")
    assert run(office, "verify", "--all").output == "2 of 2 are whole\n"
    stored = office.svc.store._events[bad.reference]  # type: ignore[attr-defined]
    stored[0] = stored[0].model_copy(update={"by": "staff:dana"})
    found = run(office, "verify", "--all")
    assert found.exit_code == 1
    assert found.output == f"{bad.reference}: broken at event 1\n1 of 2 are whole\n"
    assert good.reference not in found.output


# -- purge


def test_purge_is_rehearsed_and_asked_for(office: Office) -> None:
    ended = office.file("opt_out", stop=["email"])
    office.carry_out(ended)
    office.clock.forward(timedelta(days=31))
    assert "1 due; nothing was done" in run(office, "purge", "--dry-run").output
    assert run(office, "purge", says="n\n").exit_code == 1
    assert office.now(ended).purge_at is None
    assert run(office, "purge", says="y\n").exit_code == 0
    assert office.now(ended).purge_at


# -- staff


def two(office: Office) -> tuple[Any, Any]:
    first, second, *_ = office.svc.business.deciders(Right.ACCESS)
    return first, second


def gone(office: Office) -> None:
    """Half a minute later, in a running process."""
    staff = StaffNow(office.svc.business.staff, office.svc.store)
    business = office.svc.business.model_copy(update={"staff": staff})
    office.svc = dataclasses.replace(office.svc, business=business)


def test_a_process_that_runs_hears_of_it_within_half_a_minute(office: Office) -> None:
    first, second = two(office)
    seconds = [0.0]
    staff = StaffNow(office.svc.business.staff, office.svc.store, lambda: seconds[0])
    assert first in staff
    office.svc.store.cut_off(first.id)
    seconds[0] = 29.0
    assert first in staff
    seconds[0] = 31.0
    assert first not in staff
    assert second in staff


def test_what_waits_is_moved_to_another_with_a_link_of_their_own(office: Office) -> None:
    request = office.to_review("access")
    first, second = two(office)
    links = {office.link("review", m.email) for m in (first, second)}
    assert run(office, "move", request.reference, second.id).exit_code == 0
    fresh = office.link("review", second.email)
    assert fresh not in links
    assert office.svc.store.events(request.reference)[-1].what == "handed_over"
    count = len(office.mails())
    assert "was mailed today" in run(office, "move", request.reference, second.id).output
    assert len(office.mails()) == count
    office.clock.forward(timedelta(days=1))
    assert f"mailed to {second.id}" in run(office, "move", request.reference, second.id).output
    plan = office.now(request).plan_hash
    review.decide(office.svc, office.link("review", second.email), verdict=review.Verdict.APPROVE, plan=plan)


def test_nothing_is_moved_to_who_may_not_decide_it_or_is_nobody(office: Office) -> None:
    request = office.file("access")
    first, _ = two(office)
    assert "does not wait" in run(office, "move", request.reference, first.id).output
    assert run(office, "move", request.reference, "nobody").exit_code == 2


def test_who_left_is_cut_off_and_what_waited_goes_to_another(office: Office) -> None:
    request = office.to_review("access")
    first, second = two(office)
    theirs = office.link("review", first.email)
    errands.leave(office.svc, Errand.SIGN_IN, first.email)
    session = staffroom.sign_in(office.svc, office.link("staff/sign-in", first.email))
    rehearsed = run(office, "cut-off", first.id, "--to", second.id, "--dry-run")
    assert request.reference in rehearsed.output
    assert office.svc.store.those_cut_off() == frozenset()
    done = run(office, "cut-off", first.id, "--to", second.id, "--yes")
    assert done.exit_code == 0, done.output
    assert "1 done" in done.output
    heirs = office.link("review", second.email)
    gone(office)
    with pytest.raises(DecisionNotAllowed):
        review.decide(office.svc, theirs, verdict=review.Verdict.APPROVE, plan=office.now(request).plan_hash)
    with pytest.raises(Exception, match="session"):
        staffroom.staff_of(office.svc, session)
    before = len(office.mails(first.email))
    errands.leave(office.svc, Errand.SIGN_IN, first.email)
    office.to_review("deletion")
    assert len(office.mails(first.email)) == before
    plan = office.now(request).plan_hash
    review.decide(office.svc, heirs, verdict=review.Verdict.APPROVE, plan=plan)
    assert run(office, "cut-off", first.id, "--yes").exit_code == 0
    assert run(office, "let-in", first.id).exit_code == 0
    assert office.svc.store.those_cut_off() == frozenset()


def test_nobody_is_cut_off_whose_rights_nobody_else_decides(office: Office) -> None:
    refused = []
    for member in [m.id for m in office.svc.business.staff]:
        tried = run(office, "cut-off", member, "--yes")
        if tried.exit_code:
            assert "Nobody else decides" in tried.output
            refused.append(member)
        gone(office)
    assert refused
    assert {m.id for m in office.svc.business.staff} == set(refused)
    assert all(office.svc.business.deciders(r) or office.svc.business.leads() for r in office.svc.business.rights)
    assert run(office, "cut-off", "nobody", "--yes").exit_code == 1
