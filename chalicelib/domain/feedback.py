"""Feedback: what the mail service tells of a mail that did not arrive, or was called spam; read from its words.

Rule 7: addresses, subjects and what a mail server wrote are never read out of it: a message id and kinds are. Whatever
is not understood is nothing, never an error: the queue of a topic is no place to get stuck.
Source: "Amazon SNS notification contents for Amazon SES" and "Examples of event data that SES publishes", in the SES
developer guide. Leaves to others: which request it was, and what follows (usecases/feedback).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict


class Trouble(StrEnum):
    """What became of a mail, the worse the later."""

    DELAYED = "delayed"
    """Not there yet; the mail service goes on trying."""
    RETURNED = "returned"
    """It came back, for now: a full mailbox, a message too large, an automatic reply."""
    REJECTED = "rejected"
    """The mail service did not send it."""
    BOUNCED = "bounced"
    """It came back for good: there is no such mailbox, or the service no longer sends there."""
    COMPLAINED = "complained"
    """Whoever got it called it spam."""

    @property
    def lost(self) -> bool:
        """Whether that mail surely never arrives."""
        return self in (Trouble.REJECTED, Trouble.BOUNCED)

    def worse_than(self, other: Trouble) -> bool:
        order = list(Trouble)
        return order.index(self) > order.index(other)


class Sent(BaseModel):
    """A mail that left, by the mail service's id: so that what comes back finds its request."""

    model_config = ConfigDict(frozen=True)

    message_id: str
    reference: str
    mail: str
    """What it was claimed under: its template first, up to a colon."""
    person: str
    """`customer`, `subject`, a staff id, `recipient:<id>`."""
    slot: str = ""
    """Which of the request's addresses it went to, by its name in `Personal`; empty for staff and recipients."""
    at: datetime


class Undelivered(BaseModel):
    """What is known of one mail of a request that did not arrive. `at` is UTC; `slot` as in `Sent`."""

    model_config = ConfigDict(frozen=True)

    trouble: Trouble
    why: str
    at: datetime
    slot: str


@dataclass(frozen=True)
class Feedback:
    message_id: str
    trouble: Trouble
    why: str
    """The mail service's own word for the cause: letters only."""


_UNKNOWN = "Undetermined"
_NO_SPAM = frozenset({"not-spam", "auth-failure"})
"""Complaint reports that say something else than that the mail was unwanted."""


def read(notification: str) -> Feedback | None:
    """What a notification says of a mail; None when it is of another kind, or not understood."""
    try:
        said = json.loads(notification)
    except (ValueError, RecursionError):
        return None
    kind = _of(said, "eventType") or _of(said, "notificationType")
    message_id, trouble = _of(said, "mail", "messageId"), _trouble(kind, said)
    if trouble is None or not isinstance(message_id, str) or not re.fullmatch(r"[\w.@-]{1,200}", message_id, re.ASCII):
        return None
    return Feedback(message_id, trouble[0], _word(trouble[1]))


def _trouble(kind: Any, said: Any) -> tuple[Trouble, Any] | None:
    match kind:
        case "Bounce":
            lasting = _of(said, "bounce", "bounceType") == "Permanent"
            return Trouble.BOUNCED if lasting else Trouble.RETURNED, _of(said, "bounce", "bounceSubType")
        case "Complaint":
            report = _of(said, "complaint", "complaintFeedbackType")
            sub = _of(said, "complaint", "complaintSubType")
            return None if report in _NO_SPAM else (Trouble.COMPLAINED, sub or report)
        case "DeliveryDelay":
            return Trouble.DELAYED, _of(said, "deliveryDelay", "delayType")
        case "Reject":
            return Trouble.REJECTED, "Reject"
        case "Rendering Failure":
            return Trouble.REJECTED, "RenderingFailure"
    return None


def _of(said: Any, *path: str) -> Any:
    for name in path:
        said = said.get(name) if isinstance(said, dict) else None
    return said


def _word(said: Any) -> str:
    """One of the mail service's words; anything else could be anybody's text."""
    return said if isinstance(said, str) and re.fullmatch(r"[A-Za-z][A-Za-z-]{1,39}", said) else _UNKNOWN
