"""What a source in DynamoDB does beyond the contract of all sources: types, pages, lagging indexes, races, faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.plan import Doing
from chalicelib.errors import PlanDrifted, SourceMisread, SourceUnavailable
from chalicelib.sources.attributes import like, plain, stored
from chalicelib.sources.dynamodb import DynamoSource

from .aws_shop import DynamoShop, dynamo_map
from .faulty import NO_CONNECTION, SECRET, refusal
from .made import Aws
from .shop import ROWS, all_of, member, order, told, who

ANN = who(email="ann@example.com")


@pytest.fixture
def shop(aws: Aws) -> Iterator[DynamoShop]:
    made = DynamoShop()
    made.fill(ROWS)
    yield made
    made.close()


class Meddled:
    """The client, but something happens before an operation: `meddle` is called with how often it was asked for."""

    def __init__(self, client: Any, operation: str, meddle: Callable[[int], None]) -> None:
        self._client, self._operation, self._meddle, self.calls = client, operation, meddle, 0

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._client, name)
        if name != self._operation:
            return real

        def call(**given: Any) -> Any:
            self.calls += 1
            self._meddle(self.calls)
            return real(**given)

        return call


def meddled(shop: DynamoShop, operation: str, meddle: Callable[[int], None]) -> DynamoSource:
    return DynamoSource("shop", dynamo_map(shop.prefix), Meddled(shop.client, operation, meddle))


@pytest.mark.parametrize(
    ("raw", "value"),
    [({"S": "x"}, "x"), ({"N": "7001"}, 7001), ({"N": "1E2"}, 100), ({"N": "12.50"}, "12.5"), ({"BOOL": False}, False),
     ({"N": "12345678901234567890123456789012345678"}, 12345678901234567890123456789012345678),
     ({"N": "0.0000000000000000000000000000000000001"}, "0.0000000000000000000000000000000000001"),
     ({"NULL": True}, None), ({"SS": ["b", "a"]}, ["a", "b"]), ({"NS": ["10", "9.5"]}, ["9.5", 10]),
     ({"B": b"\x00\xff"}, "00ff"), ({"BS": [b"b", b"a"]}, ["61", "62"]),
     ({"M": {"a": {"L": [{"N": "1"}, {"NULL": True}]}}}, {"a": [1, None]}), (None, None)],
)  # fmt: skip
def test_every_type_has_a_json_value_and_no_digit_is_lost(raw: Any, value: Any) -> None:
    assert plain(raw) == value


VALUES = st.recursive(
    st.none() | st.booleans() | st.text() | st.integers(-(10**37), 10**37)
    | st.decimals(-(10**9), 10**9, places=9, allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1), inner, max_size=4),
    max_leaves=10,
)  # fmt: skip


@given(VALUES)
def test_any_value_is_told_as_the_service_wrote_it(value: Any) -> None:
    """boto3's own serializer on the one side; numbers compared as numbers."""

    def same(told: Any, meant: Any) -> bool:
        if isinstance(meant, list):
            return len(told) == len(meant) and all(map(same, told, meant))
        if isinstance(meant, dict):
            return told.keys() == meant.keys() and all(same(told[k], meant[k]) for k in meant)
        if isinstance(meant, Decimal):
            return Decimal(told) == meant
        return type(told) is type(meant) and bool(told == meant)

    assert same(plain(TypeSerializer().serialize(value)), value)


@pytest.mark.parametrize(
    ("held", "text", "written"),
    [({"N": "3"}, "0", {"N": "0"}), ({"N": "3"}, "erased", {"S": "erased"}), ({"BOOL": True}, "false", {"BOOL": False}),
     ({"S": "x"}, "7", {"S": "7"}), (None, "7", {"S": "7"}), ({"S": "x"}, None, None),
     ({"N": "3"}, "NaN", {"S": "NaN"}), ({"N": "3"}, "1_000", {"S": "1_000"}), ({"N": "3"}, "9" * 39, {"S": "9" * 39})],
)  # fmt: skip
def test_a_new_value_has_the_type_of_the_old_one(held: Any, text: str | None, written: Any) -> None:
    assert like(held, text) == written


