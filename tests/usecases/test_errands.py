"""What a page leaves to be done later: the page's own work is the same for everybody, and the errand runs once."""

from __future__ import annotations

import dataclasses
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryVault
from chalicelib.errors import MailRejected, ServiceUnavailable
from chalicelib.services import Services
from chalicelib.usecases import errands, hearing_again
from chalicelib.usecases.errands import Errand

from .conftest import Office

STAFF = "ruth.calderwood@example.com"
STRANGER = "nobody.at.all@example.com"


class Counted:
    """A port whose every call is counted by name; it does what it did before."""

    def __init__(self, port: Any, calls: Counter[str]) -> None:
        self._port, self._calls = port, calls

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not callable(found):
            return found

        def call(*args: Any, **more: Any) -> Any:
            self._calls[f"{type(self._port).__name__}.{name}"] += 1
            return found(*args, **more)

        return call


def counted(svc: Services) -> tuple[Services, Counter[str]]:
    """The same services, with every call of a port counted."""
    calls: Counter[str] = Counter()
    ports = ("store", "vault", "mailer", "workflow", "packages", "inbox", "secrets", "peers", "clock", "chance")
    made = dataclasses.replace(svc, **{name: Counted(getattr(svc, name), calls) for name in ports})
    sources = {name: Counted(source, calls) for name, source in svc.sources.items()}
    return dataclasses.replace(made, sources=sources), calls


def in_the_page(office: Office, errand: Errand, email: str) -> Counter[str]:
    """What the POST of a page does for this address, without what it leaves for later."""
    office.workflow.on_start = None
    svc, calls = counted(office.svc)
    errands.leave(svc, errand, email)
    return calls


def run_again(office: Office) -> None:
    """The machine runs the newest errand (again)."""
    name, data = list(office.workflow.started.items())[-1]
    errands.run(office.svc, name, data["errand"], data["sealed"])


def test_lost_links_are_the_same_work_for_the_known_and_the_unknown(office: Office) -> None:
    known = office.customers[0]["email"]
    for right in ("access", "deletion", "concern"):
        office.file(right, details="Please look.")
    work = in_the_page(office, Errand.LINKS, known)
    assert work == in_the_page(office, Errand.LINKS, STRANGER)
    assert work["MemoryWorkflow.start"] == 1
    assert not work["MemoryMailer.send"], "nothing is looked up or mailed in the page's time"
    assert not [call for call in work if "of_subject" in call or call.startswith("MemorySource")]


def test_signing_in_is_the_same_work_for_staff_and_everybody_else(office: Office) -> None:
    work = in_the_page(office, Errand.SIGN_IN, STAFF)
    assert work == in_the_page(office, Errand.SIGN_IN, STRANGER)
    assert not work["MemoryMailer.send"]


def test_asking_to_hear_again_is_the_same_work_for_the_known_and_the_unknown(office: Office) -> None:
    known, scope = office.customers[0]["email"], hearing_again.offered(office.svc)[0]
    office.file("opt_out", stop=[scope])
    work = []
    for email in (known, STRANGER):
        svc, calls = counted(office.svc)
        hearing_again.ask(svc, email, [scope])
        work.append(calls)
    assert work[0] == work[1]


def test_what_was_typed_travels_sealed_and_can_be_read_no_more_afterwards(office: Office) -> None:
    email = office.customers[0]["email"]
    errands.leave(office.svc, Errand.LINKS, email)
    [data] = office.workflow.started.values()
    assert email not in str(data)
    assert office.mails(email), "it ran"
    office.mailer.sent.clear()
    run_again(office)
    assert not office.mails(), "the key is gone: there is nothing to read, and nobody to mail"


def test_an_errand_that_runs_twice_mails_once(office: Office) -> None:
    """A Lambda that dies after the mail and before it says so is called again."""

    class Dies(MemoryVault):
        def forget(self, reference: str) -> None:
            raise KeyboardInterrupt

    vault = Dies()
    svc = dataclasses.replace(office.svc, vault=vault)
    office.workflow.on_start = None
    errands.leave(svc, Errand.SIGN_IN, STAFF)
    name, data = list(office.workflow.started.items())[-1]
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            errands.run(svc, name, data["errand"], data["sealed"])
    assert len(office.mails(STAFF)) == 1


def test_an_errand_whose_mail_surely_did_not_leave_is_tried_again(office: Office) -> None:
    office.workflow.on_start = None
    errands.leave(office.svc, Errand.LINKS, STRANGER)
    office.mailer.fault = ServiceUnavailable()
    with pytest.raises(ServiceUnavailable):
        run_again(office)
    office.mailer.fault = None
    run_again(office)
    assert len(office.mails(STRANGER)) == 1


def test_an_address_that_takes_no_mail_is_nobodys_fault(office: Office) -> None:
    """The page answered long ago; nobody is told, for nobody is known to be there."""

    office.workflow.on_start = None
    errands.leave(office.svc, Errand.LINKS, STRANGER)
    office.mailer.fault = MailRejected()
    run_again(office)
    office.mailer.fault = None
    run_again(office)
    assert not office.mails(), "not tried again"


def test_an_errand_given_up_forgets_what_was_typed(office: Office) -> None:
    office.workflow.on_start = None
    errands.leave(office.svc, Errand.LINKS, STRANGER)
    name, _ = list(office.workflow.started.items())[-1]
    errands.run(office.svc, name, Errand.GIVE_UP, "")
    run_again(office)
    assert not office.mails()


def test_one_mailbox_is_written_to_so_often_and_no_oftener(office: Office) -> None:
    for errand, email in ((Errand.LINKS, STRANGER), (Errand.SIGN_IN, STAFF)):
        limit, window = errands.LIMITS[errand]
        for _ in range(limit + 2):
            errands.leave(office.svc, errand, email)
        assert len(office.mails(email)) == limit
        office.clock.forward(window + timedelta(seconds=1))
        errands.leave(office.svc, errand, email)
        assert len(office.mails(email)) == limit + 1
