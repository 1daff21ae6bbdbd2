"""SES's side of inbound mail on one's own machine: the raw mail into the bucket, then SES's own event to our function.

The verdicts that SES would find out come from the posted mail itself: `Authentication-Results` (spf=, dkim=, dmarc=,
with p=reject or p=quarantine), `X-SES-Spam-Verdict`, `X-SES-Virus-Verdict`, `Return-Path`; what it does not say passes.
Only here: in AWS no header is believed. Leaves to others: what an inbound mail does (usecases/inbound).
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email import message_from_bytes
from email.utils import parseaddr
from typing import Any
from uuid import uuid4

import boto3
from chalice.local import LambdaContext

Deliver = Callable[[bytes], str]
"""Takes a raw message to the business; says in a word what became of it."""
TRIES = 3
"""Lambda runs an event's function again, twice, when it fails."""
FUNCTION = "receive_mail"
log = logging.getLogger("rightsdesk.local")


def inbound(handlers: Mapping[str, Any]) -> Deliver:
    """Hands a message over as SES does; nobody who posts one hears of a fault of ours."""

    def deliver(raw: bytes) -> str:
        id = uuid4().hex
        boto3.client("s3").put_object(Bucket=os.environ["RIGHTSDESK_PACKAGES"], Key=f"inbound/{id}", Body=raw)
        event = ses_event(id, raw, datetime.now(UTC))
        for _ in range(TRIES):
            try:
                handlers[FUNCTION](event, LambdaContext(FUNCTION, 512))
            except Exception as fault:
                log.error("%s in %s, mail %s", type(fault).__name__, FUNCTION, id)
            else:
                return "delivered"
        return "failed"

    return deliver


def ses_event(id: str, raw: bytes, at: datetime) -> dict[str, Any]:
    """The event of a receipt rule's Lambda action for this mail."""
    message = message_from_bytes(raw[:100_000])
    said = " ".join(str(value) for value in message.get_all("Authentication-Results", [])).lower()
    envelope = str(message.get("Return-Path", message.get("From", "")))
    when = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    policy = re.search(r"\bp=(reject|quarantine|none)", said)
    receipt: dict[str, Any] = {
        "timestamp": when,
        "recipients": [parseaddr(str(message.get("To", "")))[1]],
        **{f"{check}Verdict": {"status": _found(said, check)} for check in ("spf", "dkim", "dmarc")},
        **{
            f"{check.lower()}Verdict": {"status": str(message.get(f"X-SES-{check}-Verdict", "PASS"))}
            for check in ("Spam", "Virus")
        },
        "action": {"type": "Lambda", "functionArn": FUNCTION, "invocationType": "Event"},
    }
    if receipt["dmarcVerdict"]["status"] == "FAIL":
        receipt["dmarcPolicy"] = policy[1].upper() if policy else "NONE"
    mail = {"messageId": id, "timestamp": when, "source": parseaddr(envelope)[1], "destination": receipt["recipients"]}
    return {"Records": [{"eventSource": "aws:ses", "eventVersion": "1.0", "ses": {"mail": mail, "receipt": receipt}}]}


def _found(said: str, check: str) -> str:
    result = re.search(rf"\b{check}=(\w+)", said)
    return {"pass": "PASS", "fail": "FAIL"}.get(result[1], "GRAY") if result else "PASS"
