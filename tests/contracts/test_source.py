"""What every source does, held against each: in memory, on SQLite, PostgreSQL, DynamoDB and log files in S3."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain.identity import Identifier
from chalicelib.domain.plan import Doing, Record, Treatment
from chalicelib.errors import PlanDrifted, SourceMisread
from chalicelib.ports import Source

from .aws_shop import DynamoShop, S3Shop
from .shop import MAP, ROWS, HttpShop, MemoryShop, Shop, SqlShop, all_of, line, member, order, places, reader, told, who

ANN = who(email="ann@example.com")


@pytest.fixture(params=["memory", "sqlite", "http", "postgres", "dynamodb", "s3"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    match request.param:
        case "memory":
            made: Shop = MemoryShop()
        case "http":
            made = HttpShop(*request.getfixturevalue("peers"))
        case "dynamodb" | "s3" as kind:
            request.getfixturevalue("aws")
            made = DynamoShop() if kind == "dynamodb" else S3Shop()
        case "sqlite":
            made = SqlShop(f"sqlite:///{tmp_path}/shop.db")
        case _:
            new_database: Callable[[], str] = request.getfixturevalue("new_database")
            made = SqlShop(new_database())
    made.fill(ROWS)
    yield made
    made.close()


def erasure(shop: Shop, by: list[Identifier] = ANN) -> list[Treatment]:
    """Delete all that is found; what was sent to a person as a gift is blanked."""
    return [
        told(r, Doing.BLANK, gift_email=None) if r.collection == "gifts" else told(r, Doing.DELETE)
        for r in all_of(shop.source, by)
    ]


def test_a_persons_records_are_found_through_two_joins_and_in_a_third_table(shop: Shop) -> None:
    """Members, their orders, those orders' lines; orders made as a guest; the newsletter, which knows only emails."""
    assert places(all_of(shop.source, ANN)) == {
        ("members", ("1",)),
        ("orders", ("10",)), ("orders", ("11",)), ("orders", ("13",)),
        ("order_lines", ("10", "1")), ("order_lines", ("10", "2")), ("order_lines", ("11", "1")),
        ("order_lines", ("13", "1")),
        ("newsletter", ("ann@example.com",)),
    }  # fmt: skip


def test_each_record_says_how_it_was_reached(shop: Shop) -> None:
    ways = {(r.collection, r.key): r.reached for r in all_of(shop.source, ANN)}
    assert ways["members", ("1",)] == ways["orders", ("13",)] == ways["newsletter", ("ann@example.com",)] == "email"
    assert (ways["orders", ("10",)], ways["order_lines", ("10", "1")]) == ("members", "orders")


