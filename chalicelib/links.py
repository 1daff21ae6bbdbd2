"""Links in mails: a random token, kept only as its hash, bound to one purpose, one person and one request.

Rule 9: it expires, and works once where it decides something. Three precise errors: LinkMissing, LinkExpired,
LinkInvalid. Leaves to others: where it is kept (the store), what it opens (web).
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from chalicelib.errors import LinkExpired, LinkInvalid, LinkMissing


class Purpose(StrEnum):
    """What a link is for: the first part of its path, except for a session, which is a cookie."""

    VERIFY = "verify"
    CONSENT = "consent"
    TRACK = "track"
    RESULTS = "results"
    REVIEW = "review"
    TASK = "task"
    CALLBACK = "callbacks"
    SIGN_IN = "staff/sign-in"
    SESSION = "session"
    HEAR_AGAIN = "hear-again"
    DUTIES = "duties"


LIFETIMES = {
    Purpose.VERIFY: timedelta(days=30),
    Purpose.CONSENT: timedelta(days=30),
    Purpose.TRACK: timedelta(days=730),
    Purpose.RESULTS: timedelta(days=30),
    Purpose.REVIEW: timedelta(days=200),
    Purpose.TASK: timedelta(days=200),
    Purpose.CALLBACK: timedelta(days=200),
    Purpose.SIGN_IN: timedelta(minutes=30),
    Purpose.SESSION: timedelta(hours=12),
    Purpose.HEAR_AGAIN: timedelta(days=3),
    Purpose.DUTIES: timedelta(days=100),
}
CUSTOMER = "customer"
SUBJECT = "subject"
"""The person an agent asks for, until they have agreed."""
REVOCABLE = frozenset({Purpose.VERIFY, Purpose.CONSENT, Purpose.RESULTS, Purpose.TASK, Purpose.CALLBACK})


class Link(BaseModel):
    """A link as it is stored. `person` is `customer`, `subject` or a staff id; `reference` is None for a sign-in."""

    model_config = ConfigDict(frozen=True)

    hash: str
    purpose: Purpose
    person: str
    reference: str | None
    issued_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    lifts: tuple[tuple[str, str], ...] = ()
    """Of a link that lifts opt-outs: keyed hash and scope of each."""

    def check(self, purpose: Purpose, now: datetime, dead_before: datetime | None = None) -> Link:
        """This link, if it opens `purpose` at `now`.

        Raises LinkInvalid for another purpose, LinkExpired past its time, LinkMissing when it was revoked: issued
        before `dead_before`, which "that wasn't me" sets. The tracker stays open: it shows what happened, and no more.
        """
        if self.purpose is not purpose:
            raise LinkInvalid(self.purpose)
        if now >= self.expires_at:
            raise LinkExpired(self.purpose)
        if dead_before and self.issued_at <= dead_before and purpose in REVOCABLE:
            raise LinkMissing(self.purpose)
        return self


def mint(token: str, purpose: Purpose, person: str, reference: str | None, now: datetime) -> Link:
    """The link to store for a fresh random `token`, which goes only into the mail."""
    return Link(
        hash=token_hash(token), purpose=purpose, person=person, reference=reference,
        issued_at=now, expires_at=now + LIFETIMES[purpose],
    )  # fmt: skip


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def url(base: str, purpose: Purpose, token: str) -> str:
    """Where a link leads, under the one public address of the business."""
    return f"{base}/{purpose.value}/{token}"
