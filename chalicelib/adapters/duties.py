"""Announcements and the staff's duties in the request store's table: each written one revision on, or not at all.

POLICY#<version> / ANNOUNCEMENT; DUTY#<occasion> / <member>. Neither names a customer, and both stay: they are how the
business shows that it announced and that its people were reminded. Leaves to others: what they mean (domain).
"""

from __future__ import annotations

from chalicelib.adapters import items
from chalicelib.adapters.items import Item
from chalicelib.adapters.table import Table
from chalicelib.domain.announcement import Announcement
from chalicelib.domain.duty import Duty


def put_announcement(table: Table, one: Announcement) -> bool:
    item = {
        **items.key(f"POLICY#{one.version}", "ANNOUNCEMENT"),
        "json": {"S": one.model_dump_json(exclude={"after"})},
        "sealed": {"B": one.after},
    }
    return _put(table, item, one.revision)


def announcement(table: Table, version: str) -> Announcement | None:
    item = table.get(items.key(f"POLICY#{version}", "ANNOUNCEMENT"))
    if item is None:
        return None
    return Announcement.model_validate_json(item["json"]["S"]).model_copy(update={"after": bytes(item["sealed"]["B"])})


def put_duty(table: Table, duty: Duty) -> bool:
    item = {**items.key(f"DUTY#{duty.occasion}", duty.member), "json": {"S": duty.model_dump_json()}}
    return _put(table, item, duty.revision)


def duties(table: Table, occasion: str) -> list[Duty]:
    return [Duty.model_validate_json(item["json"]["S"]) for item in table.family(f"DUTY#{occasion}")]


def _put(table: Table, item: Item, revision: int) -> bool:
    numbered = {**item, "version": {"N": str(revision)}}
    if revision == 1:
        return table.write("put_item", Item=numbered, ConditionExpression="attribute_not_exists(pk)").done
    return table.write(
        "put_item", Item=numbered, ConditionExpression="version = :before",
        ExpressionAttributeValues={":before": {"N": str(revision - 1)}},
    ).done  # fmt: skip