@pytest.mark.parametrize("size", [1, 2, 3, 4, 9, 10])
def test_pages_give_each_record_once_in_the_same_order(shop: Shop, size: int) -> None:
    """Whatever a page's size: by key within a collection, parents first; the last page says that it is the last."""
    whole, paged = all_of(shop.source, ANN), shop.paged(size)
    pages, after = [], None
    while True:
        page = paged.find(ANN, after)
        pages.append(page.records)
        if (after := page.next) is None:
            break
    assert [r for page in pages for r in page] == whole
    assert [len(page) for page in pages[:-1]] == [size] * (len(pages) - 1)
    assert len(pages) == -(-len(whole) // size)


def test_a_page_goes_on_where_the_last_one_ended_though_rows_came_and_went(shop: Shop) -> None:
    """By key, not by number: what is deleted before the cursor moves nothing, what is added after it is found."""
    paged = shop.paged(4)
    first = paged.find(ANN)
    assert [r.key for r in first.records] == [("1",), ("ann@example.com",), ("10",), ("11",)]
    lines = [one for one in ROWS["order_lines"] if one["order_id"] != 10]
    shop.fill({**ROWS, "order_lines": lines, "orders": [*ROWS["orders"][1:], order(16, 1)]})
    rest = [r for r in all_of_from(paged, first.next) if r.collection == "orders"]
    assert places(rest) == {("orders", ("13",)), ("orders", ("16",))}


def all_of_from(source: Source, after: str | None) -> list[Record]:
    found: list[Record] = []
    while after is not None:
        records, after = source.find(ANN, after)
        found += records
    return found


def test_two_collections_on_one_table_are_told_apart(shop: Shop) -> None:
    """Bob's own orders, and the order that Ann had sent to him, of which he sees his part only."""
    found = all_of(shop.source, who(email="bob@example.com"))
    (gift,) = [r for r in found if r.collection == "gifts"]
    assert gift.values == {"id": 11, "gift_email": "bob@example.com"}
    assert ("orders", ("11",)) not in places(found)


def test_a_record_reached_in_two_ways_counts_once(shop: Shop) -> None:
    shop.change("orders", "id", 10, "guest_email", "ann@example.com")
    found = all_of(shop.source, who(email="ann@example.com", customer_number="7001", phone="307 555 0101"))
    assert len(found) == len(places(found))
    assert ("orders", ("10",)) in places(found)


@pytest.mark.parametrize(
    "by",
    [who(email="ANN@EXAMPLE.COM"), who(phone="1-307-555-0101"), who(phone="3075550101"), who(customer_number="7001"),
     who(name=" ann  AMES")],
)  # fmt: skip
def test_identifiers_are_compared_as_people_write_them(shop: Shop, by: list[Identifier]) -> None:
    assert ("members", ("1",)) in places(all_of(shop.source, by))
    assert ("members", ("2",)) not in places(all_of(shop.source, by))


@pytest.mark.parametrize(
    "by",
    [[], who(email=""), who(phone="none"), who(email="nobody@example.com"), who(customer_number="07001"),
     who(customer_number="9" * 40), who(cookie="7001"), who(name="")],
)  # fmt: skip
def test_an_identifier_that_names_nobody_finds_nothing(shop: Shop, by: list[Identifier]) -> None:
    """Not even those whose email or phone is empty."""
    assert all_of(shop.source, by) == []


@pytest.mark.parametrize(
    "typed", ["' OR 1=1 --", "ann@example.com'; DROP TABLE members; --", "%", "_", '") OR ("1"="1', "{}", ":by_email"]
)
def test_what_looks_like_sql_is_a_value(shop: Shop, typed: str) -> None:
    """As an identifier, as a stored value and as a new value."""
    before = shop.snapshot()
    assert all_of(shop.source, who(email=typed, name=typed, phone=typed, customer_number=typed)) == []
    assert shop.snapshot() == before
    shop.change("members", "id", 1, "name", typed)
    (found,) = [r for r in all_of(shop.source, who(customer_number="7001")) if r.collection == "members"]
    assert found.values["name"] == typed
    shop.source.carry_out([told(found, Doing.CHANGE, name=typed + typed)])
    assert {r["id"]: r["name"] for r in shop.rows("members")} == {1: typed + typed, 2: "Bob Ball", 3: None}


def test_values_are_json_and_only_what_is_mapped(shop: Shop) -> None:
    found = {(r.collection, r.key): r for r in all_of(shop.source, ANN)}
    assert found["orders", ("10",)].values == {
        "id": 10, "member_id": 1, "guest_email": None, "ordered_on": "2025-03-01", "total": "12.50",
    }  # fmt: skip
    assert set(found["members", ("1",)].values) == set(MAP.collections["members"].fields)


def test_reading_again_gives_the_same_fingerprints(shop: Shop) -> None:
    found = all_of(shop.source, ANN)
    again = shop.source.read([(r.collection, r.key) for r in found] + [("members", ("99",))])
    assert {(r.collection, r.key, r.fingerprint) for r in again} == {
        (r.collection, r.key, r.fingerprint) for r in found
    }


def test_an_erasure_goes_from_children_to_parents_and_leaves_other_people_alone(shop: Shop) -> None:
    """The foreign keys are real, and the plan may name the parents first."""
    before, plan = shop.snapshot(), erasure(shop)
    shop.source.carry_out(plan)
    assert all_of(shop.source, ANN) == []
    assert shop.source.not_done(plan) == []
    after = shop.snapshot()
    assert [r["id"] for r in after["members"]] == [2, 3]
    assert sorted(r["id"] for r in after["orders"]) == [12, 14, 15]
    assert sorted((r["order_id"], r["line"]) for r in after["order_lines"]) == [(12, 1), (15, 1)]
    assert after["newsletter"] == [r for r in before["newsletter"] if r["email"] != "ann@example.com"]


def test_what_staff_did_not_approve_is_not_done(shop: Shop) -> None:
    """Rule 16: one record changed since, and nothing at all is done; afterwards the plan made anew works."""
    plan = erasure(shop)
    shop.change("orders", "id", 10, "total", "99.00")
    before = shop.snapshot()
    with pytest.raises(PlanDrifted) as drift:
        shop.source.carry_out(plan)
    assert "99" not in str(drift.value)
    assert shop.snapshot() == before
    shop.source.carry_out(erasure(shop))
    assert all_of(shop.source, ANN) == []


def test_a_change_in_what_is_not_mapped_is_no_drift(shop: Shop) -> None:
    plan = erasure(shop, who(email="bob@example.com"))
    shop.change("orders", "id", 11, "total", "1.00")
    shop.source.carry_out(plan)
    assert shop.source.not_done(plan) == []


def test_a_step_that_runs_twice_does_nothing_more(shop: Shop) -> None:
    (ann,) = [r for r in all_of(shop.source, ANN) if r.collection == "members"]
    orders = [r for r in all_of(shop.source, ANN) if r.collection == "orders"]
    plan = [told(ann, Doing.CHANGE, name="Anne Ames")]
    plan += [told(o, Doing.BLANK, guest_email="erased-1", total="0", member_id=None) for o in orders]
    shop.source.carry_out(plan)
    after = shop.snapshot()
    shop.source.carry_out(plan)
    assert shop.snapshot() == after
    assert shop.source.not_done(plan) == []
    assert {r["id"]: r["guest_email"] for r in after["orders"]}[13] == "erased-1"


def test_one_collection_alone_is_found_as_it_is_among_the_others(shop: Shop) -> None:
    """Also what is reached through others, which are not given."""
    for name in ("members", "order_lines"):
        alone = shop.source.find(ANN, None, name).records
        assert alone == [r for r in all_of(shop.source, ANN) if r.collection == name] != []


def test_a_record_already_gone_counts_as_deleted(shop: Shop) -> None:
    """Rule 11: also when only some of them are gone."""
    (reader_, *rest) = sorted(erasure(shop), key=lambda t: t.collection != "newsletter")
    shop.source.carry_out([reader_])
    shop.source.carry_out([reader_, *rest])
    assert shop.source.not_done([reader_, *rest]) == []


def test_reading_back_shows_what_was_not_done(shop: Shop) -> None:
    """Rule 8: before, all of it; after, what somebody put back."""
    found = {r.collection: r for r in all_of(shop.source, ANN)}
    plan = [told(found["members"], Doing.CHANGE, name="Anne"), told(found["newsletter"], Doing.DELETE)]
    assert shop.source.not_done(plan) == plan
    shop.source.carry_out(plan)
    assert shop.source.not_done(plan) == []
    shop.change("members", "id", 1, "name", "Ann")
    assert shop.source.not_done(plan) == plan[:1]


@pytest.mark.parametrize("doing", [Doing.KEEP, Doing.EXPORT])
def test_what_is_kept_or_only_exported_needs_nothing(shop: Shop, doing: Doing) -> None:
    plan = [told(r, doing) for r in all_of(shop.source, ANN)]
    before = shop.snapshot()
    shop.change("newsletter", "email", "ann@example.com", "state", "off")
    shop.source.carry_out(plan)
    shop.change("newsletter", "email", "ann@example.com", "state", "on")
    assert shop.source.not_done(plan) == []
    assert shop.snapshot() == before


def test_an_opt_out_is_written_where_it_differs_and_counted(shop: Shop) -> None:
    assert shop.source.stop(ANN, ["email", "post"]) == 2
    assert shop.source.stop(ANN, ["email"]) == 0
    assert {r["email"]: r["state"] for r in shop.rows("newsletter")} == {
        "ann@example.com": "stopped", "bob@example.com": "on",
    }  # fmt: skip
    assert {r["id"]: bool(r["wants_offers"]) for r in shop.rows("members")} == {1: False, 2: True, 3: True}
    assert shop.source.stop(who(email="bob@example.com"), ["kind:offers"]) == 1
    assert shop.source.stop(who(email="nobody@example.com"), ["email"]) == 0


def test_a_table_that_is_gone_is_misread_and_named(shop: Shop) -> None:
    """Also when it was there at first: a source outlives a migration."""
    plan = erasure(shop)
    shop.drop("newsletter")
    for step in (
        lambda: all_of(shop.source, ANN),
        lambda: shop.source.carry_out(plan),
        lambda: shop.source.not_done(plan),
        lambda: shop.source.stop(ANN, ["email"]),
    ):
        with pytest.raises(SourceMisread, match="newsletter") as misread:
            step()
        assert "ann" not in str(misread.value)
    assert len(shop.rows("members")) == 3


EMAILS = st.sampled_from(["a@example.com", "A@example.com", "b@example.com", "B@Example.com", "%", "", None])
FEW = st.integers(1, 4)


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, list[dict[str, Any]]]:
    members = [member(i, draw(EMAILS), phone=draw(st.sampled_from([None, "", "n/a"]))) for i in range(draw(FEW))]
    orders = [
        order(i, draw(st.sampled_from([None, *(m["id"] for m in members)])), guest_email=draw(EMAILS),
              gift_email=draw(EMAILS))
        for i in range(draw(FEW))
    ]  # fmt: skip
    lines = [line(o["id"], n) for o in orders for n in range(draw(st.integers(0, 2)))]
    readers = draw(st.lists(EMAILS.filter(bool), unique=True, max_size=4))
    return {"members": members, "orders": orders, "order_lines": lines, "newsletter": [reader(e) for e in readers]}


