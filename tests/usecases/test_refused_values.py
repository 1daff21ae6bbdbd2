"""A correction that the business's own system would refuse: staff read why before they can approve."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from chalicelib.domain.decision import Verdict
from chalicelib.domain.plan import Refusal, Treatment
from chalicelib.domain.status import Status
from chalicelib.errors import PlanDrifted
from chalicelib.sources.memory import MemorySource
from chalicelib.usecases import card

from .conftest import Office

PATH = "shop.accounts.email"


class OneEach(MemorySource):
    """A shop in which an address belongs to one account."""

    def refuses(self, treatments: Sequence[Treatment]) -> dict[tuple[str, str], Refusal]:
        taken = {row["email"] for row in self.tables["accounts"]}
        return {
            (t.collection, "email"): Refusal.TAKEN
            for t in treatments
            if t.collection == "accounts" and t.fields.get("email") in taken
        }


def one_each(office: Office) -> None:
    shop = office.svc.sources["shop"]
    assert isinstance(shop, MemorySource)
    place = office.svc.business.datamap.sources["shop"]
    office.svc.sources["shop"] = OneEach("shop", place, shop.tables)  # type: ignore[index]


def test_an_address_that_another_account_has_cannot_be_approved_and_staff_read_why(office: Office) -> None:
    one_each(office)
    taken = office.customers[1]["email"]
    request = office.to_review("correction", corrections=[{"field": PATH, "value": taken}])
    shown = card.card(office.svc, office.link("review"))
    assert request.status is Status.IN_REVIEW
    assert "another record has this value already" in (shown.why_not or "")
    assert taken not in (shown.why_not or "")
    assert Verdict.APPROVE not in shown.may
    assert {Verdict.ASK, Verdict.REFUSE} <= shown.may


def test_nobody_tells_the_customer_by_itself_that_somebody_else_has_the_address(office: Office) -> None:
    """Whether an address is on file is nobody else's to know."""
    one_each(office)
    before = len(office.mails(office.customers[0]["email"]))
    office.to_review("correction", corrections=[{"field": PATH, "value": office.customers[1]["email"]}])
    since = office.mails(office.customers[0]["email"])[: -before or None]
    assert all("already" not in office.text(mail) for mail in since)


def test_an_address_that_is_free_is_approved_and_read_back(office: Office) -> None:
    one_each(office)
    request = office.to_review("correction", corrections=[{"field": PATH, "value": "new.address@example.com"}])
    assert card.card(office.svc, office.link("review")).why_not is None
    office.decide(request, "approve")
    assert office.carry_out(request).status is Status.FULFILLED


def test_a_record_that_changed_meanwhile_comes_back_with_what_changed(office: Office) -> None:
    who = office.customers[0]["email"]
    account = next(a for a in office.tables["shop.accounts"] if a["email"] == who)
    request = office.to_review("correction", corrections=[{"field": PATH, "value": "new.address@example.com"}])
    assert card.card(office.svc, office.link("review")).plan.changed == []
    office.decide(request, "approve")
    account["city"] = "Elsewhere"
    with pytest.raises(PlanDrifted):  # the machine then gathers anew
        office.carry_out(request)
    assert account["email"] == who
    assert office.now(request).status is Status.GATHERING
    office.gather(request)
    office.ask_staff(request)
    assert card.card(office.svc, office.link("review")).plan.changed == [("shop", "accounts", ["city"])]
    office.decide(request, "approve")
    assert office.carry_out(request).status is Status.FULFILLED
    assert account["email"] == "new.address@example.com"
    assert any("new.address@example.com" in office.text(m) or "changed" in office.text(m) for m in office.mails(who))
