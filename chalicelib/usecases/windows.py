"""Counting windows: fixed stretches of time since the epoch, so that all who count agree on where one ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def window_end(now: datetime, length: timedelta) -> datetime:
    """The end (UTC) of the window of `length` in which `now` lies."""
    return EPOCH + ((now - EPOCH) // length + 1) * length
