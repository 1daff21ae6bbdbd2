"""What had to be kept on paper: on its day staff are told to destroy it, and reminded until somebody says so."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.domain.ledger import Entry, EntryKind, EntryState
from chalicelib.domain.request import Request, Right
from chalicelib.ports import Hold
from chalicelib.usecases import by_hand, came_back, fulfilment, staying_gone

from .conftest import Office
from .test_by_hand import asked, looked
from .test_by_hand import office as paper_office
from .test_rights import session

office = paper_office
PLACE = "papers"
GROUND = "An open complaint"


def kept(office: Office, days: int = 40) -> Request:
    """A deletion by which a letter stays for so many days."""
    until = (office.clock.now().date() + timedelta(days=days)).isoformat()
    request = looked(office, "deletion", "kept", ground=GROUND, until=until)
    office.decide(request, "approve")
    office.clock.forward(timedelta(hours=2))
    fulfilment.begin(office.svc, request.reference)
    for source in office.svc.sources:
        fulfilment.fulfil_source(office.svc, request.reference, source)
    return office.now(request)


def reminders(office: Office) -> list[str]:
    return [str(m["Subject"]) for m in office.mails() if "destroyed by hand now" in str(m["Subject"])]


def entry(office: Office, request: Request) -> Entry:
    (found,) = [e for e in office.svc.store.entries(request.reference) if e.source == PLACE]
    return found


def pass_days(office: Office, days: int) -> None:
    office.clock.forward(timedelta(days=days))
    staying_gone.keep_up(office.svc)


def test_on_its_day_staff_are_told_and_then_every_week_until_it_is_destroyed(office: Office) -> None:
    request = kept(office)
    assert (entry(office, request).kind, entry(office, request).state) == (EntryKind.KEPT, EntryState.WAITING)
    pass_days(office, 39)
    assert reminders(office) == []
    pass_days(office, 3)
    deciders = len(office.svc.business.deciders(Right.DELETION))
    assert len(reminders(office)) == deciders
    pass_days(office, 8)
    assert len(reminders(office)) == 2 * deciders
    told = entry(office, request)
    came_back.decide(
        office.svc, session(office), request.reference, entry=told.name, plan=told.plan or "", erase=True
    )  # fmt: skip
    pass_days(office, 1)
    assert entry(office, request).state is EntryState.OVER
    assert [h.what for h in entry(office, request).history][-1] == "destroyed"
    pass_days(office, 30)
    assert len(reminders(office)) == 2 * deciders


def test_who_says_at_the_second_asking_that_it_must_stay_is_reminded_too(office: Office) -> None:
    request = looked(office, "deletion")
    office.decide(request, "approve")
    office.clock.forward(timedelta(hours=2))
    fulfilment.begin(office.svc, request.reference)
    until = (office.clock.now().date() + timedelta(days=10)).isoformat()
    by_hand.answer(office.svc, asked(office, request, "fulfil"), "kept", boxes={}, ground=GROUND, until=until)
    for source in office.svc.sources:
        fulfilment.fulfil_source(office.svc, request.reference, source)
    pass_days(office, 12)
    assert reminders(office)


def test_a_legal_hold_stops_the_reminder(office: Office) -> None:
    request = kept(office)
    hold_on(office, request)
    pass_days(office, 42)
    assert reminders(office) == []


def hold_on(office: Office, request: Request) -> None:
    assert request.subject_hash
    office.svc.store.hold(
        Hold(subject=request.subject_hash, since=office.clock.now(), by="ruth", reference=request.reference)
    )  # fmt: skip


@pytest.mark.parametrize("days", [1, 400])
def test_nothing_of_the_paper_is_asked_for_by_key(office: Office, days: int) -> None:
    """No program reads paper: its day asks nobody but staff, and fails nowhere."""
    request = kept(office, days)
    office.clock.forward(timedelta(days=days + 2))
    assert staying_gone.keep_up(office.svc)["failed"] == 0
    assert entry(office, request).state is EntryState.RETURNED
