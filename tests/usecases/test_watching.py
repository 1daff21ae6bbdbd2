"""Logs and metrics: each change counted once, as a line CloudWatch understands, with nothing personal on it."""

from __future__ import annotations

import dataclasses
import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import log
from chalicelib.adapters.watched import watched
from chalicelib.domain.request import amend
from chalicelib.domain.watching import Measure, gauge
from chalicelib.errors import RequestChanged
from chalicelib.usecases import verification
from tests.docs.pages import names, rows

from .conftest import Office

UNITS = {"Count", "Percent", "Seconds"}


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What would stand in CloudWatch, of this test alone."""
    text = io.StringIO()
    handler, before = logging.StreamHandler(text), log.ours.level
    handler.setFormatter(log.AsJson())
    log.ours.addHandler(handler)
    log.ours.setLevel("INFO")
    yield text
    log.ours.removeHandler(handler)
    log.ours.setLevel(before)


@pytest.fixture
def watched_office(office: Office) -> Office:
    office.svc = dataclasses.replace(office.svc, store=watched(office.svc.store, office.svc.business.id))
    return office


def metrics(text: io.StringIO) -> list[tuple[str, dict[str, str], float]]:
    """Each metric as CloudWatch would extract it; held to the format's specification on the way."""
    found = []
    for line in map(json.loads, text.getvalue().splitlines()):
        if "_aws" not in line:
            continue
        assert isinstance(line["_aws"]["Timestamp"], int)
        [directive] = line["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "Rightsdesk"
        [dimensions] = directive["Dimensions"]
        assert "business" in dimensions
        assert len(dimensions) <= 3
        [metric] = directive["Metrics"]
        assert metric["Unit"] in UNITS
        assert isinstance(line[metric["Name"]], int | float)
        assert all(isinstance(line[d], str) and line[d] for d in dimensions)
        found.append((metric["Name"], {d: line[d] for d in dimensions if d != "business"}, line[metric["Name"]]))
    return found


def walked(office: Office, right: str = "access") -> None:
    request = office.to_review(right)
    office.clock.forward(timedelta(days=9))
    office.decide(request, "approve")
    office.carry_out(request)


def test_a_road_is_measured_step_by_step(watched_office: Office, written: io.StringIO) -> None:
    walked(watched_office)
    found = metrics(written)
    stages = [by["stage"] for name, by, _ in found if name == "Reached"]
    assert stages == ["received", "verifying", "gathering", "in_review", "fulfilling", "fulfilled"]
    assert ("Received", {"right": "access"}, 1) in found
    assert ("Proven", {}, 1) in found
    assert ("Ended", {"right": "access", "outcome": "whole"}, 1) in found
    [used] = [value for name, _, value in found if name == "ClockUsed"]
    assert used == pytest.approx(100 * 9 / 45, abs=1.5)


def test_what_lapses_was_not_proven(watched_office: Office, written: io.StringIO) -> None:
    request = watched_office.file("access")
    watched_office.ask_for_proof(request)
    verification.lapse(watched_office.svc, request.reference)
    found = metrics(written)
    assert ("Proven", {}, 0) in found
    assert ("Ended", {"right": "access", "outcome": "ended"}, 1) in found
    assert "ClockUsed" not in {name for name, *_ in found}


def test_a_change_that_was_refused_counts_nothing(watched_office: Office, written: io.StringIO) -> None:
    request = watched_office.file("access")
    stale, event = amend(request, "received", watched_office.svc.now())
    watched_office.svc.store.commit(stale, event)
    before = len(metrics(written))
    with pytest.raises(RequestChanged):
        watched_office.svc.store.commit(stale, event)
    assert len(metrics(written)) == before


def test_a_synthetic_walk_is_in_no_metric(watched_office: Office, written: io.StringIO) -> None:
    request = watched_office.file("access")
    synthetic = request.model_copy(update={"synthetic": True})
    written.truncate(0)
    changed, event = amend(synthetic, "received", watched_office.svc.now())
    watched_office.svc.store.commit(changed, event)
    assert metrics(written) == []
    assert [m.value for m in gauge([synthetic], synthetic.due_at + timedelta(days=1))] == [0, 0, 0, 0]


def test_the_hourly_gauge_tells_zeros_too(office: Office) -> None:
    request = office.file("access")
    at = {
        days: {m.name: m.value for m in gauge([request], request.received_at + timedelta(days=days))}
        for days in (0, 44, 50)
    }
    assert at[0] == {"Open": 1, "PastNinety": 0, "Late": 0, "NeedsAttention": 0}
    assert at[44] == {"Open": 1, "PastNinety": 1, "Late": 0, "NeedsAttention": 0}
    assert at[50]["Late"] == 1
    assert {m.value for m in gauge([], request.received_at)} == {0}


def test_no_line_names_anybody(watched_office: Office, written: io.StringIO) -> None:
    walked(watched_office)
    who = watched_office.customers[0]
    request = watched_office.svc.store.closed().__next__()
    for secret in (who["email"], who["name"], str(request.subject_hash), *who["answers"].values()):
        assert str(secret) not in written.getvalue()


def test_an_exception_is_its_class_and_place_never_its_words(written: io.StringIO) -> None:
    try:
        raise ValueError("kim@example.com is no number")
    except ValueError:
        log.ours.exception("failed")
    said = json.loads(written.getvalue())
    assert (said["error"], said["level"]) == ("ValueError", "ERROR")
    assert said["where"][-1].startswith("test_watching.py:")
    assert "kim" not in written.getvalue()


def test_set_up_twice_writes_once() -> None:
    """In a process of its own: it is the whole process's logging."""
    code = "import chalicelib.log as l; l.set_up('INFO'); l.set_up('INFO'); l.say('hello', reference='R-1')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    [line] = done.stderr.splitlines()
    said: dict[str, Any] = json.loads(line)
    assert (said["message"], said["reference"]) == ("hello", "R-1")


def test_every_metric_is_documented(watched_office: Office, written: io.StringIO) -> None:
    walked(watched_office)
    log.measure("b", gauge([], watched_office.svc.now()), watched_office.svc.now())
    said = {names(row[0])[0]: (set(names(row[1])), row[2]) for row in rows("docs/watching.md", "table: metrics")}
    for name, by, _ in metrics(written):
        assert said[name][0] == set(by), name
    from chalicelib.domain.feedback import Trouble

    assert [names(r[0])[0] for r in rows("docs/mail-feedback.md", "table: troubles")] == [t.value for t in Trouble]
    assert Measure("MailTrouble", 1, by={"trouble": "bounced"}).by.keys() == said["MailTrouble"][0]
