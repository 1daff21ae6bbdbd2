"""What makes staff look twice: derived signs on the card, which say nothing of the data itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.domain.request import Personal, Request, Right
from chalicelib.usecases import card, intake, risks
from chalicelib.usecases.risks import Sign

from .conftest import Office

NETWORK = "198.51.100.7"


def signs(office: Office, request: Request) -> list[Sign]:
    return card.card_of(office.svc, office.now(request), office.svc.business.leads()[0]).risks


def test_an_ordinary_request_has_none(office: Office) -> None:
    who = office.customers[0]
    assert signs(office, office.to_review("access", who, name=who["name"].upper())) == []


@pytest.mark.parametrize("name", ["Somebody Else", "\u674e \u96f7"])
def test_a_name_that_is_not_on_file_is_a_sign(office: Office, name: str) -> None:
    assert (Sign.NAME_DIFFERS in signs(office, office.to_review("access", name=name))) is bool(risks._words(name))


def test_a_second_family_name_is_none(office: Office) -> None:
    who = office.customers[0]
    assert signs(office, office.to_review("access", who, name=f"{who['name']} Miller")) == []


def test_contact_data_corrected_lately_is_a_sign_for_sixty_days(office: Office) -> None:
    field = next(
        p for p, f in office.svc.business.datamap.correctable().items() if f.category == "user.contact.address.street"
    )
    request = office.to_review("correction", corrections=[{"field": field, "value": "14 Elm Court"}])
    assert signs(office, request) == [], "its own change is not made yet"
    office.decide(request, "approve")
    office.carry_out(request)
    assert office.now(request).status == "fulfilled"
    later = office.to_review("deletion")
    assert signs(office, later) == [Sign.ADDRESS_CHANGED]
    office.clock.forward(timedelta(days=61))
    assert signs(office, later) == []


def test_the_fifth_request_from_one_network_in_a_day_is_a_sign(office: Office) -> None:
    filed = [
        intake.file_request(office.svc, Right.CONCERN, Personal(email=f"a{n}@example.com", details="Hm"), network=at)
        for n, at in enumerate([NETWORK] * 5 + ["203.0.113.9", ""])
    ]
    assert [r.nth_from_network for r in filed] == [1, 2, 3, 4, 5, 1, 0]
    who = office.customers[0]
    request = intake.file_request(office.svc, Right.ACCESS, Personal(email=who["email"]), network=NETWORK)
    office.prove(request)
    office.gather(request)
    office.ask_staff(request)
    assert signs(office, request) == [Sign.NETWORK]
    office.clock.forward(timedelta(days=1))
    assert (
        intake.file_request(office.svc, Right.ACCESS, Personal(email="b@example.com"), network=NETWORK).nth_from_network
        == 1
    )
