"""What EventBridge does on AWS, when asked: one scheduled function of ours, run now.

Nothing runs by itself here: whoever tries things out, or a test, says when. Leaves to others: what each does (app.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from chalice.local import LambdaContext

QUARTER_OF_AN_HOUR_MS = 900_000
"""As long as a Lambda may run at most."""
Run = Callable[[str], Any]
"""Runs a schedule by its name; what it said. Raises KeyError for a name that is none."""


def runner(handlers: Mapping[str, Any], scheduled: frozenset[str]) -> Run:
    def run(name: str) -> Any:
        if name not in scheduled:
            raise KeyError(name)
        event = {
            "version": "0", "id": str(uuid4()), "detail-type": "Scheduled Event", "source": "aws.events",
            "account": "123456789012", "region": "us-east-1", "detail": {}, "resources": [],
            "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }  # fmt: skip
        return handlers[name](event, LambdaContext(name, 512, QUARTER_OF_AN_HOUR_MS))

    return run


def names(app: Any) -> frozenset[str]:
    """The scheduled functions of app.py."""
    return frozenset(source.name for source in app.event_sources if hasattr(source, "schedule_expression"))
