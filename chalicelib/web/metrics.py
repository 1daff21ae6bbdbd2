"""The metrics page: a table and plots for signed-in staff, and the same as JSON or CSV.

MKT-6: it carries no person, and small counts are not shown. Leaves to others: what is counted (usecases/metrics).
"""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib.domain.tally import Counted
from chalicelib.errors import InvalidRequest, LinkError
from chalicelib.usecases import metrics as figures
from chalicelib.usecases import staffroom
from chalicelib.web import plots, replies
from chalicelib.web.asked import Asked
from chalicelib.web.replies import ANY, answered
from chalicelib.web.sessions import session

metrics = Blueprint(__name__)

FIRST_YEAR = 2020
YEARS_OFFERED = 4


@metrics.route("/staff/metrics", methods=["GET"], content_types=ANY)
@answered(metrics)
def page(asked: Asked) -> Response:
    try:
        staffroom.staff_of(asked.svc, session(asked))
    except LinkError:
        return replies.see(asked, "/staff/sign-in")
    last = figures.this_year(asked.svc)
    year = _year(asked.query("year"), last)
    found, counted_at = figures.of_year(asked.svc, year)
    if asked.query("format") == "csv":
        return Response(figures.as_csv(found), _csv_headers(asked.svc.business.id, year), 200)
    if asked.wants_json:
        return replies.as_json({"year": year, "counted_at": counted_at.isoformat(), "rights": figures.as_rows(found)})
    years = range(last, last - YEARS_OFFERED, -1)
    return replies.page(
        asked, "metrics", year=year, years=years, metrics=found, outcomes=list(Counted), counted_at=counted_at,
        plots=plots.of_year(figures.sums_of(asked.svc, year).rights),
    )  # fmt: skip


def _year(typed: str, last: int) -> int:
    if not typed:
        return last
    if not (typed.isascii() and typed.isdigit() and len(typed) == 4 and FIRST_YEAR <= int(typed) <= last):
        raise InvalidRequest({"year": f"Give a year from {FIRST_YEAR} to {last}."})
    return int(typed)


def _csv_headers(business: str, year: int) -> dict[str, str | list[str]]:
    name = f"{business}-requests-{year}.csv"
    return {"Content-Type": "text/csv; charset=utf-8", "Content-Disposition": f'attachment; filename="{name}"'}
