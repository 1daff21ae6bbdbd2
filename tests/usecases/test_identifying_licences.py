"""A licence leads to what an application logged under it, and never to what somebody else did with it."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import pytest

from chalicelib.businesses.loader import load
from chalicelib.domain.identity import Doubt, Identifier
from chalicelib.services import Services
from chalicelib.sources.memory import MemorySource
from chalicelib.usecases import identifying
from local.data import world

from .conftest import Office

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def rows() -> Rows:
    """The software store's records."""
    rows = copy.deepcopy(world("cetrus")[0])
    for licence in rows["store.licences"]:
        licence["key_ending"] = licence["licence_key"][-5:]  # a column that the database works out
    return rows


def store(office: Office, rows: Rows) -> Services:
    business = load("cetrus")
    sources = {
        name: MemorySource(name, place, {t.split(".")[1]: r for t, r in rows.items() if t.startswith(f"{name}.")})
        for name, place in business.datamap.sources.items()
    }
    return dataclasses.replace(office.svc, business=business, sources=sources)


def customer(rows: Rows) -> dict[str, Any]:
    return next(a for a in rows["store.accounts"] if any(k["account_id"] == a["id"] for k in rows["store.licences"]))


def installations(office: Office, rows: Rows) -> tuple[list[Any], list[Doubt]]:
    svc = store(office, rows)
    found = identifying.led(svc, [Identifier.of("email", customer(rows)["email"])], "usage")
    page = svc.sources["usage"].find([*found.proven, *found.also], None, "installations")
    return [r.values["email"] for r in page.records], [u.doubt for u in found.unclear]


def test_an_installation_without_an_address_is_found_by_its_licence(office: Office, rows: Rows) -> None:
    mine = customer(rows)
    key = next(k["licence_key"] for k in rows["store.licences"] if k["account_id"] == mine["id"])
    rows["usage.installations"][:] = [i for i in rows["usage.installations"] if i["licence_key"] != key]
    rows["usage.installations"].append({**rows["usage.installations"][0], "id": 9, "licence_key": key, "email": ""})
    emails, doubts = installations(office, rows)
    assert "" in emails
    assert Doubt.SHARED not in doubts


def test_a_licence_that_somebody_else_uses_too_leads_nowhere(office: Office, rows: Rows) -> None:
    mine = customer(rows)
    for licence in [k for k in rows["store.licences"] if k["account_id"] == mine["id"]]:
        lent = {**rows["usage.installations"][0], "id": 90 + licence["id"], "email": "colleague@example.com"}
        rows["usage.installations"].append({**lent, "licence_key": licence["licence_key"]})
    emails, doubts = installations(office, rows)
    assert "colleague@example.com" not in emails
    assert Doubt.SHARED in doubts
