"""What staff may do beside yes and no, walked over HTTP: leave out a part, hold, take back, decide an appeal."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from local.serving import serving
from local.walk import Walker

UNDO = "4"
"""Seconds of the undo window: long enough to take a decision back."""


@pytest.fixture(scope="module")
def walk() -> Iterator[Walker]:
    with serving("jeffers", RIGHTSDESK_UNDO_SECONDS=UNDO) as run:
        yield Walker(run)


def rows(walk: Walker, sql: str, *args: Any) -> list[dict[str, Any]]:
    with psycopg.connect(walk.run["database_url"], row_factory=dict_row) as connection:
        return list(connection.execute(sql, args))


def before_staff(walk: Walker, right: str, who: dict[str, Any], **fields: Any) -> tuple[str, str, str]:
    """A request proven and gathered: its reference, the member asked, their review link."""
    reference = walk.file(right, who["email"], residence="US-CA", **fields)
    walk.prove(who["email"], reference, who["answers"])
    staff = walk.reviewer(reference)
    return reference, staff, walk.link(staff, "review", reference)


def references(walk: Walker, email: str) -> set[str]:
    return {r for m in walk.mails(email) for r in re.findall(r"R-[0-9A-Z]{4}-[0-9A-Z]{4}", m["subject"])}


def wait_for(found: Callable[[], set[str]]) -> set[str]:
    ends = time.monotonic() + 20
    while not (result := found()):
        assert time.monotonic() < ends
        time.sleep(0.05)
    return result


def card(walk: Walker, link: str) -> dict[str, Any]:
    return dict(walk.get(link, Accept="application/json").json())


def post(walk: Walker, link: str, *fields: tuple[str, str]) -> Any:
    plan = card(walk, link)["plan"] or ""
    return walk.post(link, [("plan", plan), *fields])


def test_a_part_left_out_is_kept_told_and_appealed(walk: Walker) -> None:
    who = walk.run["customers"][0]
    reference, _, link = before_staff(walk, "access", who)
    offered = card(walk, link)["may_leave"]
    assert "shop.reviews" in offered
    assert "Leave out" in walk.get(link).text
    faulty = post(walk, link, ("decision", "approve"), ("leave", "shop.reviews"), ("explanation", "Not yours."))
    assert faulty.status == 422
    said = ("decision", "approve"), ("leave", "shop.reviews"), ("leave", "shop.orders"), ("ground", "exempt")
    done = post(walk, link, *said, ("exemption", "another_person"), ("explanation", "About another."))
    assert done.status == 303
    track = walk.link(who["email"], "track", reference)
    ended = walk.until(track)
    assert (ended["status"], ended["reason"]) == ("partly_fulfilled", "partly_refused")
    mail = walk.answer_mail(who["email"], reference, "left out", "About another.", "1798.145(k)", "You can appeal")
    assert "did not work" not in mail["text"]
    with walk.package(who["email"], reference) as package:
        data = package.read(next(n for n in package.namelist() if n.endswith("data.json"))).decode()
    assert '"id": "reviews"' not in data
    assert '"id": "accounts"' in data
    assert "What we left out" in walk.get(track).text
    assert "/appeal" in walk.get(track).text


def test_a_held_person_is_not_deleted_until_it_is_released(walk: Walker) -> None:
    who = walk.run["customers"][1]
    reference, staff, link = before_staff(walk, "deletion", who)
    assert post(walk, link, ("hold", "yes")).status == 422
    assert post(walk, link, ("hold", "yes"), ("explanation", "A letter from a court.")).status == 303
    again = walk.link(staff, "review", reference, not_in=frozenset({link}))
    page = walk.get(again).text
    assert "Legal hold" in page
    assert "to delete:" not in page
    assert card(walk, again)["held"] is True
    assert post(walk, again, ("decision", "approve")).status == 303
    track = walk.link(who["email"], "track", reference)
    assert walk.until(track)["status"] == "fulfilled"
    walk.answer_mail(who["email"], reference, "Legal hold", "no end date yet")
    assert "Legal hold" in walk.get(track).text
    assert rows(walk, "SELECT 1 FROM shop.accounts WHERE email = %s", who["email"])
    assert post(walk, again, ("release", "yes"), ("explanation", "Over.")).status == 303
    assert card(walk, again)["held"] is False


def test_an_approved_deletion_is_taken_back_refused_and_appealed(walk: Walker) -> None:
    who = walk.run["customers"][2]
    reference, staff, link = before_staff(walk, "deletion", who)
    assert post(walk, link, ("decision", "approve")).status == 303
    assert card(walk, link)["may_undo"]
    back = post(walk, link, ("undo", "yes"))
    assert back.status == 303
    fresh = back.headers["location"]
    assert fresh.partition("/review/")[2] not in link
    assert card(walk, fresh)["status"] == "in_review"
    said = ("decision", "refuse"), ("ground", "exempt"), ("exemption", "legal_obligation")
    assert post(walk, fresh, *said).status == 303
    track = walk.link(who["email"], "track", reference)
    assert walk.until(track)["status"] == "refused"
    walk.answer_mail(who["email"], reference, "1798.105(d)(8)", "You can appeal")

    filed = references(walk, who["email"])
    assert walk.post(f"{track}/appeal", {"text": "Please look again."}).status == 303
    (second,) = wait_for(lambda: references(walk, who["email"]) - filed)
    member = walk.reviewer(second)
    appeal = walk.link(member, "review", second)
    assert "The first decision: refused" in walk.get(appeal).text
    assert not any(second in m["subject"] for m in walk.mails(staff))
    assert post(walk, appeal, *said).status == 303
    assert walk.until(walk.link(who["email"], "track", second))["status"] == "refused"
    walk.answer_mail(who["email"], second, "You appealed", "California Privacy Protection Agency")
    told = [event["what"] for event in walk.status(track)["history"]]
    assert told[-1] == "appeal_denied"
    assert rows(walk, "SELECT 1 FROM shop.accounts WHERE email = %s", who["email"])
