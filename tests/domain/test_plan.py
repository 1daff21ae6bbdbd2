"""What each right does to a record: told before, held against the data after."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.datamap import Collection, SourceMap
from chalicelib.domain.plan import Doing, Finding, Record, plan_hash, plan_of, treat
from chalicelib.domain.request import Right
from chalicelib.errors import SourceMisread

TODAY = date(2026, 11, 20)


def field(**more: object) -> dict[str, object]:
    return {"label": "A field", "category": "user.contact", **more}


ORDERS = Collection.model_validate(
    {
        "title": "Your orders",
        "identity": {"email": "email"},
        "retain": {"ground": "Tax records", "law": "26 CFR 1.6001-1", "from_field": "placed_on", "years": 7},
        "fields": {
            "id": field(),
            "email": field(blank="pseudonym"),
            "phone": field(blank="null"),
            "note": field(blank="removed"),
            "placed_on": field(),
        },
    }
)
PROFILES = Collection.model_validate(
    {"title": "You", "identity": {"email": "email"}, "fields": {"id": field(), "email": field(), "city": field()}}
)


def order(**more: object) -> Record:
    values = {"id": 1, "email": "a@example.com", "phone": "555", "note": "ring", "placed_on": "2025-03-01", **more}
    return Record(collection="orders", key=("1",), values=values)


def test_access_exports_every_record() -> None:
    assert treat(Right.ACCESS, ORDERS, order(), today=TODAY).doing is Doing.EXPORT


def test_deletion_of_a_record_that_must_be_kept_blanks_what_need_not_and_says_why_and_until_when() -> None:
    treatment = treat(Right.DELETION, ORDERS, order(), today=TODAY, pseudonym=lambda value: "x")
    assert treatment.doing is Doing.BLANK
    assert treatment.fields == {"email": "erased-x", "phone": None, "note": "removed"}
    assert treatment.kept is not None
    assert (treatment.kept.ground, treatment.kept.until) == ("Tax records", date(2032, 3, 1))


def test_deletion_after_the_retention_deletes() -> None:
    assert treat(Right.DELETION, ORDERS, order(placed_on="2019-11-19"), today=TODAY).doing is Doing.DELETE


def test_the_last_day_of_retention_still_keeps() -> None:
    assert treat(Right.DELETION, ORDERS, order(placed_on="2019-11-20"), today=TODAY).kept is not None


def test_a_leap_day_is_kept_until_the_last_of_february() -> None:
    kept = treat(Right.DELETION, ORDERS, order(placed_on="2024-02-29"), today=TODAY).kept
    assert kept is not None
    assert kept.until == date(2031, 2, 28)


def test_a_record_without_its_date_is_kept_rather_than_guessed() -> None:
    kept = treat(Right.DELETION, ORDERS, order(placed_on=None), today=TODAY).kept
    assert kept is not None
    assert kept.until is None


def test_deletion_run_twice_finds_nothing_more_to_do() -> None:
    first = treat(Right.DELETION, ORDERS, order(), today=TODAY, pseudonym=lambda value: "x")
    after = order(**first.fields)
    assert not treat(Right.DELETION, ORDERS, after, today=TODAY, pseudonym=lambda value: "y").acts


def test_correction_changes_only_what_is_wrong() -> None:
    record = Record(collection="profiles", key=("1",), values={"id": 1, "email": "a@example.com", "city": "Ossining"})
    assert treat(Right.CORRECTION, PROFILES, record, today=TODAY, corrections={"city": "Dover"}).fields == {
        "city": "Dover"
    }
    assert not treat(Right.CORRECTION, PROFILES, record, today=TODAY, corrections={"city": "Ossining"}).acts


def finding(*records: Record) -> Finding:
    return Finding(source="shop", treatments=[treat(Right.DELETION, PROFILES, r, today=TODAY) for r in records])


def profile(city: str = "Dover", key: str = "1") -> Record:
    return Record(collection="profiles", key=(key,), values={"id": key, "email": "a@example.com", "city": city})


def test_a_changed_record_is_drift() -> None:
    assert finding(profile()).drift(finding(profile("Salem")).treatments)


def test_a_new_record_is_drift() -> None:
    assert finding(profile()).drift(finding(profile(), profile(key="2")).treatments)


def test_a_record_already_gone_is_none() -> None:
    assert not finding(profile(), profile(key="2")).drift(finding(profile()).treatments)


@given(st.permutations(["1", "2", "3", "4"]))
def test_the_plan_is_the_same_plan_in_whatever_order_it_was_gathered(keys: list[str]) -> None:
    one = finding(*(profile(key=k) for k in "1234"))
    other = finding(*(profile(key=k) for k in keys))
    assert one.digest == other.digest
    assert plan_hash(Right.DELETION, {"shop": one.digest}) == plan_hash(Right.DELETION, {"shop": other.digest})


def test_the_hash_tells_rights_and_wishes_apart() -> None:
    hashes = {
        plan_hash(Right.DELETION, {"shop": "d"}),
        plan_hash(Right.ACCESS, {"shop": "d"}),
        plan_hash(Right.CORRECTION, {"shop": "d"}, "city=Dover"),
        plan_hash(Right.CORRECTION, {"shop": "d"}, "city=Salem"),
    }
    assert len(hashes) == 4


def test_the_plan_counts_by_collection_and_ground() -> None:
    kept = Finding(source="shop", treatments=[treat(Right.DELETION, ORDERS, order(), today=TODAY)])
    plan = plan_of(Right.DELETION, [kept], {("shop", "orders"): "Your orders"})
    (line,) = plan.collections
    assert (line.found, line.counts, len(line.kept)) == (1, {Doing.BLANK: 1}, 1)
    assert not plan.nothing_held


def test_a_source_that_failed_is_not_nothing() -> None:
    plan = plan_of(Right.ACCESS, [Finding(source="shop", failed="SourceUnavailable")], {("shop", "orders"): "Orders"})
    assert not plan.nothing_held


def test_collections_that_reach_each_other_in_a_circle_are_rejected() -> None:
    looped = {
        "kind": "sql",
        "title": "Shop",
        "collections": {
            name: {
                "title": name,
                "via": {"field": "id", "collection": other, "equals": "id"},
                "fields": {"id": field()},
            }
            for name, other in (("a", "b"), ("b", "a"))
        },
    }
    with pytest.raises(ValueError, match="circle"):
        SourceMap.model_validate(looped)


def test_a_date_that_is_none_is_named_by_its_field_and_never_by_its_value() -> None:
    with pytest.raises(SourceMisread) as fault:
        treat(Right.DELETION, ORDERS, order(placed_on="Marisol's birthday"), today=TODAY)
    assert "placed_on" in str(fault.value)
    assert "Marisol" not in str(fault.value)
    assert fault.value.__cause__ is None
