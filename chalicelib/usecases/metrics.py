"""Metrics: per calendar year and right, what came, how it was answered and how fast (11 CCR 7102).

A request counts in the year in which it came. What is shown carries no person: small counts are suppressed (MKT-6).
Leaves to others: the counting (domain/tally), the page and the command.
"""

from __future__ import annotations

import csv
import io
from typing import Any

from chalicelib.domain.tally import Counted, Shown, shown, sums
from chalicelib.services import Services

COLUMNS = ("right", "received", *(outcome.value for outcome in Counted), "median_days", "mean_days")


def this_year(svc: Services) -> int:
    return svc.now().astimezone(svc.business.zone).year


def of_year(svc: Services, year: int) -> list[Shown]:
    """The metrics of a year, one per right, as they may be shown."""
    return [shown(each) for each in sums(svc.store.tallies(year))]


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
