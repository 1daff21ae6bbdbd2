"""The machine's own clock and its source of chance."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime


class SystemClock:
    """See ports.Clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SystemChance:
    """See ports.Chance."""

    def token(self) -> str:
        return secrets.token_urlsafe(32)

    def number(self, bits: int) -> int:
        return secrets.randbits(bits)
