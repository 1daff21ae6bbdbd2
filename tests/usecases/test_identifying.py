"""One person, many identifiers: what leads to their records, what does not, and what staff are told of the rest."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.decision import Verdict
from chalicelib.domain.identity import Doubt
from chalicelib.domain.request import Request
from chalicelib.domain.status import Status
from chalicelib.errors import SourceUnavailable
from chalicelib.ports import Page
from chalicelib.usecases import attention, card, gathering, identifying, judging

from .conftest import Office
from .test_on_behalf import called

OLD, OTHER = "before.the.move@example.com", "somebody.else@example.com"


def mine(office: Office) -> dict[str, Any]:
    """The first customer's account."""
    return next(a for a in office.tables["shop.accounts"] if a["email"] == office.customers[0]["email"])


def membership(office: Office) -> dict[str, Any]:
    return next(m for m in office.tables["loyalty.members"] if m["customer_number"] == mine(office)["customer_number"])


def another(office: Office, **differs: Any) -> dict[str, Any]:
    """A second account, otherwise like the first customer's."""
    table = office.tables["shop.accounts"]
    table.append({**mine(office), "id": max(a["id"] for a in table) + 1, **differs})
    return table[-1]


def found(office: Office, source: str, collection: str, request: Request) -> list[dict[str, Any]]:
    request = office.now(request)
    personal = office.svc.open(request)
    reached = gathering.reach(office.svc, request, personal, source)
    return [r.values for r in reached if r.collection == collection]


def doubts(office: Office, request: Request) -> list[tuple[str, Doubt, str]]:
    return [(source, u.doubt, u.kind) for source, u in judging.current_plan(office.svc, request).unclear]


def test_an_earlier_address_in_the_club_is_found_by_the_customer_number_of_the_account(office: Office) -> None:
    member = membership(office)
    member["email"] = OLD
    request = office.to_review("access")
    assert [m["email"] for m in found(office, "loyalty", "members", request)] == [OLD]
    assert len(found(office, "loyalty", "points", request)) == len(
        [p for p in office.tables["loyalty.points"] if p["member_id"] == member["id"]]
    )
    assert doubts(office, request) == []


def test_what_was_found_so_is_deleted_though_the_account_that_led_there_is_erased_first(office: Office) -> None:
    member = membership(office)
    member["email"] = OLD
    request = office.to_review("deletion")
    office.decide(request, "approve")
    assert office.carry_out(request).status is Status.FULFILLED
    assert member not in office.tables["loyalty.members"]
    stored = list(office.svc.store.entries(request.reference))
    assert any(e.source == "loyalty" and e.records for e in stored)  # so that it stays gone after a restore


def test_a_customer_number_that_two_accounts_bear_leads_nowhere_and_staff_are_told(office: Office) -> None:
    membership(office)["email"] = OLD
    another(office, email=OTHER)
    request = office.to_review("access")
    assert found(office, "loyalty", "members", request) == []
    assert ("loyalty", Doubt.SHARED, "customer_number") in doubts(office, request)
    assert request.status is Status.IN_REVIEW


def test_a_record_with_the_number_that_bears_another_customers_address_is_left_alone(office: Office) -> None:
    """An abusive partner whose number was typed into the other's record, or the other way round, learns nothing."""
    another(office, email=OTHER, customer_number="J999001")
    membership(office)["email"] = OTHER
    request = office.to_review("deletion")
    assert found(office, "loyalty", "members", request) == []
    assert ("loyalty", Doubt.SHARED, "customer_number") in doubts(office, request)
    before = dict(membership(office))
    office.decide(request, "approve")
    office.carry_out(request)
    assert membership_of(office, OTHER) == before


def membership_of(office: Office, email: str) -> dict[str, Any]:
    return next(m for m in office.tables["loyalty.members"] if m["email"] == email)


