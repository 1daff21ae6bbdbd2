"""An announcement: one change of the policy, told once to everybody the business can write to. Pure.

It counts and dates, and names nobody; how far it came may hold a person's key, so that lies sealed (rule 7).
Leaves to others: who is told and who is left alone (usecases/announcements), its storage (adapters/duties).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Met(StrEnum):
    """What became of one address of the list."""

    SENT = "sent"
    LEFT_ALONE = "left_alone"
    """Stopped such mail, or deleted their data."""
    AGAIN = "again"
    """Had it already: listed twice, or met again after an interruption."""
    NO_ADDRESS = "no_address"
    REFUSED = "refused"
    """The mail service did not take it."""
    UNSURE = "unsure"
    """Nobody knows whether it left; it is not sent again."""


class Announcement(BaseModel):
    """How one announcement stands. `place`: which list is read; `takes_effect`: a day of the business's calendar."""

    model_config = ConfigDict(frozen=True)

    version: str
    """Of the policy that it announces."""
    by: str
    begun_at: datetime
    takes_effect: date
    place: int = 0
    counts: dict[Met, int] = Field(default_factory=dict)
    finished_at: datetime | None = None
    revision: int = 1
    after: bytes = b""
    """The last record read of that list, sealed."""

    def moved(self, met: Mapping[Met, int], *, place: int, after: bytes, finished_at: datetime | None) -> Announcement:
        """One revision on: these more were met."""
        counts = {each: self.counts.get(each, 0) + met.get(each, 0) for each in Met}
        return self.model_copy(
            update={
                "counts": {each: n for each, n in counts.items() if n}, "place": place, "after": after,
                "finished_at": finished_at, "revision": self.revision + 1,
            }
        )  # fmt: skip
