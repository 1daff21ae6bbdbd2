"""Duties: staff are reminded of their privacy duties every quarter and at each new policy, and say so (CET-8).

One mail names all that is open, with a link of one's own; rule 1: opening it acknowledges nothing, the POST does. Who
has not is mailed again, and the lead sees who. Leaves to others: the duties' words (business.yaml), the pages (web).
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib import links
from chalicelib.businesses.model import Duties, Member
from chalicelib.domain.duty import Duty, policy_occasion, quarter_of
from chalicelib.errors import LinkMissing, MailRejected, MailUncertain, ServiceUnavailable
from chalicelib.links import Purpose, token_hash
from chalicelib.mail import messages
from chalicelib.services import Services
from chalicelib.usecases import correspondence


@dataclass(frozen=True)
class Standing:
    """How one of the staff stands on one occasion; `duty` is None before the first mail."""

    occasion: str
    member: Member
    duty: Duty | None

    @property
    def acknowledged_at(self) -> datetime | None:
        return self.duty.acknowledged_at if self.duty else None

    @property
    def reminded(self) -> tuple[datetime, ...]:
        return self.duty.reminded if self.duty else ()


def occasions(svc: Services) -> list[str]:
    """What staff are to acknowledge now: this quarter, the policy in force, and each that has been announced."""
    today = svc.now().astimezone(svc.business.zone).date()
    announced = [c.version for c in svc.business.policy.changes if svc.store.announcement(c.version)]
    versions = dict.fromkeys([svc.business.policy.version, *announced])
    return [quarter_of(today), *(policy_occasion(version) for version in versions)]


def standings(svc: Services) -> list[Standing]:
    """Everybody on every occasion of now: what the lead sees."""
    found = []
    for occasion in occasions(svc):
        noted = {duty.member: duty for duty in svc.store.duties(occasion)}
        found += [Standing(occasion, member, noted.get(member.id)) for member in svc.business.staff]
    return found


def remind(svc: Services) -> dict[str, int]:
    """The daily run: mail whoever has something open that was never mailed, or not for `again_days`. Counts."""
    done = Counter(reminded=0, failed=0)
    if svc.business.duties is None:
        return dict(done)
    everybody = standings(svc)
    for member in svc.business.staff:
        left = [s for s in everybody if s.member.id == member.id and s.acknowledged_at is None]
        if _due(svc.business.duties, left, svc.now()):
            try:
                _mail(svc, member, left)
            except (MailRejected, ServiceUnavailable):
                done["failed"] += 1
            else:
                done["reminded"] += 1
    return dict(done)


def _due(duties: Duties, left: list[Standing], now: datetime) -> bool:
    if not left:
        return False
    again = timedelta(days=duties.again_days)
    return any(not s.reminded or now - s.reminded[-1] >= again for s in left)


def _mail(svc: Services, member: Member, left: list[Standing]) -> None:
    """One mail for all that is left. Of one that may have left, it is noted that it did: the next is a week later."""
    now, token, named = svc.now(), svc.chance.token(), [s.occasion for s in left]
    times = sum(len(s.reminded) for s in left)
    svc.store.put_links([links.mint(token, Purpose.DUTIES, member.id, " ".join(named), now)])
    url = links.url(svc.settings.public_url, Purpose.DUTIES, token)

    def message() -> bytes:
        return messages.compose(
            "staff_duties", business=svc.business, to=member.email, reference=None, at=now,
            context={"member": member, "occasions": named, "again": times > 0, "links": {"duties": url}},
        )  # fmt: skip

    with suppress(MailUncertain):
        correspondence.send_once(
            svc,
            f"duties-{named[0]}",
            f"staff_duties:{member.id}:{len(named)}:{times}",
            member.email,
            message,
            member.id,
        )
    for standing in left:
        before = standing.duty or Duty(occasion=standing.occasion, member=member.id, revision=0)
        reminded = (*before.reminded, now)
        svc.store.put_duty(before.model_copy(update={"reminded": reminded, "revision": before.revision + 1}))


def page(svc: Services, token: str) -> tuple[Member, list[Standing]]:
    """What the link asks one of the staff to acknowledge, and what they have. Changes nothing.

    Raises LinkMissing, LinkExpired, LinkInvalid.
    """
    link = svc.store.link(token_hash(token)).check(Purpose.DUTIES, svc.now())
    member = svc.business.member(link.person)
    if member is None or link.reference is None:
        raise LinkMissing(Purpose.DUTIES)
    return member, [
        Standing(occasion, member, next((d for d in svc.store.duties(occasion) if d.member == member.id), None))
        for occasion in link.reference.split(" ")
    ]


def acknowledge(svc: Services, token: str) -> None:
    """Note that they know their duties, on each occasion that the mail named; the first time stands.

    Raises LinkMissing, LinkExpired, LinkInvalid.
    """
    open_ = True
    while open_:  # a reminder, or a second press, may write between the look and the note
        open_ = False
        for standing in page(svc, token)[1]:
            if standing.acknowledged_at is None:
                duty = standing.duty or Duty(occasion=standing.occasion, member=standing.member.id, revision=0)
                noted = {"acknowledged_at": svc.now(), "revision": duty.revision + 1}
                open_ = not svc.store.put_duty(duty.model_copy(update=noted)) or open_
