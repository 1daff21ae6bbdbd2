"""A notice: what one recipient was told in one request and what they made of it, stored by itself.

Article 19 GDPR, Civil Code 1798.105(c)(1). Rule 8: nobody counts as having acted before they said so, and the answer
names who has not. In the clear here: states and causes; whom it is about never. Leaves to others: telling and hearing
(usecases/recipients), asking again (usecases/chasing).
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from chalicelib.domain.identity import Identifier
from chalicelib.domain.request import Right


class NoticeState(StrEnum):
    PENDING = "pending"
    TOLD = "told"
    CONFIRMED = "confirmed"
    NONE = "none"
    KEPT = "kept"
    FAILED = "failed"

    @property
    def settled(self) -> bool:
        """Whether nothing more is to come from them."""
        return self in (NoticeState.CONFIRMED, NoticeState.NONE, NoticeState.KEPT)


SAID = {"done": NoticeState.CONFIRMED, "none": NoticeState.NONE, "kept": NoticeState.KEPT}
"""A recipient's word for what they did."""


class Notice(BaseModel):
    """Where one recipient stands in one request. Times are UTC; `version` guards each write."""

    model_config = ConfigDict(frozen=True)

    reference: str
    recipient: str
    id: str
    """A random UUID: the name of this notice at the recipient's, which makes telling twice the same telling."""
    version: int = 1
    state: NoticeState = NoticeState.PENDING
    begun_at: datetime
    told_at: datetime | None = None
    settled_at: datetime | None = None
    why: str | None = None
    """What went wrong last, in words for staff."""
    chased: int = 0
    owed: bool = False
    """The answer said that they had not confirmed: the customer hears again."""
    next_at: datetime | None = None
    """When the daily sweep looks at it; None: never again."""

    def now(self, **changes: Any) -> Notice:
        """The next version."""
        return self.model_copy(update={"version": self.version + 1, **changes})


class Tidings(BaseModel):
    """What a recipient's system is told: whom it is about and what to do. Personal: never stored, never logged."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    id: str
    reference: str
    right: Right
    regime: str
    at: datetime
    due_at: datetime
    identities: tuple[Identifier, ...] = ()
    name: str | None = None
    corrections: tuple[tuple[str, str, str], ...] = ()
    """Category, label, new value."""
    stop: tuple[str, ...] = ()
    callback_url: str


class Reply(BaseModel):
    """What a recipient's system says of a notice: told (it works on it), settled, or failed with the reason."""

    model_config = ConfigDict(frozen=True)

    state: NoticeState
    why: str | None = None


class Posted(BaseModel):
    """A callback as it came: raw bytes, header names in lower case."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    headers: dict[str, str] = Field(default_factory=dict)
    body: bytes
    url: str
    """Our own address that it was posted to."""
