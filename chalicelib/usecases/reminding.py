"""Reminders. To staff: when half, three quarters and nine tenths of the time are gone, then each day past the due day.

From nine tenths on the leads hear of it too. The hourly sweep over the due dates sends them, and not the machine: a
reminder depends on a date that an extension moves, and on waits that begin at any time; the machine's own wait is only
the net under it. To the customer: once, when half the time for their reply is gone.
Rule 18: each mark is mailed once per due date. Leaves to others: deciding (review).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.domain.request import Request
from chalicelib.domain.status import Status
from chalicelib.services import Services
from chalicelib.usecases import correspondence, powers, road

MARKS = (50, 75, 90)
"""Per cent of the time from receipt to the due day."""
ESCALATED = 90
DAY = timedelta(days=1)
FIRST, AGAIN, URGENT = 0, 1, 2
WAITING = frozenset({Status.IN_REVIEW, Status.FROZEN})


def mark(request: Request, now: datetime) -> tuple[str, datetime] | None:
    """The last mark that has passed at `now`: its name, and when it was (UTC); None before the first."""
    if now > request.due_at:
        late = (now - request.due_at) // DAY
        return f"late-{late + 1}", request.due_at + late * DAY
    passed = [(share, _at(request, share)) for share in MARKS if _at(request, share) <= now]
    return (f"{passed[-1][0]}%", passed[-1][1]) if passed else None


def _at(request: Request, share: int) -> datetime:
    return request.received_at + (request.due_at - request.received_at) * share / 100


def ask(svc: Services, request: Request, *, again: bool) -> None:
    """Mail those who may decide; `again` when the machine's wait ran out, though nobody should let it come to that."""
    day = svc.now().date().isoformat() if again else ""
    _mail(svc, request, AGAIN if again else FIRST, once=f"{request.version}:{int(again)}:{day}")


def remind(svc: Services, request: Request) -> bool:
    """Mail the mark that has passed since staff were asked, if one has; whether there was one."""
    asked = svc.store.wait(request.reference, road.DECISION)
    passed = mark(request, svc.now())
    if request.status not in WAITING or asked is None or passed is None or passed[1] <= asked.begun_at:
        return False
    _mail(svc, request, AGAIN, once=f"{request.due_at.date()}:{passed[0]}")
    return True


def remind_customer(svc: Services, request: Request) -> bool:
    """Mail staff's question once more, when half the time for the reply has passed; whether it has."""
    asked, half = svc.store.wait(request.reference, road.REPLY), timedelta(days=svc.business.waits.reply_days) / 2
    if request.status is not Status.ASKED or asked is None or svc.now() < asked.begun_at + half:
        return False
    request = svc.store.get(request.reference)  # the queue may be a moment late, and a reply has come
    if request.status is Status.ASKED:
        ask_customer(svc, request, reminder=True)
    return True


def ask_customer(svc: Services, request: Request, *, reminder: bool) -> None:
    """Mail the question that staff asked last."""
    number = powers.asked_by(svc, request)[0]
    correspondence.to_customer(
        svc, request, "asked", once=f"{number}:reminder" if reminder else str(number), reminder=reminder,
        text=svc.open(request).messages[-1].text,
    )  # fmt: skip


def _mail(svc: Services, request: Request, reminder: int, *, once: str) -> None:
    now = svc.now()
    members = correspondence.deciders(svc, request)
    if now >= _at(request, ESCALATED):
        leads = [m for m in svc.business.leads() if m not in members and m.id != request.not_staff]
        members, reminder = members + leads, URGENT if reminder else FIRST
    mail = "staff_frozen" if request.status is Status.FROZEN else "staff_review"
    correspondence.to_staff(
        svc, request, mail, members, once=once, reminder=reminder, due_at=request.due_at,
        days_left=request.days_left(now),
    )  # fmt: skip
