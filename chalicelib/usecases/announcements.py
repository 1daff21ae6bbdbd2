"""Announcements: a change of the policy, mailed once to everybody before data is used differently (CET-7).

Everybody is whoever the business's own lists name, read page by page; but for who stopped such mail and who deleted
their data. Each is claimed by a keyed hash before the mail leaves, so that a run cut short, or two at once, mail nobody
twice. Nothing here logs or stores an address. Leaves to others: declining the new use (one_click, suppression), the
lists (sources), staff's own reminder (duties).
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.businesses.model import Change, Notices
from chalicelib.domain.announcement import Announcement, Met
from chalicelib.domain.identity import Identifier, IdentifierKind
from chalicelib.errors import (
    InvalidRequest,
    LimitReached,
    MailRejected,
    MailUncertain,
    Misconfigured,
    ServiceUnavailable,
)
from chalicelib.links import CUSTOMER
from chalicelib.mail import messages
from chalicelib.ports import Listed, Listing
from chalicelib.services import Services
from chalicelib.usecases import correspondence, one_click, screening
from chalicelib.usecases.paging import InTime, always
from chalicelib.usecases.suppression import EVERYTHING, standing
from chalicelib.usecases.windows import window_end

WINDOW = timedelta(minutes=15)
"""One run has such a window to itself and ends with it: two at once would send at twice the rate."""
LEFT_OVER = timedelta(seconds=20)
PAGE = 100
"""Addresses between two notes of how far it came."""
PATIENCE = (1.0, 2.0, 4.0)
"""Seconds to wait when the mail service asks for less; then the next window goes on."""
ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+")


@dataclass
class Pace:
    """No more than one in `gap` seconds. Time and sleep are given, so that a test need not wait."""

    gap: float
    pause: Callable[[float], object] = time.sleep
    timer: Callable[[], float] = time.monotonic
    due: float = 0.0

    def wait(self) -> None:
        now = self.timer()
        if now < self.due:
            self.pause(self.due - now)
        self.due = max(now, self.due) + self.gap


def all_of(svc: Services) -> list[tuple[Change, Announcement | None]]:
    """The coming changes, each with its announcement, if it has begun."""
    return [(change, svc.store.announcement(change.version)) for change in svc.business.policy.changes]


def rehearse(svc: Services, version: str) -> Counter[str]:
    """Whom the announcement would reach, as counts: `sent`, `left_alone`, `again`, `no_address`. Sends nothing.

    Raises InvalidRequest for a change nobody planned.
    """
    change, notices = _planned(svc, version)
    met, seen = Counter[str](), set[bytes]()
    for place in notices.to:
        after: str | None = None
        while rows := _page(svc, place, after):
            for row in rows:
                met[_would(svc, change, notices, row.value, seen)] += 1
            after = rows[-1].cursor
    return met


def _would(svc: Services, change: Change, notices: Notices, value: str, seen: set[bytes]) -> Met:
    who = _identifier(value)
    if who is None:
        return Met.NO_ADDRESS
    known = bytes.fromhex(svc.hash(who))[:16]
    if known in seen:
        return Met.AGAIN
    seen.add(known)
    return Met.LEFT_ALONE if _left_alone(svc, change, notices, who) else Met.SENT


def begin(svc: Services, version: str, by: str) -> Announcement:
    """Announce this change: the next run sends. Pressed again, the announcement that stands.

    It takes effect so many days from today as the change says, never before it was announced.
    Raises InvalidRequest for a change nobody planned.
    """
    change, _ = _planned(svc, version)
    now = svc.now()
    effect = now.astimezone(svc.business.zone).date() + timedelta(days=change.days)
    fresh = Announcement(version=version, by=by, begun_at=now, takes_effect=effect)
    if svc.store.put_announcement(fresh):
        return fresh
    return svc.store.announcement(version) or fresh


def go_on(
    svc: Services, in_time: InTime = always, *, pace: Pace | None = None,
    heard: Callable[[Announcement], object] = lambda _: None,
) -> dict[str, int]:  # fmt: skip
    """Send what is left of every announcement that has begun, as far as time lets. What was met in this run.

    `heard` is told how each stands, page after page. Where another run has this window, nothing is done.
    """
    met = Counter[Met]()
    for change, begun in all_of(svc):
        if begun is None or begun.finished_at or not _ours(svc, change):
            continue
        ends = window_end(svc.now(), WINDOW) - LEFT_OVER
        going_on = lambda ends=ends: in_time() and svc.now() < ends  # noqa: E731
        for now_at in _run(svc, change, begun, going_on, pace):
            met = Counter(now_at.counts) - Counter(begun.counts)
            heard(now_at)
    return {each.value: met[each] for each in Met if met[each]}


def _ours(svc: Services, change: Change) -> bool:
    """Whether this run has the window; taken by a conditional write."""
    try:
        svc.store.count("announcing", change.version, limit=1, ends=window_end(svc.now(), WINDOW))
    except LimitReached:
        return False
    return True


def _run(
    svc: Services, change: Change, begun: Announcement, going_on: Callable[[], bool], pace: Pace | None
) -> Iterator[Announcement]:
    """The announcement after each page, until it is done or the time is over."""
    notices = _notices(svc)
    pace = pace or Pace(1 / svc.settings.mails_a_second)
    holder, one = _holder(change), begun
    svc.vault.begin(holder)
    while one.finished_at is None and going_on():
        after = svc.vault.open(holder, one.after).decode() if one.after else None
        rows = _page(svc, notices.to[one.place], after)
        met, last, whole = _tell(svc, change, one, rows, going_on, pace)
        over = whole and len(rows) < PAGE
        place = one.place + over
        ended = over and place == len(notices.to)
        sealed = svc.vault.seal(holder, last.encode()) if last and not over else b"" if over else one.after
        one = one.moved(
            met, place=min(place, len(notices.to) - 1), after=sealed, finished_at=svc.now() if ended else None
        )
        if not svc.store.put_announcement(one):
            return  # another run is further on
        yield one
        if not whole:
            return
    if one.finished_at:
        svc.vault.forget(holder)


def _tell(
    svc: Services, change: Change, one: Announcement, rows: list[Listed], going_on: Callable[[], bool], pace: Pace
) -> tuple[Counter[Met], str | None, bool]:
    """Mail a page: what was met, the cursor of the last who was, and whether it was the whole page."""
    met, last = Counter[Met](), None
    for row in rows:
        if not going_on():
            return met, last, False
        try:
            met[_mail(svc, change, one, row.value, pace)] += 1
        except ServiceUnavailable:
            return met, last, False
        last = row.cursor
    return met, last, True


def _mail(svc: Services, change: Change, one: Announcement, value: str, pace: Pace) -> Met:
    """Mail one person, unless they are left alone or had it. Raises ServiceUnavailable when it does not pass."""
    who, notices = _identifier(value), _notices(svc)
    if who is None:
        return Met.NO_ADDRESS
    if _left_alone(svc, change, notices, who):
        return Met.LEFT_ALONE
    for rest in (*PATIENCE, None):
        pace.wait()
        try:
            sent = correspondence.send_once(
                svc, _holder(change), f"policy_change:{svc.hash(who)}", value.strip(),
                lambda: _message(svc, change, one, value.strip()), CUSTOMER,
            )  # fmt: skip
        except MailRejected:
            return Met.REFUSED
        except MailUncertain:
            return Met.UNSURE
        except ServiceUnavailable:
            if rest is None:
                raise
            pace.pause(rest)
        else:
            return Met.SENT if sent else Met.AGAIN
    raise AssertionError


def _message(svc: Services, change: Change, one: Announcement, to: str) -> bytes:
    name = _notices(svc).kind
    links = {"decline": one_click.stop_url(svc, to, [change.scope])}
    if svc.business.kinds[name].stoppable:
        links["stop"] = one_click.stop_url(svc, to, [f"kind:{name}"])
    return messages.compose(
        "policy_change", business=svc.business, to=to, reference=None, at=svc.now(),
        one_click=links.get("stop"), context={"change": change, "takes_effect": one.takes_effect, "links": links},
    )  # fmt: skip


def _left_alone(svc: Services, change: Change, notices: Notices, who: Identifier) -> bool:
    """Who stopped such mail, who was deleted, and who has declined already."""
    stops = {*screening.covering(svc.business, f"kind:{notices.kind}"), change.scope, EVERYTHING}
    return bool(stops & standing(svc, who))


def _identifier(value: str) -> Identifier | None:
    """None for what is no address: a pseudonym that a deletion left, nothing at all."""
    return Identifier.of(IdentifierKind.EMAIL, value) if ADDRESS.fullmatch(value.strip()) else None


def _page(svc: Services, place: str, after: str | None) -> list[Listed]:
    source, collection, field = place.split(".")
    listing = svc.sources[source]
    if not isinstance(listing, Listing):
        raise Misconfigured("business.yaml", "policy.notices.to", f"{source} cannot list everybody", "name another")
    return listing.listed(collection, field, after, PAGE)


def _planned(svc: Services, version: str) -> tuple[Change, Notices]:
    change = svc.business.policy.change(version)
    if change is None:
        known = ", ".join(c.version for c in svc.business.policy.changes) or "none is planned"
        raise InvalidRequest({"version": f"No such change of the policy: {known}."})
    return change, _notices(svc)


def _notices(svc: Services) -> Notices:
    notices = svc.business.policy.notices
    if notices is None:
        raise Misconfigured("business.yaml", "policy.notices", "is missing", "say whom a change is announced to")
    return notices


def _holder(change: Change) -> str:
    """Under which every recipient is claimed, and the cursor's data key stands."""
    return f"policy-{change.version}"
