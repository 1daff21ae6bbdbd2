"""A mail as SES announces it: its id, when it came, and what SES found out about who sent it.

Rule 3: the clock starts at SES's own time of receipt, which no sender can write. The verdicts come from the event that
SES gives the function, never from headers of the mail, which anybody can write. Leaves to others: what a mail says
(inbound), what is done for each standing (usecases/inbound).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

PASS, FAIL = "PASS", "FAIL"


class Standing(StrEnum):
    """How sure it is that the mail came from where its From says."""

    AUTHENTIC = "authentic"
    """DMARC passed: the domain of the From address stands by it."""
    UNSURE = "unsure"
    """Nobody says that it is forged: no DMARC policy, or one that only watches; or SES could not tell."""
    FORGED = "forged"
    """The domain disowns it (DMARC fails, and its policy is to quarantine or reject), or nothing speaks for it: no
    DMARC policy, SPF fails and no signature of DKIM holds."""


class Arrival(BaseModel):
    """One mail as SES gave it to us. Verdicts are SES's words: PASS, FAIL, GRAY, PROCESSING_FAILED."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    id: str
    """SES's own id: the name of the raw mail in the bucket."""
    at: datetime
    """UTC, by SES's clock."""
    envelope: str = ""
    """MAIL FROM; empty or `<>` for bounces."""
    spf: str = ""
    dkim: str = ""
    dmarc: str = ""
    dmarc_policy: str = ""
    spam: str = ""
    virus: str = ""

    @property
    def standing(self) -> Standing:
        if self.dmarc == PASS:
            return Standing.AUTHENTIC
        if self.dmarc == FAIL:
            return Standing.FORGED if self.dmarc_policy in ("QUARANTINE", "REJECT") else Standing.UNSURE
        return Standing.FORGED if self.spf == FAIL and self.dkim != PASS else Standing.UNSURE

    @property
    def bounced(self) -> bool:
        """Sent by a mail system, not a person: an empty return path (RFC 5321, 4.5.5)."""
        return self.envelope.strip("<> ") == ""


def arrivals(event: Mapping[str, Any]) -> list[Arrival]:
    """The mails that an event of SES's Lambda action names. Raises KeyError for an event of another kind."""
    return [_arrival(record["ses"]["mail"], record["ses"]["receipt"]) for record in event["Records"]]


def _arrival(mail: Mapping[str, Any], receipt: Mapping[str, Any]) -> Arrival:
    verdicts = {
        name: str(receipt.get(f"{name}Verdict", {}).get("status", ""))
        for name in ("spf", "dkim", "dmarc", "spam", "virus")
    }
    return Arrival(
        id=mail["messageId"], at=_time(receipt.get("timestamp") or mail["timestamp"]),
        envelope=mail.get("source") or "", dmarc_policy=str(receipt.get("dmarcPolicy", "")).upper(), **verdicts,
    )  # fmt: skip


def _time(said: str) -> datetime:
    return datetime.fromisoformat(said.replace("Z", "+00:00")).astimezone(UTC)