def test_a_number_reads_as_the_service_will_say_it() -> None:
    assert (stored({"N": "1"}, "12.50"), stored({"S": "1"}, "12.50")) == ("12.5", "12.50")


def test_every_page_is_followed(shop: DynamoShop) -> None:
    """More orders than a megabyte holds, and more than a read or a transaction takes at once."""
    big = [order(n, 1, total="x" * 20_000) for n in range(100, 330)]
    shop.fill({**ROWS, "orders": [*ROWS["orders"], *big], "order_lines": []})
    found = [r for r in all_of(shop.source, ANN) if r.collection == "orders"]
    assert len(found) == 233
    plan = [told(r, Doing.BLANK, total="0") for r in found if r.key >= ("100",)]
    shop.source.carry_out(plan)
    assert shop.source.not_done(plan) == []


def test_an_index_that_lags_behind_selects_nobody_elses_record(shop: DynamoShop) -> None:
    """Bob's row still stands under Ann's address in the index: what the table says counts (rule 4)."""
    shop.client.update_item(
        TableName=f"{shop.prefix}members", Key={"id": {"N": "2"}}, UpdateExpression="SET email_spelt = :ann",
        ExpressionAttributeValues={":ann": {"S": "ann@example.com"}},
    )  # fmt: skip
    assert {r.key for r in all_of(shop.source, ANN) if r.collection == "members"} == {("1",)}


def test_the_copy_that_an_index_reads_follows_its_field(shop: DynamoShop) -> None:
    """A corrected name is found under its new spelling, an erased one is left nowhere."""
    (ann,) = [r for r in all_of(shop.source, ANN) if r.collection == "members"]
    shop.source.carry_out([told(ann, Doing.CHANGE, name="Anne  AMES", email="New@Example.com", phone=None)])
    assert all_of(shop.source, who(email="new@example.com"))[0].values["name"] == "Anne  AMES"
    assert all_of(shop.source, who(phone="3075550101")) == []
    (item,) = (i for i in shop.client.scan(TableName=f"{shop.prefix}members")["Items"] if i["id"] == {"N": "1"})
    assert "phone_spelt" not in item
    assert item["email_spelt"] == {"S": "new@example.com"}


def test_a_record_changed_between_reading_and_writing_is_drift_and_stays(shop: DynamoShop) -> None:
    plan = [told(r, Doing.DELETE) for r in all_of(shop.source, ANN)]
    source = meddled(shop, "transact_write_items", lambda n: shop.change("orders", "id", 10, "total", "99.00"))
    with pytest.raises(PlanDrifted) as drift:
        source.carry_out(plan)
    assert "99" not in str(drift.value)
    assert len(shop.rows("members")) == 3
    assert len(shop.rows("order_lines")) == len(ROWS["order_lines"])


def test_a_record_deleted_between_reading_and_writing_counts_as_deleted(shop: DynamoShop) -> None:
    plan = [told(r, Doing.DELETE) for r in all_of(shop.source, ANN)]
    key = {"email": {"S": "ann@example.com"}}
    source = meddled(
        shop, "transact_write_items", lambda n: shop.client.delete_item(TableName=f"{shop.prefix}newsletter", Key=key)
    )
    source.carry_out(plan)
    assert source.not_done(plan) == []
    assert all_of(source, ANN) == []


def test_an_opt_out_brings_no_deleted_record_back(shop: DynamoShop) -> None:
    key = {"email": {"S": "ann@example.com"}}
    source = meddled(
        shop, "transact_write_items", lambda n: shop.client.delete_item(TableName=f"{shop.prefix}newsletter", Key=key)
    )
    assert source.stop(ANN, ["email"]) == 1  # the member's own choice; the newsletter has gone
    assert [r["email"] for r in shop.rows("newsletter")] == ["bob@example.com"]


