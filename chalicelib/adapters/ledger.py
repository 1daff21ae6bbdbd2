"""The ledger of deletions in the request store's table: one item per entry, in the index by due date while it is due.

LEDGER#<reference> / <source>#<plan>#<kind>#<part>. An entry that is over leaves the index and goes by the
table's time to live. Leaves to others: what entries mean (domain/ledger).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from chalicelib.adapters import items
from chalicelib.adapters.items import Item
from chalicelib.adapters.table import Table
from chalicelib.domain.ledger import Entry

QUEUE = "ledger"


def put(table: Table, entry: Entry) -> bool:
    """Write the entry, one version on, or as the first; False when another stands there."""
    if entry.version == 1:
        return table.write("put_item", Item=_item(entry), ConditionExpression="attribute_not_exists(pk)").done
    return table.write(
        "put_item", Item=_item(entry), ConditionExpression="version = :before",
        ExpressionAttributeValues={":before": {"N": str(entry.version - 1)}},
    ).done  # fmt: skip


def of_request(table: Table, reference: str) -> list[Entry]:
    now = table.clock.now()
    return [_entry(item) for item in table.family(f"LEDGER#{reference}") if not items.expired(item, now)]


def due(table: Table, by: datetime | None) -> Iterator[Entry]:
    condition, values = "queue = :ledger", {":ledger": {"S": QUEUE}}
    if by:
        condition, values = f"{condition} AND due_at <= :by", {**values, ":by": {"S": items.instant(by)}}
    found = table.pages(IndexName="due", KeyConditionExpression=condition, ExpressionAttributeValues=values)
    return (_entry(item) for item in found)


def _item(entry: Entry) -> Item:
    item: Item = {
        **items.key(f"LEDGER#{entry.reference}", entry.name),
        "json": {"S": entry.model_dump_json(exclude={"sealed"})},
        "sealed": {"B": entry.sealed},
        "version": {"N": str(entry.version)},
    }
    if entry.due:
        item |= {"queue": {"S": QUEUE}, "due_at": {"S": items.instant(entry.due)}}
    if entry.gone_at:
        item["expires"] = items.epoch(entry.gone_at)
    return item


def _entry(item: Item) -> Entry:
    return Entry.model_validate_json(item["json"]["S"]).model_copy(update={"sealed": bytes(item["sealed"]["B"])})
