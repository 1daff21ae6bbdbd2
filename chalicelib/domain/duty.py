"""A duty: that one of the staff was reminded of the privacy rules on one occasion, and has said so. Pure.

An occasion is a calendar quarter (`2026-Q4`) or a version of the policy (`policy-2027-01`).
Leaves to others: when to remind (usecases/duties), its storage (adapters/duties).
"""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict


class Duty(BaseModel):
    model_config = ConfigDict(frozen=True)

    occasion: str
    member: str
    reminded: tuple[datetime, ...] = ()
    """When they were mailed, first to last (UTC)."""
    acknowledged_at: datetime | None = None
    revision: int = 1


def quarter_of(day: date) -> str:
    return f"{day.year}-Q{(day.month + 2) // 3}"


def policy_occasion(version: str) -> str:
    return f"policy-{version}"
