"""The engineer's commands, over a business in memory: what they say, and what they do not."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result

from chalicelib import bootstrap
from chalicelib.businesses.model import Change, Notices
from chalicelib.commands import commands
from chalicelib.usecases import upkeep

from .conftest import Office
from .test_announcements import path_of_everybody


class Desk:
    def __init__(self, office: Office) -> None:
        self.office = office

    def run(self, *words: str) -> Result:
        with bootstrap.override(self.office.svc):
            return CliRunner().invoke(commands, words)

    def said(self, *words: str) -> Any:
        result = self.run(*words)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)


@pytest.fixture
def desk(office: Office) -> Desk:
    return Desk(office)


PRIVATE = "About my mare Bella"


def test_the_list_shows_what_is_open_and_what_ended(desk: Desk) -> None:
    open_, ended = desk.office.file("access"), desk.office.file("opt_out", stop=["email"])
    desk.office.carry_out(ended)
    assert [line.split()[0] for line in desk.run("list").output.splitlines()] == [open_.reference]
    assert [line.split()[0] for line in desk.run("list", "--closed").output.splitlines()] == [ended.reference]


def test_nothing_personal_is_printed_unless_revealed_and_that_is_audited(desk: Desk) -> None:
    who = desk.office.customers[0]
    request = desk.office.file("access", name=who["name"], details=PRIVATE)
    desk.office.prove(request)
    reference, secrets = request.reference, (who["email"], who["name"], PRIVATE, str(request.subject_hash))
    for words in (["list"], ["show", reference], ["events", reference], ["verify", reference], ["log"], ["metrics"]):
        output = desk.run(*words).output
        assert output
        assert not [secret for secret in secrets if secret in output], words
    revealed = desk.said("show", reference.lower(), "--reveal")["personal"]
    assert (revealed["email"], revealed["details"]) == (who["email"], PRIVATE)
    assert not {"answers", "signature"} & revealed.keys()
    last = desk.said("events", reference)[-1]
    assert (last["what"], last["by"]) == ("viewed", "engineer")


def test_events_are_the_audit_trail_and_verify_holds_it(desk: Desk) -> None:
    request = desk.office.file("access")
    assert [e["what"] for e in desk.said("events", request.reference)] == ["received"]
    assert desk.run("verify", request.reference).output == f"{request.reference}: whole\n"
    stored = desk.office.svc.store._events[request.reference]  # type: ignore[attr-defined]
    stored[0] = stored[0].model_copy(update={"by": "staff:dana"})
    broken = desk.run("verify", request.reference)
    assert (broken.exit_code, broken.output) == (1, f"{request.reference}: broken at event 1\n")


def test_an_unknown_reference_is_one_line(desk: Desk) -> None:
    result = desk.run("show", "R-0000-0000")
    assert (result.exit_code, result.output) == (1, "Error: RequestNotFound: R-0000-0000\n")


def test_the_log_is_csv(desk: Desk) -> None:
    desk.office.file("access")
    [row] = csv.DictReader(io.StringIO(desk.run("log").output))
    assert (row["received"], row["right"], row["manner"], row["denied"]) == ("2026-11-02", "access", "web", "")


def test_metrics_as_json_and_csv(desk: Desk) -> None:
    desk.office.file("access")
    assert desk.said("metrics")["rights"][0]["received"] == "fewer than 5"
    assert desk.said("metrics", "--year", "2025")["rights"][0]["received"] == 0
    assert desk.run("metrics", "--format", "csv").output.startswith("right,received,")


def test_sweep_and_purge_do_what_the_schedules_do(desk: Desk) -> None:
    desk.office.file("access")
    assert desk.said("sweep") == {"looked_at": 1, "signalled": 1, "reminded": 0, "not_reminded": 0}
    desk.office.carry_out(desk.office.file("opt_out", stop=["email"]))
    desk.office.clock.forward(timedelta(days=31))
    assert desk.said("purge", "--yes") == {"settled": 1, "purged": 0, "reminded": 0, "failed": 0}
    assert upkeep.purge_due(desk.office.svc)["settled"] == 0


def test_a_change_of_the_policy_is_rehearsed_then_announced(desk: Desk) -> None:
    svc = desk.office.svc
    change = Change(version="2027-01", summary="More.", new_use="Suggesting feed")
    kind = next(name for name, kind in svc.business.kinds.items() if kind.stoppable)
    notices = Notices(to=(path_of_everybody(svc.business),), kind=kind)
    policy = svc.business.policy.model_copy(update={"changes": (change,), "notices": notices})
    object.__setattr__(svc, "business", svc.business.model_copy(update={"policy": policy}))
    object.__setattr__(svc, "settings", svc.settings.model_copy(update={"mails_a_second": 1e6}))
    would = desk.said("announce", "2027-01", "--dry-run")["would"]
    assert not desk.office.mailer.sent
    assert desk.run("announce", "2031-01", "--dry-run").exit_code == 1
    output = desk.run("announce", "2027-01", "--yes").output
    assert len(desk.office.mailer.sent) == would["sent"] > 0
    assert '"finished_at": "2026' in output
    assert "@" not in output
