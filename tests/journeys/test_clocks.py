"""Clocks from outside: what governs a request is told on the pages and in the mails, and content decides the right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.serving import serving
from local.walk import Walker


@pytest.fixture(scope="module")
def walk() -> Iterator[Walker]:
    with serving("jeffers") as run:
        yield Walker(run)


def days(told: dict[str, Any]) -> int:
    received, due = (datetime.fromisoformat(told[name]) for name in ("received_at", "due_at"))
    return (due - received).days


def tracker(walk: Walker, email: str, reference: str) -> str:
    """From the mail with this reference in its subject: the two name each other in their texts."""
    walk.answer_mail(email, reference)
    mail = next(m for m in walk.mails(email) if reference in m["subject"])
    return re.search(r"\S+/track/\S+", mail["text"])[0]  # type: ignore[index]


def test_the_form_for_who_was_told_says_what_it_is_not(walk: Walker) -> None:
    page = walk.get("/requests/new?right=california_disclosure").text
    assert "It does not show what we hold about you" in page
    assert "/requests/new?right=access" in page


def test_a_disclosure_that_asks_for_their_own_data_opens_both_on_one_clock(walk: Walker) -> None:
    who = walk.run["customers"][0]
    fields = {"right": "california_disclosure", "email": who["email"], "residence": "US-CA"}
    answer = walk.post("/requests", {**fields, "details": "Whom did you tell? And what do you hold about me?"})
    received = walk.get(answer.headers["location"])
    assert "so we opened two requests" in received.text
    reference = re.search(r"R-\w{4}-\w{4}", received.text)[0]  # type: ignore[index]
    one = tracker(walk, who["email"], reference)
    page = walk.get(one).text
    also = next(named for named in re.findall(r"R-\w{4}-\w{4}", page) if named != reference)
    other = tracker(walk, who["email"], also)
    first, second = walk.status(one), walk.status(other)
    assert (first["right"], second["right"]) == ("california_disclosure", "access")
    assert "Shine the Light" in page
    assert "California Consumer Privacy Act" in walk.get(other).text
    assert second["received_at"] == first["received_at"]
    assert also in walk.answer_mail(who["email"], reference, "a second request")["text"]


def test_more_time_is_on_the_tracker_and_its_reason_only_in_the_mail(walk: Walker) -> None:
    who = walk.run["customers"][1]
    reference = walk.file("access", who["email"], residence="US-CA")
    verify = walk.get(walk.link(who["email"], "verify", reference)).text
    assert "11 CCR 7062(c)" in verify
    walk.prove(who["email"], reference, who["answers"])
    staff = walk.reviewer(reference)
    card = walk.get(walk.link(staff, "review", reference)).text
    for said in (
        "California Consumer Privacy Act",
        "45 days from receipt",
        "the law’s last day is",
        "1798.130(a)(2)(A)",
    ):
        assert said in card
    walk.decide(staff, reference, "extend", explanation="The barn ledger must be read page by page")
    track = walk.link(who["email"], "track", reference)
    page = walk.get(track).text
    assert "We took more time: until" in page
    assert "barn ledger" not in page
    assert "barn ledger" in walk.answer_mail(who["email"], reference, "more time")["text"]
    told = walk.status(track)
    assert "extended once" in page
    assert days(told) in (88, 89, 90)
    assert "take more time" not in walk.get(walk.link(staff, "review", reference)).text.lower()


def test_a_letter_to_another_address_has_its_own_clock(walk: Walker) -> None:
    who, staff = walk.run["customers"][2], walk.run["staff"][1]["email"]
    session = walk.sign_in(staff)
    form = walk.get("/staff/requests/new?right=california_disclosure", Cookie=session).text
    assert "To our privacy address" in form
    on = (datetime.now(UTC) - timedelta(days=4)).date().isoformat()
    fields = {"right": "california_disclosure", "channel": "post", "received_on": on, "email": who["email"]}
    answer = walk.post("/staff/requests/new", {**fields, "designated": "no"}, Cookie=session)
    reference = answer.headers["location"].partition("reference=")[2]
    track = walk.link(who["email"], "track", reference)
    assert days(walk.status(track)) in (149, 150)
    assert "not named for such requests" in walk.get(track).text
