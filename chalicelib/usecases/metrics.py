"""Metrics: per calendar year and right, what came, how it was answered and how fast (11 CCR 7102).

A request counts in the year in which it came. What is shown carries no person: small counts are suppressed (MKT-6).
The years that can still change are counted every day, so that a page reads one item however many requests are stored.
Leaves to others: the sums (domain/tally), the page and the command.
"""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Any

from chalicelib.domain.tally import Counted, Shown, Sums, shown, sums
from chalicelib.services import Services

COLUMNS = ("right", "received", *(outcome.value for outcome in Counted), "median_days", "mean_days")

MOVING = 2
"""Years back in which requests may still be reopened or appealed: their record is kept 24 months."""


def this_year(svc: Services) -> int:
    return svc.now().astimezone(svc.business.zone).year


def count(svc: Services, year: int) -> Sums:
    """Count a year anew, from every tally of it, and remember the sums."""
    counted = Sums(year=year, at=svc.now(), rights=sums(svc.store.tallies(year)))
    svc.store.put_sums(counted)
    return counted


def count_open_years(svc: Services) -> dict[str, int]:
    """The daily count: this year and the two before, in which a request may still move. How many came, by year."""
    last = this_year(svc)
    counted = [count(svc, year) for year in range(last - MOVING, last + 1)]
    return {str(each.year): sum(right.received for right in each.rights) for each in counted}


def of_year(svc: Services, year: int) -> tuple[list[Shown], datetime]:
    """The metrics of a year, one per right, as they may be shown, and when (UTC) they were counted.

    Before the first daily count: as of now.
    """
    counted = sums_of(svc, year)
    return [shown(each) for each in counted.rights], counted.at


def sums_of(svc: Services, year: int) -> Sums:
    """A year as it was last counted; before the first daily count: as of now. For drawing, not for showing."""
    return svc.store.sums(year) or Sums(year=year, at=svc.now(), rights=sums(svc.store.tallies(year)))


def as_rows(metrics: list[Shown]) -> list[dict[str, Any]]:
    """One flat row per right, its names those of COLUMNS."""
    return [
        {
            "right": m.right.value,
            "received": m.received,
            **{outcome.value: count for outcome, count in m.counts.items()},
            "median_days": m.median_days,
            "mean_days": m.mean_days,
        }
        for m in metrics
    ]


def as_csv(metrics: list[Shown]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows(as_rows(metrics))
    return text.getvalue()
