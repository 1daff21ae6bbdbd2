"""Alarms on our own metrics (docs/watching.md): who must be woken for what. In the template at packaging.

Leaves to others: alarms on AWS's metrics (.chalice/template/watch.yaml), one for each function (template), the metrics
themselves (chalicelib/domain/watching).
"""

from __future__ import annotations

from typing import Any

from chalicelib.businesses.model import Business
from chalicelib.log import NAMESPACE

HOUR, DAY = 3600, 86400
QUIET, RINGS = "notBreaching", "breaching"
OVER: dict[str, tuple[str, str, dict[str, str], str, int, int, int]] = {
    "PastNinetyAlarm": ("A request is past 90 % of its clock", "PastNinety", {}, "Maximum", HOUR, 1, 0),
    "NeedsAttentionAlarm": ("A step could not go on: a person looks", "NeedsAttention", {}, "Minimum", HOUR, 2, 0),
    "LostMailAlarm": ("Mails come back for good", "MailTrouble", {"trouble": "bounced"}, "Sum", DAY, 1, 3),
    "SpamAlarm": ("Our mails are called spam", "MailTrouble", {"trouble": "complained"}, "Sum", DAY, 1, 3),
    "CanaryAlarm": ("The synthetic customer got no answer", "CanaryFailed", {}, "Maximum", HOUR, 1, 0),
}
"""By name: what it says, metric, dimensions beside the business, statistic, period, periods, what it must be over."""
MISSING = {
    "SweepAlarm": ("The hourly sweep does not run", "Open"),
    "NoCanaryAlarm": ("The synthetic customer does not walk", "CanaryFailed"),
}
CANARYS = ("CanaryAlarm", "NoCanaryAlarm")
FEWEST = 10
"""Of so many people at least a rate means something."""


def alarms(business: Business) -> dict[str, Any]:
    """By their names in the template."""
    made = {name: _over(business.id, *how) for name, how in OVER.items()}
    made |= {name: _missing(business.id, *how) for name, how in MISSING.items()}
    made["ProvenAlarm"] = _fewer_prove(business.id)
    for name in CANARYS:  # it walks by mail that comes in
        made[name]["Condition"] = "ReceivesMail"
    return {name: alarm for name, alarm in made.items() if business.canary or name not in CANARYS}


def _alarm(words: str, **said: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {"AlarmDescription": words, "AlarmActions": [{"Ref": "Alerts"}], **said},
    }


def _dimensions(business: str, by: dict[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in sorted({"business": business, **by}.items())]


def _over(
    business: str, words: str, metric: str, by: dict[str, str], statistic: str, period: int, periods: int, most: int
) -> dict[str, Any]:  # fmt: skip
    return _alarm(
        words, Namespace=NAMESPACE, MetricName=metric, Dimensions=_dimensions(business, by), Statistic=statistic,
        Period=period, EvaluationPeriods=periods, Threshold=most, ComparisonOperator="GreaterThanThreshold",
        TreatMissingData=QUIET,
    )  # fmt: skip


def _missing(business: str, words: str, metric: str) -> dict[str, Any]:
    """Rings when nothing at all was measured for half a day."""
    return _alarm(
        words, Namespace=NAMESPACE, MetricName=metric, Dimensions=_dimensions(business, {}), Statistic="SampleCount",
        Period=DAY // 2, EvaluationPeriods=1, Threshold=1, ComparisonOperator="LessThanThreshold",
        TreatMissingData=RINGS,
    )  # fmt: skip


def _fewer_prove(business: str) -> dict[str, Any]:
    def of(id: str, statistic: str) -> dict[str, Any]:
        metric = {"Namespace": NAMESPACE, "MetricName": "Proven", "Dimensions": _dimensions(business, {})}
        return {"Id": id, "ReturnData": False, "MetricStat": {"Metric": metric, "Period": DAY, "Stat": statistic}}

    rate = {"Id": "proven", "Expression": f"IF(asked >= {FEWEST}, rate, 1)", "Label": "Proven", "ReturnData": True}
    return _alarm(
        "Fewer than half of those who asked prove their mailbox", Metrics=[of("rate", "Average"),
        of("asked", "SampleCount"), rate], EvaluationPeriods=1, Threshold=0.5,
        ComparisonOperator="LessThanThreshold", TreatMissingData=QUIET,
    )  # fmt: skip
