"""What the values themselves give away: an address in a column that nobody called one."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.businesses.suspicious import suspicious
from chalicelib.domain.datamap import DataMap

CARD = "4111 1111 1111 1111"


def mapped(**note: Any) -> DataMap:
    fields = {
        "email": {"label": "Email", "category": "user.contact.email"},
        "note": {"label": "Note", "category": "user.account", **note},
    }
    people = {"title": "People", "key": ["email"], "identity": {"email": "email"}, "fields": fields}
    goods = {"goods": "what we sell"}
    source = {"kind": "sql", "title": "S", "not_personal": goods, "collections": {"people": people}}
    return DataMap.model_validate({"sources": {"shop": source}})


def said(datamap: DataMap, values: list[Any], table: str = "people", column: str = "note") -> list[str]:
    found = suspicious(datamap, {"shop": {table: {column: values}}})
    assert not any("example.com" in p.problem or "4111" in p.problem for p in found), "no value is printed"
    return [p.where for p in found]


NOTE = "sources.shop.collections.people.fields.note"


@pytest.mark.parametrize("value", ["ann@example.com", " Ann.B+tag@Example.COM "])
def test_an_email_shaped_column_of_another_category_is_suspicious(value: str) -> None:
    assert said(mapped(), [None, "gold", value]) == [NOTE]


def test_an_address_inside_what_somebody_wrote_is_what_they_wrote() -> None:
    assert said(mapped(category="user.content.private"), ["write to ann@example.com"]) == []
    assert said(mapped(), ["gold", "silver", None]) == []


def test_a_table_said_to_hold_nobody_holds_addresses() -> None:
    assert said(mapped(), ["ann@example.com"], "goods", "made_by") == ["sources.shop.not_personal.goods"]
    assert said(mapped(), ["oats", "hay", 12, None], "goods", "made_by") == []


def test_card_numbers_without_their_kind_are_suspicious() -> None:
    assert said(mapped(), [CARD, CARD, "none"]) == [NOTE]
    assert said(mapped(never="card_number"), [CARD, CARD]) == []
    assert said(mapped(), ["gold", "silver", CARD]) == [], "one that slipped in is struck out there"


def test_a_document_with_addresses_inside_cannot_be_masked() -> None:
    held = [{"friend": {"email": "bob@example.com"}}]
    assert said(mapped(), held) == [NOTE]
    assert said(mapped(third_person=True), held) == []
    assert said(mapped(export=False), held) == []
