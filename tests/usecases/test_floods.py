"""A flood of filings in somebody's name neither fills their mailbox nor shuts their door."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.domain.request import Personal, Relationship, Request, Right
from chalicelib.domain.status import Status
from chalicelib.errors import LimitReached
from chalicelib.usecases import errands, intake, unproven, verification
from chalicelib.usecases.errands import Errand

from .conftest import Office
from .test_rules import at_once

MOST = unproven.UNPROVEN_A_DAY


def filed(office: Office, network: str, right: str = "access", **more: str) -> Request:
    typed = Personal(email=office.customers[0]["email"], residence="US-CA", **more)  # type: ignore[arg-type]
    return intake.file_request(office.svc, Right(right), typed, network=network)


def asked(office: Office, request: Request, *, reminder: bool = False) -> None:
    wait = office.workflow.wait_for("proof")
    verification.ask_for_proof(office.svc, request.reference, wait, reminder=reminder)


def flood(office: Office, count: int = MOST) -> list[Request]:
    """As many as one network can file in a victim's name; each is mailed."""
    requests = [filed(office, "203.0.113.7") for _ in range(count)]
    for request in requests:
        asked(office, request)
    return requests


def mailed(office: Office) -> int:
    return len(office.mails(office.customers[0]["email"]))


def confirm(office: Office) -> None:
    answers = office.customers[0]["answers"]
    verification.verify(office.svc, office.link("verify"), answers=answers, declared=True, signature="Signed")


def test_the_network_that_floods_is_turned_away_and_nobody_else(office: Office) -> None:
    flood(office)
    with pytest.raises(LimitReached):
        filed(office, "203.0.113.7")
    mine = filed(office, "198.51.100.4")
    asked(office, mine)
    assert mine.due_at > mine.received_at, "taken, and its clock runs"
    assert office.now(mine).status is Status.VERIFYING
    assert mailed(office) == MOST, "and no mail more than before"


def test_a_flood_from_everywhere_is_taken_and_sends_no_mail_more(office: Office) -> None:
    for n in range(60):
        asked(office, filed(office, f"192.0.2.{n}"))
    assert mailed(office) == MOST


def test_one_click_in_any_mail_brings_the_link_of_what_waits(office: Office) -> None:
    flood(office)
    mine = filed(office, "198.51.100.4")
    asked(office, mine)
    confirm(office)
    assert not office.now(mine).quiet
    assert mine.reference in str(office.mails(office.customers[0]["email"])[0]["Subject"])
    confirm(office)
    assert office.now(mine).status is Status.GATHERING, "its own link proves it"


def test_asking_for_the_links_again_opens_what_waits(office: Office) -> None:
    flood(office)
    mine = filed(office, "198.51.100.4")
    asked(office, mine)
    errands.leave(office.svc, Errand.LINKS, office.customers[0]["email"])
    assert mine.reference in office.text(office.mails(office.customers[0]["email"])[0])


def test_the_reminder_finds_room_on_another_day(office: Office) -> None:
    flood(office)
    mine = filed(office, "198.51.100.4")
    asked(office, mine)
    office.clock.forward(timedelta(days=7))
    asked(office, mine, reminder=True)
    assert mailed(office) == MOST + 1
    confirm(office)
    assert office.now(mine).status is Status.GATHERING


def test_forty_at_once_from_one_network_are_ten(office: Office) -> None:
    taken = at_once(40, lambda: filed(office, "2001:db8:1:2:abcd::1"))
    assert sum(isinstance(t, Request) for t in taken) == MOST


def test_a_household_with_ipv6_is_one_network(office: Office) -> None:
    for n in range(MOST):
        filed(office, f"2001:db8:1:2::{n:x}")
    with pytest.raises(LimitReached):
        filed(office, "2001:db8:1:2:ffff::1")
    assert filed(office, "2001:db8:1:3::1")


def test_who_proves_each_is_not_turned_away(office: Office) -> None:
    for _ in range(MOST + 3):
        asked(office, filed(office, "203.0.113.7"))
        verification.verify(office.svc, office.link("verify"), answers={})


def test_known_and_unknown_addresses_meet_the_same_limit(office: Office) -> None:
    """Rule 6."""
    for email in (office.customers[0]["email"], "nobody-here@example.com"):
        typed = Personal(email=email)
        quiet = [
            intake.file_request(office.svc, Right.ACCESS, typed, network=f"192.0.2.{n}").quiet for n in range(MOST + 2)
        ]
        assert quiet == [False] * MOST + [True] * 2


def test_agents_cannot_have_somebody_mailed_without_end(office: Office) -> None:
    def agent(n: int) -> Request:
        typed = Personal(
            email=f"agent{n}@example.com", subject_name="Kim", subject_email="kim@example.com", residence="US-CA"
        )
        return intake.file_request(
            office.svc, Right.ACCESS, typed, relationship=Relationship.AGENT, network=f"192.0.2.{n}"
        )

    for n in range(MOST):
        agent(n)
    with pytest.raises(LimitReached):
        agent(MOST)


def test_nothing_of_the_network_is_kept(office: Office) -> None:
    request = filed(office, "203.0.113.7")
    assert "203.0.113" not in str(request.model_dump(exclude={"sealed"})) + str(office.svc.open(request))
