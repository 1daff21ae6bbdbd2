"""The doors for programs, mail and work by hand, tried by people who mean harm and by forty clicks at once."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.walk import Answer
from tests.outside.visitor import Visitor, decent, in_parallel, overheard, swept

XSS = "<script>alert(1)</script><img src=x onerror=alert(2)>"
UNESCAPED = re.compile(r"<script>alert|<img src=x")
FORTY = 40


@pytest.fixture(scope="module")
def run() -> Iterator[dict[str, Any]]:
    with overheard("jeffers", RIGHTSDESK_LOG_LEVEL="INFO") as run:
        yield run


@pytest.fixture
def v(run: dict[str, Any]) -> Iterator[Visitor]:
    yield Visitor(run)
    swept(run)


def deliver(v: Visitor, sender: str, subject: str, text: str, *headers: str) -> Answer:
    lines = (f"From: {sender}", "To: jeffers-privacy@example.com", f"Subject: {subject}", *headers)
    raw = "\r\n".join((*lines, "Content-Type: text/plain; charset=utf-8", "", text, "")).encode()
    return decent(v.call("POST", f"{v.run['mail_url']}/api/inbound", raw, Content_Type="message/rfc822"))


def to(v: Visitor, address: str) -> list[str]:
    v.settled()
    return [m["subject"] for m in v.mails(address)]


# -- hearing again, and the signed question ----------------------------------------------------------------------------


def test_forty_askings_to_hear_again_are_three_mails_and_forty_presses_are_one(v: Visitor) -> None:
    victim = v.fresh()
    assert v.api({"right": "opt_out", "email": victim, "stop": ["email"]}).status == 202
    v.settled()
    answers = in_parallel(v.run, [lambda w: w.post("/hear-again", {"email": victim, "scope": "email"})] * FORTY)
    assert {(decent(a).status, a.text) for a in answers} == {(200, answers[0].text)}
    v.settled()
    links = [re.search(r"\S+/hear-again/[\w-]+", m["text"]) for m in v.mails(victim)]
    mailed = [link[0] for link in links if link]
    assert len(mailed) == 3
    pressed = in_parallel(v.run, [lambda w: w.post(mailed[0], {"confirm": "yes"})] * FORTY)
    assert {decent(a).status for a in pressed} == {200}


def test_forty_unsigned_questions_are_refused_alike(v: Visitor) -> None:
    body = {"identifiers": [{"kind": "email", "value": v.customer(0)["email"]}]}
    unknown = {"identifiers": [{"kind": "email", "value": v.fresh()}]}
    asked = [lambda w, b=b: w.call("POST", "/api/suppressions/check", *json_of(b)) for b in (body, unknown)]
    answers = in_parallel(v.run, asked * (FORTY // 2))
    assert len({(decent(a).status, a.text) for a in answers}) == 1
    assert answers[0].status in (401, 403)


def json_of(body: Any) -> tuple[bytes]:
    return (json.dumps(body).encode(),)


@pytest.mark.parametrize("path", ["/callbacks/x", "/api/suppressions/check", "/hear-again/x", "/task/x", "/staff/mail"])
def test_strangers_get_nothing_and_break_nothing(v: Visitor, path: str) -> None:
    assert decent(v.get(path)).status in (302, 303, 401, 403, 404, 405, 410)
    for body, kind in ((b"{", "application/json"), (b"\xff\x00", "multipart/form-data; boundary=b"), (b"", "")):
        answers = in_parallel(v.run, [lambda w: w.call("POST", path, body, Content_Type=kind)] * 8)  # noqa: B023
        assert all(decent(a).status in (302, 303, 400, 401, 403, 404, 410, 415, 422) for a in answers)


# -- mail --------------------------------------------------------------------------------------------------------------


def test_a_mail_acts_for_nobody_but_its_sender(v: Visitor) -> None:
    victim, attacker, other = v.fresh(), v.fresh(), v.fresh()
    reference = v.file("access", victim)
    v.link(victim, "verify", reference)
    v.settled()
    before = len(v.mails(victim))
    named = (f"Reply-To: {victim}", f"Sender: {victim}", f"Cc: {other}", f"References: <{reference}@x.example.com>")
    deliver(v, attacker, f"REMOVE {reference}", f"Please delete my account. Answer to {other}", *named)
    assert len(to(v, victim)) == before
    assert not to(v, other)
    assert v.status(v.link(victim, "track", reference))["status"] == "verifying"


def test_forty_mails_at_once_are_one_mail_back(v: Visitor) -> None:
    victim = v.fresh()
    in_parallel(v.run, [lambda w, n=n: deliver(w, victim, "Hello", f"Delete my account {n}") for n in range(FORTY)])
    assert len(to(v, victim)) <= 3


def test_what_a_stranger_wrote_runs_nowhere(v: Visitor) -> None:
    deliver(v, f'"{XSS}" <{v.fresh()}>', f"Hello {XSS}", f"What is this {XSS} good for?")
    cookie = v.signed_in(v.run["staff"][0]["email"])
    listed = decent(v.get("/staff/mail", Cookie=cookie)).text
    ids = re.findall(r'name="show" value="([^"]+)"', listed)
    assert ids
    shown = [decent(v.post("/staff/mail", {"show": id}, Cookie=cookie)).text for id in ids]
    assert "&lt;script&gt;" in "".join(shown)
    assert not UNESCAPED.search(listed + "".join(shown))
    done = in_parallel(v.run, [lambda w: w.post("/staff/mail", {"done": ids[0]}, Cookie=cookie)] * FORTY)
    assert {decent(a).status for a in done} <= {303, 404}


def test_rule_7_nothing_of_a_mail_or_of_who_asks_to_hear_again_is_logged(v: Visitor) -> None:
    sender, victim = "zipporah.quill@example.com", "barnaby.thistlewood@example.com"
    deliver(v, f"Zipporah Quill <{sender}>", "My gelding Marmalade", "Please delete my account and all of Marmalade's.")
    deliver(v, f"Zipporah Quill <{sender}>", "REMOVE Marmalade", "Stop it.", "Auto-Submitted: auto-replied")
    decent(v.post("/hear-again", {"email": victim, "scope": "email"}))
    decent(v.call("POST", "/api/suppressions/check", *json_of({"identifiers": [{"kind": "email", "value": victim}]})))
    deadline = time.monotonic() + v.patience
    while not v.mails(victim) and time.monotonic() < deadline:
        time.sleep(0.1)
    v.settled()
    link = re.search(r"/hear-again/([\w-]+)", v.mails(victim)[0]["text"])
    assert link
    decent(v.post(link[0], {"confirm": "yes"}))
    logged = Path(v.run["log"]).read_text(errors="replace")
    assert "mail " in logged, "the mail was handled"
    assert not re.search(rf"zipporah|quill|marmalade|barnaby|thistlewood|{re.escape(link[1])}", logged, re.IGNORECASE)
