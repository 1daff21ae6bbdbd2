"""Alarms look at metrics that are written, under the dimensions under which they are; each rings somewhere."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.businesses.loader import load
from local.alarms import alarms
from tests.docs.pages import names, rows

JEFFERS = load("jeffers")


def looked_at(alarm: dict[str, Any]) -> list[tuple[str, set[str]]]:
    """Metric and dimensions, beside the business."""
    said = alarm["Properties"]
    inner = [m["MetricStat"]["Metric"] for m in said.get("Metrics", ()) if "MetricStat" in m]
    return [(m["MetricName"], {d["Name"] for d in m["Dimensions"]} - {"business"}) for m in inner or [said]]


@pytest.mark.parametrize("name", alarms(JEFFERS))
def test_an_alarm_looks_at_a_metric_that_is_written_and_tells_a_person(name: str) -> None:
    documented = {names(row[0])[0]: set(names(row[1])) for row in rows("docs/watching.md", "table: metrics")}
    alarm = alarms(JEFFERS)[name]
    for metric, by in looked_at(alarm):
        assert documented[metric] == by
    assert alarm["Properties"]["AlarmActions"] == [{"Ref": "Alerts"}]
    assert alarm["Properties"]["AlarmDescription"]


def test_nothing_worth_waking_for_is_forgotten() -> None:
    watched = {metric for alarm in alarms(JEFFERS).values() for metric, _ in looked_at(alarm)}
    assert watched == {"PastNinety", "NeedsAttention", "MailTrouble", "Proven", "CanaryFailed", "Open"}


def test_a_business_without_a_canary_is_not_woken_for_one() -> None:
    without = JEFFERS.model_copy(update={"canary": None})
    assert {m for alarm in alarms(without).values() for m, _ in looked_at(alarm)} & {"CanaryFailed"} == set()
    assert set(alarms(JEFFERS)) - set(alarms(without)) == {"CanaryAlarm", "NoCanaryAlarm"}
