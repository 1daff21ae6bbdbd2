"""What SES would tell of a mail, on one's own machine: a bounce, a complaint, a delay, in the words of its SNS events.

`POST {mail_url}/api/feedback` with `{"id": "<id of a message>", "kind": "bounce"}` hands it to `note_mail_feedback`.
Leaves to others: what follows (chalicelib/usecases/feedback).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from local.machine import Handler

Feed = Callable[[dict[str, Any], str], list[str]]
"""Takes a message of the mailbox and a kind; says what became of it."""

KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "bounce": ("Bounce", "bounce", {"bounceType": "Permanent", "bounceSubType": "NoEmail"}),
    "returned": ("Bounce", "bounce", {"bounceType": "Transient", "bounceSubType": "MailboxFull"}),
    "complaint": ("Complaint", "complaint", {"complaintFeedbackType": "abuse", "complaintSubType": None}),
    "delay": ("DeliveryDelay", "deliveryDelay", {"delayType": "MailboxFull"}),
    "reject": ("Reject", "reject", {"reason": "Bad content"}),
}


def nowhere(letter: dict[str, Any], kind: str) -> list[str]:
    """To nobody: a mailbox alone."""
    return []


def event(kind: str, message_id: str, to: list[str]) -> dict[str, Any]:
    """The SNS event of one notification, addresses and all, as SES writes it."""
    name, about, said = KINDS[kind]
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    whom = {"bounce": "bouncedRecipients", "complaint": "complainedRecipients", "deliveryDelay": "delayedRecipients"}
    people = {whom[about]: [{"emailAddress": address} for address in to]} if about in whom else {}
    message = {
        "eventType": name,
        about: {**said, **people, "timestamp": now, "feedbackId": f"local-{message_id}"},
        "mail": {"messageId": message_id, "destination": to, "timestamp": now, "commonHeaders": {"to": to}},
    }
    return {"Records": [{"EventSource": "aws:sns", "Sns": {"Type": "Notification", "Message": json.dumps(message)}}]}


def feed(handlers: Mapping[str, Handler]) -> Feed:
    """Hands it over as SNS does."""

    def tell(letter: dict[str, Any], kind: str) -> list[str]:
        told: list[str] = handlers["note_mail_feedback"](event(kind, letter["id"], letter["to"]), None)
        return told

    return tell
