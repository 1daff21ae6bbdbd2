"""The metrics page: for signed-in staff only, as a table, JSON and CSV; nothing small is told."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.request import Right
from chalicelib.domain.status import Status
from chalicelib.domain.tally import SMALL, Counted, Tally, shown, sums
from chalicelib.links import Purpose
from chalicelib.web import plots
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
    table = page.partition("</table>")[0]
    assert table.count('<th scope="row">') == len(Right)
    assert table.count('<th scope="col">') == 9
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


# -- the plots --------------------------------------------------------------------------------------------------------


def test_every_plot_has_its_numbers_in_a_table_beside_it(desk: Desk, session: str) -> None:
    for n in range(12):
        desk.file(Right.CONCERN, Status.WITHDRAWN, email=f"kim{n}@example.com", details="Hm")
    page = desk.get(PAGE, cookie=session).body.decode()
    figures = re.findall(r"<figure.*?</figure>", page, re.DOTALL)
    assert len(figures) == 6
    for figure in figures:
        drawn, table = (
            re.findall(r"<text x=\"128\"[^>]*>([^<]*)<", figure),
            re.findall(r"<th scope=\"row\">([^<]*)<", figure),
        )
        assert drawn == table
        assert 'role="img"' in figure
        assert "aria-label=" in figure
        counts = re.findall(r"</th><td>([^<]*)<", figure)
        said = re.search(r'aria-label="([^"]*)"', figure.partition("<svg")[2])
        assert said
        assert all(f"{label}: {count}" in said[1] for label, count in zip(table, counts, strict=True))
    assert "Nov: 12" in page


counted = st.lists(
    st.builds(
        Tally, id=st.uuids().map(str), year=st.just(2026), right=st.sampled_from(Right),
        outcome=st.sampled_from(Counted), month=st.integers(1, 3), days=st.just(None),
    ),
    max_size=60,
)  # fmt: skip


@given(counted)
def test_no_small_count_can_be_worked_out_of_the_plots_and_the_table(tallies: list[Tally]) -> None:
    """Each table that hides something hides two things, or its sum is hidden elsewhere, too."""
    summed = sums(tallies)
    rows = [shown(each) for each in summed]
    hidden = any(isinstance(n, str) for row in rows for n in (row.received, *row.counts.values()))
    for plot in plots.of_year(summed):
        told = [bar.count for bar in plot.bars]
        assert not [n for n in told if isinstance(n, int) and 0 < n < SMALL]
        if hidden and any(told):
            assert any(isinstance(n, str) for n in told), "its sum would tell what the other table hides"
