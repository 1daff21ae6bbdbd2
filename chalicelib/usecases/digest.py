"""The digest: each working morning one mail to each of the staff who has something to decide.

Counts, references and days, no personal data; nothing to do, no mail. A lead reads also who has not acknowledged their
duties. Rule 18: one a day and person. Leaves to others: reminders of one request as its clock runs (reminding).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

from chalicelib.businesses.model import Member
from chalicelib.domain.request import Request
from chalicelib.domain.status import Status
from chalicelib.errors import MailRejected, MailUncertain, ServiceUnavailable
from chalicelib.mail import messages
from chalicelib.services import Services
from chalicelib.usecases import correspondence, duties, powers

MOST = 20
"""Requests that one mail names; it says how many more there are."""
THEIRS = frozenset({Status.IN_REVIEW, Status.FROZEN, Status.NEEDS_ATTENTION})
"""Where staff are what a request waits for."""


@dataclass(frozen=True)
class Digest:
    """What one member reads. `waiting`: due first."""

    member: Member
    waiting: list[Request]
    to_post: list[Request]
    elsewhere: int
    """Open requests that wait for somebody else."""
    unacknowledged: int
    """Of a lead: colleagues who have not acknowledged their privacy duties."""

    @property
    def tells(self) -> bool:
        return bool(self.waiting or self.to_post or self.unacknowledged)


def of_member(svc: Services, member: Member, queue: list[Request], open_duties: int) -> Digest:
    theirs = [r for r in queue if powers.may_decide(svc, r, member)]
    waiting = [r for r in theirs if r.status in THEIRS]
    to_post = [r for r in theirs if r.to_post and r not in waiting]
    elsewhere = len(theirs) - len(waiting) - len(to_post)
    leads = member in svc.business.leads()
    return Digest(member, waiting, to_post, elsewhere, open_duties if leads else 0)


def send(svc: Services) -> dict[str, int]:
    """Mail everybody's digest of today, once. Counts; one that fails keeps it from nobody else."""
    done, queue = Counter(sent=0, nothing=0, failed=0), svc.store.queue()
    today = svc.now().astimezone(svc.business.zone).date()
    open_duties = _unacknowledged(svc)
    for member in svc.business.staff:
        digest = of_member(svc, member, queue, open_duties)
        if not digest.tells:
            done["nothing"] += 1
            continue
        try:
            done["sent"] += _send(svc, digest, today)
        except (MailRejected, MailUncertain, ServiceUnavailable):
            done["failed"] += 1
    return dict(done)


def _unacknowledged(svc: Services) -> int:
    """How many were reminded more than once and have still said nothing."""
    if svc.business.duties is None:
        return 0
    return len({s.member.id for s in duties.standings(svc) if len(s.reminded) > 1 and s.acknowledged_at is None})


def _send(svc: Services, digest: Digest, today: date) -> bool:
    now, member = svc.now(), digest.member

    def message() -> bytes:
        return messages.compose(
            "staff_digest", business=svc.business, to=member.email, reference=None, at=now,
            context={
                "member": member, "digest": digest, "named": digest.waiting[:MOST], "now": now,
                "late": sum(r.days_left(now) < 0 for r in digest.waiting),
                "links": {"queue": f"{svc.settings.public_url}/staff"},
            },
        )  # fmt: skip

    return correspondence.send_once(
        svc, f"digest-{today}", f"staff_digest:{member.id}", member.email, message, member.id
    )