@pytest.mark.parametrize("operation", ["describe_table", "query", "batch_get_item", "transact_write_items"])
@pytest.mark.parametrize(
    "fault", [refusal("ProvisionedThroughputExceededException"), refusal("InternalServerError", 500), NO_CONNECTION]
)
def test_what_may_pass_is_tried_again_later(shop: DynamoShop, operation: str, fault: Exception) -> None:
    plan = [told(r, Doing.DELETE) for r in all_of(shop.source, ANN)]

    def fail(_: int) -> None:
        raise fault

    source = meddled(shop, operation, fail)
    with pytest.raises(SourceUnavailable) as unavailable:
        (all_of(source, ANN), source.carry_out(plan))
    assert SECRET not in str(unavailable.value)
    assert len(shop.rows("members")) == 3


@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException"])
def test_what_will_not_pass_is_for_the_engineer_and_says_so_without_values(shop: DynamoShop, code: str) -> None:
    def fail(_: int) -> None:
        raise refusal(code, operation="Query")

    with pytest.raises(SourceMisread, match=r"source shop: table shop.*check-data") as misread:
        all_of(meddled(shop, "query", fail), ANN)
    assert SECRET not in str(misread.value)


def test_what_throttling_left_out_of_a_read_is_asked_for_again(shop: DynamoShop) -> None:
    left: list[int] = []

    class Slow(Meddled):
        def __getattr__(self, name: str) -> Any:
            if name != "batch_get_item":
                return getattr(self._client, name)

            def some(RequestItems: dict[str, Any]) -> Any:
                ((table, asked),) = RequestItems.items()
                keys = asked["Keys"]
                said = self._client.batch_get_item(RequestItems={table: asked | {"Keys": keys[:1]}})
                left.append(len(keys) - 1)
                return said | ({"UnprocessedKeys": {table: asked | {"Keys": keys[1:]}}} if keys[1:] else {})

            return some

    source = DynamoSource("shop", dynamo_map(shop.prefix), Slow(shop.client, "", lambda n: None))
    assert all_of(source, ANN) == all_of(shop.source, ANN)
    assert max(left) > 0


def test_a_key_or_an_index_that_is_another_than_the_map_says_is_misread(shop: DynamoShop) -> None:
    said = dynamo_map(shop.prefix).model_dump()
    said["collections"]["members"]["lookup"]["email"]["index"] = "by_mail"
    with pytest.raises(SourceMisread, match=r"index by_mail of table shop\d+-members is not there.*check-data"):
        all_of(DynamoSource("shop", type(dynamo_map("")).model_validate(said), shop.client), ANN)
    said = dynamo_map(shop.prefix).model_dump()
    said["collections"]["order_lines"]["key"] = ("order_id", "what")
    with pytest.raises(
        SourceMisread, match=r"the key of table shop\d+-order_lines is order_id, line; the data map says"
    ):
        all_of(DynamoSource("shop", type(dynamo_map("")).model_validate(said), shop.client), ANN)


def test_the_sample_shows_tables_and_attributes_nobody_mapped(shop: DynamoShop) -> None:
    shop.client.create_table(
        TableName=f"{shop.prefix}forgotten", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )  # fmt: skip
    shape = shop.source.shape()
    assert shape.keys() == {*ROWS, "forgotten"}
    assert "secret" in shape["members"]
    assert "email_spelt" not in shape["members"]
    assert {f: shape["members"][f][0] for f in ("id", "email", "wants_offers")} == {
        "id": "numeric", "email": "text", "wants_offers": "boolean",
    }  # fmt: skip
    assert shape["orders"]["ordered_on"][0] == "text (date)"


def test_somebody_without_any_key_is_nobody(shop: DynamoShop) -> None:
    shop.fill({**ROWS, "members": [member(1, "")]})
    assert [r for r in all_of(shop.source, who(email="")) if r.collection == "members"] == []
