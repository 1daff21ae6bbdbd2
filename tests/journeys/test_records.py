"""The metrics, walked from outside: seven people are answered, staff sign in and read how many and how fast."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

import pytest

from local.serving import serving
from local.walk import Walker


@pytest.fixture(scope="module")
def walk() -> Iterator[Walker]:
    with serving("cetrus") as run:
        yield Walker(run)


@pytest.fixture(scope="module")
def cookie(walk: Walker) -> str:
    """Of a member of staff who signed in by mail; by then seven opt-outs are answered, and one access is open."""
    people = [f"person{n}@example.com" for n in range(7)]
    references = [walk.file("opt_out", who, stop=["email"]) for who in people]
    for who, reference in zip(people, references, strict=True):
        walk.until(walk.link(who, "track", reference), "fulfilled")
    walk.file("access", walk.run["customers"][0]["email"])
    staff = walk.run["staff"][0]["email"]
    return walk.sign_in(staff)


def figures(walk: Walker, cookie: str, **more: str) -> dict[str, Any]:
    said = walk.get("/staff/metrics", Cookie=cookie, Accept="application/json", **more).json()
    return {row["right"]: row for row in said["rights"]}


def test_a_visitor_is_sent_to_sign_in(walk: Walker) -> None:
    for path in ("/staff/metrics", "/staff/metrics?format=csv"):
        answer = walk.get(path)
        assert (answer.status, answer.headers["location"]) == (303, "/staff/sign-in")


def test_staff_find_the_page_from_their_queue(walk: Walker, cookie: str) -> None:
    assert 'href="/staff/metrics"' in walk.get("/staff", Cookie=cookie).text
    page = walk.get("/staff/metrics", Cookie=cookie)
    assert page.status == 200
    row = next(row for row in page.text.split("<tr>") if "Stop mail or sharing" in row)
    assert re.findall(r"<td>(.*?)</td>", row) == ["7", "7", "0", "0", "0", "0", "0", "0.0"]


def test_as_json_and_csv_they_say_the_same(walk: Walker, cookie: str) -> None:
    rights = figures(walk, cookie)
    assert (rights["opt_out"]["received"], rights["opt_out"]["whole"], rights["opt_out"]["median_days"]) == (7, 7, 0)
    assert rights["access"]["received"] == rights["access"]["open"] == "fewer than 5"
    text = walk.get("/staff/metrics?format=csv", Cookie=cookie).text
    rows = {row["right"]: row for row in csv.DictReader(io.StringIO(text))}
    assert {right: row["received"] for right, row in rows.items()} == {
        right: str(row["received"]) for right, row in rights.items()
    }


def test_a_year_without_requests_has_none(walk: Walker, cookie: str) -> None:
    said = walk.get("/staff/metrics?year=2024", Cookie=cookie, Accept="application/json").json()
    assert {row["received"] for row in said["rights"]} == {0}
    assert walk.get("/staff/metrics?year=soon", Cookie=cookie).status == 422
