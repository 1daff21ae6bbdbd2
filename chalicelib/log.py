"""Structured logs and metrics: one line of JSON each, on standard error, which CloudWatch takes in.

Rule 7: identifiers, kinds and counts; of an exception its class and the place in our code, never its text, which may
quote data. A metric is a line in CloudWatch's embedded metric format: it costs no call and no permission.
Leaves to others: what is worth a line (domain/watching, usecases).
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

from chalicelib.domain.watching import Measure

NAMESPACE = "Rightsdesk"
ours = logging.getLogger("rightsdesk")
_metrics = logging.getLogger("rightsdesk.metrics")


class AsJson(logging.Formatter):
    """A record as one line; `tags` and, of a metric, `emf` stand beside the usual."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        said: dict[str, Any] = {
            "at": at.isoformat(timespec="milliseconds"), "level": record.levelname, "logger": record.name,
            "message": record.getMessage(), **getattr(record, "tags", {}), **getattr(record, "emf", {}),
        }  # fmt: skip
        if record.exc_info and record.exc_info[0]:
            said |= {"error": record.exc_info[0].__name__, "where": _where(record.exc_info[2])}
        return json.dumps(said, default=str, ensure_ascii=False)


def _where(trace: Any) -> list[str]:
    """The frames, innermost last, as `file:line`: no source text, no values."""
    frames = []
    while trace is not None:
        frames.append(f"{PurePath(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return frames[-8:]


def set_up(level: str) -> None:
    """Write every logger of ours as JSON from `level` on; again is the same."""
    if not any(isinstance(handler.formatter, AsJson) for handler in ours.handlers):
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(AsJson())
        ours.handlers[:] = [handler]
        ours.propagate = False  # Lambda's own handler would write each line again
    ours.setLevel(level)


def say(what: str, **tags: Any) -> None:
    """Something that happened, with identifiers and kinds."""
    ours.info(what, extra={"tags": tags})


def measure(business: str, measures: Sequence[Measure], at: datetime, tags: Mapping[str, Any] | None = None) -> None:
    """Each as one line that is both a log and a metric. `at` is UTC."""
    for each in measures:
        by = {"business": business, **each.by}
        emf = {
            "Timestamp": int(at.timestamp() * 1000),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE, "Dimensions": [sorted(by)],
                "Metrics": [{"Name": each.name, "Unit": each.unit}],
            }],
        }  # fmt: skip
        _metrics.info(each.name, extra={"tags": dict(tags or {}), "emf": {"_aws": emf, **by, each.name: each.value}})
