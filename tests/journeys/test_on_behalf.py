"""Others on one's behalf, over HTTP and mail through the real workflow: an agent, a parent, a caller without email."""

from __future__ import annotations

import re
import zipfile
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from local.walk import Walker
from tests.promises.conftest import Desk, desk  # noqa: F401 (the fixture)
from tests.promises.evidence import changed, signed_in, tables

BUSINESS = "jeffers"
AGENT = "harper.agent@example.com"
RUTH = "ruth.calderwood@example.com"


def whole(package: zipfile.ZipFile) -> str:
    return "".join(package.read(name).decode() for name in package.namelist())


def from_agent(walk: Walker, subject: dict[str, str], right: str = "access") -> str:
    """An agent's request, their own mailbox proven: its reference."""
    reference = walk.file(
        right, AGENT, name="Harper Agent", relationship="agent", subject_name=subject["name"],
        subject_email=subject["email"], residence="US-CA",
    )  # fmt: skip
    walk.prove(AGENT, reference)
    return reference


def test_an_agent_acts_once_the_person_has_agreed(desk: Desk) -> None:  # noqa: F811
    marisol, walk = desk.customers[0], desk.walk
    reference = from_agent(walk, marisol)
    consent = walk.link(marisol["email"], "consent", reference)
    assert walk.status(walk.link(AGENT, "track", reference))["reason"] == "awaiting_consent"
    page = walk.get(consent)
    assert page.status == 200
    assert "Harper" not in page.text
    shown = walk.post(consent, {"show": "yes"}).text
    assert "Harper Agent" in shown
    assert AGENT in shown
    answers = {f"answer.{k}": v for k, v in marisol["answers"].items() if f'name="answer.{k}"' in shown}
    unsigned = walk.post(consent, {"confirm": "yes", **answers})
    assert unsigned.status == 422
    assert "Harper Agent" in unsigned.text
    signed = {"declare": "yes", "signature": marisol["name"]}
    assert walk.post(consent, {"confirm": "yes", **answers, **signed}).status == 303
    assert "They may act for you" in walk.get(consent).text
    walk.decide(walk.reviewer(reference), reference, "approve")
    walk.until(walk.link(AGENT, "track", reference), "fulfilled")
    assert marisol["answers"]["order_number"] in whole(walk.package(marisol["email"], reference))
    for mail in walk.mails(AGENT):
        assert "/results/" not in mail["text"]
        assert marisol["email"] not in mail["text"]


def test_an_agent_whom_the_person_does_not_know_gets_nothing(desk: Desk) -> None:  # noqa: F811
    tobias, walk = desk.customers[1], desk.walk
    before = tables(desk)
    reference = from_agent(walk, tobias, "deletion")
    consent = walk.link(tobias["email"], "consent", reference)
    assert "stopped" in walk.post(consent, {"confirm": "no"}).text
    assert walk.post(consent, {"confirm": "yes"}).status == 404
    assert walk.status(walk.link(AGENT, "track", reference))["status"] == "frozen"
    staff = walk.reviewer(reference)
    walk.decide(staff, reference, "refuse", ground="suspected_fraud")
    walk.until(walk.link(AGENT, "track", reference), "refused")
    assert changed(before, tables(desk)) == {}


def test_a_power_of_attorney_that_staff_have_seen_stands_for_the_consent(desk: Desk) -> None:  # noqa: F811
    marisol, walk = desk.customers[0], desk.walk
    reference = from_agent(walk, marisol)
    assert walk.link(marisol["email"], "consent", reference)
    known = {"Cookie": signed_in(desk, RUTH).cookie}
    review = walk.run["base_url"] + walk.post("/staff", {"open": reference}, **known).headers["location"]
    card = walk.get(review).text
    assert "has not agreed yet" in card
    assert "What would happen" not in card
    assert walk.post(review, {"note": "power_of_attorney"}).status == 303
    walk.decide(walk.reviewer(reference), reference, "approve")
    assert marisol["answers"]["order_number"] in whole(walk.package(AGENT, reference))
    assert "power of attorney on paper, noted by" in walk.get(review).text


def test_a_parent_of_a_child_who_is_not_on_file_hears_so(desk: Desk) -> None:  # noqa: F811
    ines, walk = desk.customers[4], desk.walk
    reference = walk.file("access", ines["email"], relationship="parent", subject_name="Zebulon", residence="US-TX")
    walk.prove(ines["email"], reference, ines["answers"])
    walk.until(walk.link(ines["email"], "track", reference), "fulfilled")
    assert "no child of the name you gave" in walk.answer_mail(ines["email"], reference, "looked")["text"]


def test_a_caller_without_email_is_answered_by_letter(desk: Desk) -> None:  # noqa: F811
    marisol, walk = desk.customers[0], desk.walk
    [account] = desk.rows("SELECT * FROM shop.accounts WHERE email = %s", marisol["email"])
    today = datetime.now(ZoneInfo("America/Chicago")).date()
    known = {"Cookie": signed_in(desk, RUTH).cookie}
    call = {
        "right": "access", "channel": "phone", "received_on": str(today), "name": marisol["name"],
        "residence": "US-CA", "identifier": account["customer_number"], "identifier_kind": "customer_number",
        "postal_address": "1 Thief Lane, Nowhere",
    }  # fmt: skip
    assert "how you made sure" in walk.post("/staff/requests/new", call, **known).text
    filed = walk.post("/staff/requests/new", {**call, "noted": "called_back"}, **known)
    reference = filed.headers["location"].rpartition("reference=")[2]
    review = walk.decide(RUTH, reference, "approve")
    for _ in range(200):
        waiting = walk.get("/staff", Accept="application/json", **known).json()["requests"]
        if any(r["reference"] == reference and r["to_post"] for r in waiting):
            break
    else:
        pytest.fail("the answer is not in the queue to be posted")
    assert "Answer to be posted" in walk.get(f"/staff?reference={reference}", **known).text
    letter = walk.post(review, {"print": "yes"}).text
    assert account["street"] in letter
    assert "Thief" not in letter
    assert "Another address was given" in letter
    data = walk.post(review, {"print": "package"})
    assert data.headers["content-security-policy"].count("sha256-") == 1
    assert account["customer_number"] in data.text
    assert not re.search(re.escape(reference), "".join(m["subject"] for m in walk.mails(marisol["email"])))
    assert walk.post(review, {"posted": "yes"}).status == 303
    left = walk.get("/staff", Accept="application/json", **known).json()["requests"]
    assert reference not in {r["reference"] for r in left}