def test_a_phone_in_the_account_leads_to_nobodys_records(office: Office) -> None:
    """A phone is what somebody typed: writing another's into one's own account shows nothing of theirs."""
    table = office.tables["marketing.phone_list"]
    table.append({**table[0], "id": 90_001, "phone": "(415) 555-0188", "email": None})
    mine(office)["phone"] = "(415) 555-0188"
    request = office.to_review("access")
    assert all(p["phone"] != "(415) 555-0188" for p in found(office, "marketing", "phone_list", request))


def by_phone(office: Office) -> Request:
    """A caller whom staff called back on the phone on file."""
    request = called(office, identifier=mine(office)["phone"], identifier_kind="phone")
    office.gather(request)
    office.ask_staff(request)
    return office.now(request)


def test_a_phone_that_two_people_share_selects_nothing_and_cannot_be_approved(office: Office) -> None:
    another(office, email=OTHER, customer_number="J999006")
    request = by_phone(office)
    assert request.status is Status.IN_REVIEW
    assert all(found(office, source, name, request) == [] for source, name in (
        ("shop", "accounts"), ("shop", "orders"), ("marketing", "phone_list"),
    ))  # fmt: skip
    assert {d for _, d, _ in doubts(office, request)} == {Doubt.SHARED_PROOF}
    shown = card.card(office.svc, office.link("review"))
    assert "several people" in (shown.why_not or "")
    assert Verdict.APPROVE not in shown.may


def test_a_phone_that_is_one_persons_selects_their_data(office: Office) -> None:
    request = by_phone(office)
    assert [a["id"] for a in found(office, "shop", "accounts", request)] == [mine(office)["id"]]
    assert doubts(office, request) == []


def test_one_person_with_two_accounts_gets_both(office: Office) -> None:
    second = another(office, customer_number="J999002")
    request = office.to_review("access")
    assert {a["id"] for a in found(office, "shop", "accounts", request)} == {mine(office)["id"], second["id"]}
    assert doubts(office, request) == []


def test_two_people_at_one_address_are_shown_to_staff(office: Office) -> None:
    names = {f: "Somebody" for f in mine(office) if "name" in f}
    assert names
    another(office, customer_number="J999003", **names)
    request = office.to_review("access")
    assert doubts(office, request) == [("shop", Doubt.SEVERAL, "")]
    assert card.card(office.svc, office.link("review")).plan.unclear


def test_case_is_no_other_person_and_a_plus_address_is(office: Office) -> None:
    mailbox, at = office.customers[0]["email"].split("@")
    shouted = another(office, customer_number="J999004", email=f"{mailbox.title()}@{at.upper()}")
    tagged = another(office, customer_number="J999005", email=f"{mailbox}+shop@{at}")
    request = office.to_review("access")
    ids = {a["id"] for a in found(office, "shop", "accounts", request)}
    assert shouted["id"] in ids
    assert tagged["id"] not in ids


@pytest.mark.parametrize("right", ["access", "deletion"])
def test_the_plan_is_another_when_a_doubt_comes_up(office: Office, right: str) -> None:
    request = office.to_review(right)
    another(office, email=OTHER)
    again = identifying.whom(office.svc, request, office.svc.open(request), "loyalty")
    assert [u.doubt for u in again.unclear] == [Doubt.SHARED]
    assert again.also == []


def test_when_what_leads_on_cannot_be_read_the_rest_is_found_and_staff_can_try_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    membership(office)["email"] = OLD
    request = office.file("access")
    office.prove(request)
    with monkeypatch.context() as broken:
        shop = office.svc.sources["shop"]
        whole = shop.find

        def down(who: Any, after: str | None = None, among: str | None = None) -> Page:
            if among:
                raise SourceUnavailable("shop")
            return whole(who, after)

        broken.setattr(shop, "find", down)
        office.gather(request)
        office.ask_staff(request)
    assert ("loyalty", Doubt.UNREAD, "customer_number") in doubts(office, request)
    assert "Loyalty club" in card.card(office.svc, office.link("review")).again
    attention.try_again(office.svc, office.link("review"))
    office.gather(request)
    office.ask_staff(request)
    assert doubts(office, request) == []
    assert judging.current_plan(office.svc, office.now(request)).failed == {}
    assert len(found(office, "loyalty", "members", request)) == 1