def of_a(world: dict[str, list[dict[str, Any]]]) -> set[tuple[str, tuple[str, ...]]]:
    """What is a@example.com's, worked out in another way: record by record, from the bottom up."""

    def is_a(email: str | None) -> bool:
        return (email or "").lower() == "a@example.com"

    emails = {m["id"]: m["email"] for m in world["members"]}
    mine = {o["id"] for o in world["orders"] if is_a(o["guest_email"]) or is_a(emails.get(o["member_id"]))}
    return (
        {("members", (str(i),)) for i, email in emails.items() if is_a(email)}
        | {("orders", (str(i),)) for i in mine}
        | {("order_lines", (str(n["order_id"]), str(n["line"]))) for n in world["order_lines"] if n["order_id"] in mine}
        | {("gifts", (str(o["id"]),)) for o in world["orders"] if is_a(o["gift_email"])}
        | {("newsletter", (r["email"],)) for r in world["newsletter"] if is_a(r["email"])}
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world=worlds())
def test_other_peoples_records_are_never_found_nor_changed(shop: Shop, world: dict[str, list[dict[str, Any]]]) -> None:
    shop.fill(world)
    before = shop.snapshot()
    by = who(email="a@example.com", phone="nothing")
    found = all_of(shop.source, by)
    assert places(found) == of_a(world)
    if isinstance(shop, MemoryShop | SqlShop):  # those on AWS cut their pages as the one in memory does
        assert all_of(shop.paged(2), by) == found
    shop.source.stop(by, ["email"])
    shop.source.carry_out(erasure(shop, by))
    after = shop.snapshot()
    keys = {"members": ["id"], "orders": ["id"], "order_lines": ["order_id", "line"], "newsletter": ["email"]}
    for table, key in keys.items():
        mine = {k for collection, k in of_a(world) if collection == table}
        gifts = {k for collection, k in of_a(world) if collection == "gifts" and table == "orders"}
        others = [r for r in before[table] if tuple(str(r[k]) for k in key) not in mine | gifts]
        assert all(r in after[table] for r in others)
        assert len(after[table]) == len(before[table]) - len(mine)
