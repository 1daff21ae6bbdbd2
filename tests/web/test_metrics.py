"""The metrics page: for signed-in staff only, as a table, JSON and CSV; nothing small is told."""

from __future__ import annotations

import csv
import io

import pytest

from chalicelib.domain.request import Right
from chalicelib.domain.status import Status
from chalicelib.links import Purpose
from tests.web.conftest import Desk

PAGE = "/staff/metrics"


@pytest.fixture
def session(desk: Desk) -> str:
    return "staff=" + desk.link(Purpose.SESSION, None, "dana").removeprefix("/session/")


@pytest.mark.parametrize("how", ["", "?format=csv", "?year=2026"])
def test_nobody_sees_them_without_signing_in(desk: Desk, how: str) -> None:
    for headers in ({}, {"accept": "application/json"}, {"cookie": "staff=stolen"}):
        answer = desk.get(PAGE + how, **headers)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/staff/sign-in")


def test_the_table_says_for_each_right_what_came_of_it(desk: Desk, session: str) -> None:
    for _ in range(6):
        desk.file(Right.CONCERN, Status.WITHDRAWN, email=f"kim{_}@example.com", details="Hm")
    desk.file(Right.ACCESS)
    before = desk.state()
    answer = desk.get(PAGE, cookie=session)
    page = answer.body.decode()
    assert answer.status_code == 200
    assert page.count('<th scope="row">') == len(Right)
    assert page.count('<th scope="col">') == 9
    assert "fewer than 5" in page
    assert "kim" not in page
    assert desk.state() == before
    rights = {r["right"]: r for r in desk.get(PAGE, cookie=session, accept="application/json").json_body["rights"]}
    assert (rights["concern"]["received"], rights["concern"]["ended"]) == (6, 6)
    assert rights["access"]["received"] == rights["access"]["open"] == "fewer than 5"


def test_as_csv(desk: Desk, session: str) -> None:
    answer = desk.get(f"{PAGE}?format=csv&year=2025", cookie=session)
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="pawsome-requests-2025.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.body.decode())))
    assert [row["right"] for row in rows] == [right.value for right in Right]
    assert {row["received"] for row in rows} == {"0"}


@pytest.mark.parametrize("year", ["2019", "2027", "-2026", "abc", "20²6", "99999999999", "2026.0"])
def test_a_year_that_is_none_is_refused(desk: Desk, session: str, year: str) -> None:
    assert desk.get(f"{PAGE}?year={year}", cookie=session).status_code == 422
