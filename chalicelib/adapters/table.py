"""How the one table is spoken to: steps of a transaction, single writes with a condition, reads.

Every fault that may pass is raised as ServiceUnavailable; a condition that failed is an answer, not an error.
Leaves to others: which items there are (items), which are written together (dynamodb).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.adapters import items
from chalicelib.adapters.faults import PASSING, code, retryable
from chalicelib.adapters.items import Item
from chalicelib.errors import ServiceUnavailable
from chalicelib.links import Link
from chalicelib.ports import Clock

_REFUSED = "ConditionalCheckFailed"
_CONFLICT_PAUSES = (0.02, 0.05, 0.1, 0.2)
"""Seconds: on AWS two transactions on one item at once may both be turned away, without a winner."""


@dataclass(frozen=True)
class Written:
    """Whether a write was done; `item` is what it was asked to return, or what stood there when it was refused."""

    done: bool
    item: Item


class Table:
    """`client` is a boto3 DynamoDB client; it may serve many threads. What has expired by `clock` is not there."""

    def __init__(self, client: Any, name: str, clock: Clock) -> None:
        self.client, self.name, self.clock = client, name, clock

    def put_step(
        self, item: Item, condition: str = "", values: Item | None = None, *, old: bool = False
    ) -> dict[str, Any]:
        put: dict[str, Any] = {"TableName": self.name, "Item": item}
        if condition:
            put["ConditionExpression"] = condition
        if values:
            put["ExpressionAttributeValues"] = values
        if old:
            put["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        return {"Put": put}

    def spend_step(self, link: Link, at: datetime) -> dict[str, Any]:
        update = {
            "TableName": self.name,
            "Key": items.link_key(link.hash),
            "UpdateExpression": "SET used_at = :at",
            "ConditionExpression": "attribute_exists(pk) AND attribute_not_exists(used_at)",
            "ExpressionAttributeValues": {":at": {"S": at.isoformat()}},
        }
        return {"Update": update}

    def transact(self, steps: list[dict[str, Any]]) -> dict[int, Item]:
        """Do all or nothing: empty when done, else the steps whose condition failed, each with its old item if asked.

        boto gives each call one token for all its own tries, so a try whose answer was lost is not refused by itself.
        """
        for pause in (*_CONFLICT_PAUSES, None):
            try:
                with retryable("dynamodb"):
                    self.client.transact_write_items(TransactItems=steps)
                return {}
            except ClientError as fault:
                reasons: list[dict[str, Any]] = list(fault.response.get("CancellationReasons", []))  # type: ignore[arg-type]
                if refused := {n: r.get("Item", {}) for n, r in enumerate(reasons) if r["Code"] == _REFUSED}:
                    return refused
                if not reasons or {r["Code"] for r in reasons} - PASSING - {"None"}:
                    raise
            if pause is not None:
                time.sleep(pause)
        raise ServiceUnavailable("dynamodb TransactWriteItems TransactionConflict")

    def write(self, operation: str, **what: Any) -> Written:
        """Write one item, if its condition holds."""
        if "ConditionExpression" in what:
            what["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        try:
            with retryable("dynamodb"):
                answer = getattr(self.client, operation)(TableName=self.name, **what)
        except ClientError as fault:
            if code(fault) != "ConditionalCheckFailedException":
                raise
            stands: Item = dict(fault.response.get("Item", {}))  # type: ignore[call-overload]
            return Written(False, stands)
        return Written(True, answer.get("Attributes", {}))

    def get(self, key: Item) -> Item | None:
        with retryable("dynamodb"):
            item: Item | None = self.client.get_item(TableName=self.name, Key=key, ConsistentRead=True).get("Item")
        return None if item is None or items.expired(item, self.clock.now()) else item

    def family(self, pk: str, sk_begins: str = "") -> list[Item]:
        condition, values = "pk = :pk", {":pk": {"S": pk}}
        if sk_begins:
            condition, values = condition + " AND begins_with(sk, :sk)", {**values, ":sk": {"S": sk_begins}}
        return self.query(
            None, ConsistentRead=True, KeyConditionExpression=condition, ExpressionAttributeValues=values
        )  # fmt: skip

    def query(self, limit: int | None, **how: Any) -> list[Item]:
        found = self.pages(**how) if limit is None else islice(self.pages(Limit=limit, **how), limit)
        return list(found)

    def pages(self, **how: Any) -> Iterator[Item]:
        """What a query finds; the next page is read when it is needed."""
        return self._paged(self.client.query, how)

    def scan(self, **how: Any) -> Iterator[Item]:
        """The whole table, page by page: for commands, never where a request or a page waits."""
        return self._paged(self.client.scan, how)

    def _paged(self, read: Callable[..., Any], how: dict[str, Any]) -> Iterator[Item]:
        while True:
            with retryable("dynamodb"):
                page = read(TableName=self.name, **how)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            how["ExclusiveStartKey"] = page["LastEvaluatedKey"]
