"""A data map that leaves anything of the live schema unexplained is rejected."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.businesses.check import require_explained, unexplained
from chalicelib.domain.datamap import DataMap
from chalicelib.errors import Misconfigured

PEOPLE = {"id": ("integer", False), "email": ("text", False), "phone": ("text", True), "news": ("boolean", False)}


def mapped(**fields: dict[str, Any]) -> DataMap:
    known: dict[str, Any] = {
        "id": {"label": "No.", "category": "user.unique_id"},
        "email": {"label": "Email", "category": "user.contact.email"},
        "phone": {"label": "Phone", "category": "user.contact.phone_number"},
        "news": {"label": "News", "category": "user.privacy_preferences"},
    }
    for name, changed in fields.items():
        known[name] = known.get(name, {"label": name, "category": "user"}) | changed
    people = {"title": "People", "identity": {"email": "email"}, "fields": known}
    source = {"kind": "sql", "title": "S", "not_personal": {"goods": "goods"}, "collections": {"people": people}}
    return DataMap.model_validate({"sources": {"shop": source}})


def live(**columns: tuple[str, bool]) -> dict[str, dict[str, dict[str, tuple[str, bool]]]]:
    return {"shop": {"people": PEOPLE | columns, "goods": {"id": ("integer", False)}}}


def test_a_map_that_explains_all_is_accepted() -> None:
    assert unexplained(mapped(), live()) == []
    require_explained(mapped(), live())


def test_an_unexplained_column_is_named() -> None:
    with pytest.raises(
        Misconfigured, match=r"sources\.shop\.collections\.people\.fields\.nickname.*not explained"
    ) as e:
        require_explained(mapped(), live(nickname=("text", True)), "mine/datamap.yaml")
    assert e.value.file == "mine/datamap.yaml"


def test_an_unexplained_table_is_named() -> None:
    schema = live()
    schema["shop"]["wishes"] = {"id": ("integer", False)}
    (problem,) = unexplained(mapped(), schema)
    assert "shop.wishes" in problem.problem
    assert "not_personal" in problem.mend


def test_a_column_explained_by_either_of_two_collections_is_explained() -> None:
    said = mapped().model_dump()
    people = said["sources"]["shop"]["collections"]["people"]
    other = {**people, "table": "people", "fields": dict(people["fields"])}
    other["fields"]["nickname"] = {"label": "Nickname", "category": "user.name"}
    said["sources"]["shop"]["collections"]["others"] = other
    assert unexplained(DataMap.model_validate(said), live(nickname=("text", True))) == []


@pytest.mark.parametrize(
    ("field", "column", "where", "problem"),
    [
        ({"email": {"blank": "null"}}, {}, "email.blank", "NOT NULL"),
        ({"news": {"blank": "gone"}}, {}, "news.blank", "cannot hold"),
        ({"id": {"blank": "pseudonym"}}, {}, "id.blank", "cannot hold"),
        ({"nickname": {}}, {}, "nickname", "no such column"),
        ({"news": {"stop": {"email": None}}}, {}, "news.stop.email", "cannot hold"),
        ({"phone": {"stop": {"phone": False}}}, {}, "phone.stop.phone", "cannot hold"),
        ({"id": {"correct": "text"}}, {}, "id.correct", "cannot be corrected"),
        ({"parent_email": {}}, {"parent_email": ("text", True)}, "parent_email.category", "user.contact.email"),
        ({"mobile": {}}, {"mobile": ("text", True)}, "mobile.category", "user.contact.phone_number"),
        ({"password_hash": {}}, {"password_hash": ("text", True)}, "password_hash", "never disclosed"),
        ({"ssn": {}}, {"ssn": ("character varying", True)}, "ssn", "never disclosed"),
    ],
)
def test_what_the_schema_contradicts_is_a_problem(
    field: dict[str, Any], column: dict[str, tuple[str, bool]], where: str, problem: str
) -> None:
    (found,) = unexplained(mapped(**field), live(**column))
    assert found.where.endswith(f"fields.{where}")
    assert problem in found.problem
    assert found.mend


def test_a_choice_about_email_is_no_email_address() -> None:
    assert unexplained(mapped(offers_by_email={}), live(offers_by_email=("boolean", False))) == []


def test_years_are_counted_from_a_date() -> None:
    said = mapped().model_dump()
    said["sources"]["shop"]["collections"]["people"]["retain"] = {"ground": "tax", "from_field": "phone", "years": 1}
    (found,) = unexplained(DataMap.model_validate(said), live())
    assert found.where == "sources.shop.collections.people.retain.from_field"


def test_a_table_or_schema_that_is_not_there_is_a_problem() -> None:
    schema = live()
    del schema["shop"]["people"], schema["shop"]["goods"]
    assert {p.where for p in unexplained(mapped(), schema)} == {
        "sources.shop.collections.people.table",
        "sources.shop.not_personal.goods",
    }
    assert [p.where for p in unexplained(mapped(), {})] == ["sources.shop.where"]


def test_a_table_is_mapped_or_not_personal_not_both() -> None:
    said = mapped().model_dump()
    said["sources"]["shop"]["not_personal"]["people"] = "no"
    assert [p.where for p in unexplained(DataMap.model_validate(said), live())] == ["sources.shop.not_personal.people"]
