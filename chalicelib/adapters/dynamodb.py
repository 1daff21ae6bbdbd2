"""The request store on one DynamoDB table.

Rule 2: a change of status is one transaction, conditional on the version before; rule 17: what is counted is counted
by one conditional write. No scans; reads are consistent but for the queue's index, which cannot be: whoever acts on
what it shows commits on a version, and finds out. Leaves to others: the shape of items (items).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.adapters import items
from chalicelib.adapters.faults import PASSING, code, retryable
from chalicelib.adapters.items import Item
from chalicelib.domain.audit import Event
from chalicelib.domain.plan import Outcome
from chalicelib.domain.request import Request
from chalicelib.errors import (
    AlreadyFiled,
    LimitReached,
    LinkMissing,
    MailUncertain,
    RequestChanged,
    RequestNotFound,
    ServiceUnavailable,
)
from chalicelib.links import Link
from chalicelib.ports import Clock, Suppression, Wait

NEW = "attribute_not_exists(pk)"
_REFUSED = "ConditionalCheckFailed"
_CONFLICT_PAUSES = (0.02, 0.05, 0.1, 0.2)
"""Seconds: on AWS two transactions on one item at once may both be turned away, without a winner."""


class DynamoStore:
    """See ports.RequestStore. `client` is a boto3 DynamoDB client; it may serve many threads."""

    def __init__(self, client: Any, table: str, clock: Clock) -> None:
        self.client, self.table, self.clock = client, table, clock

    # A request and its events

    def create(self, request: Request, event: Event, *, links: Sequence[Link] = (), once: str | None = None) -> None:
        steps = [self._put(items.request_item(request), NEW), self._put(items.event_item(event), NEW)]
        steps += [self._put(items.link_item(link)) for link in links]
        if once:
            now = self.clock.now()
            mark = items.once_item(once, request.reference, now)
            free = f"{NEW} OR expires <= :now"
            steps.append(self._put(mark, free, {":now": items.epoch(now)}, old=True))
        refused = self._transact(steps)
        first = refused.get(len(steps) - 1) if once else None
        if first:
            raise AlreadyFiled(first["reference"]["S"])
        if refused:
            raise RequestChanged(request.reference)

    def commit(self, request: Request, event: Event, *, links: Sequence[Link] = (), spend: Link | None = None) -> None:
        before = {":before": {"N": str(request.version - 1)}}
        steps = [
            self._put(items.request_item(request), "version = :before", before),
            self._put(items.event_item(event), NEW),
        ]
        steps += [self._put(items.link_item(link)) for link in links]
        if spend:
            steps.append(self._spend(spend, event.at))
        if self._transact(steps):
            raise RequestChanged(request.reference)

    def get(self, reference: str) -> Request:
        item = self._get(items.of_request(reference, "REQUEST"))
        if item is None:
            raise RequestNotFound(reference)
        return items.request_from(item)

    def events(self, reference: str) -> list[Event]:
        return [items.event_from(item) for item in self._family(f"REQ#{reference}", "EVENT#")]

    def queue(self, limit: int = 200) -> list[Request]:
        found = self._query(
            limit, IndexName="due", KeyConditionExpression="queue = :open",
            ExpressionAttributeValues={":open": {"S": items.OPEN}},
        )  # fmt: skip
        return [items.request_from(item) for item in found]

    # What hangs on a request

    def put_outcome(self, outcome: Outcome) -> None:
        self._write("put_item", Item=items.outcome_item(outcome))

    def outcomes(self, reference: str) -> list[Outcome]:
        return [items.outcome_from(item) for item in self._family(f"REQ#{reference}", "OUTCOME#")]

    def put_wait(self, wait: Wait) -> None:
        self._write("put_item", Item=items.wait_item(wait))

    def wait(self, reference: str, name: str) -> Wait | None:
        item = self._get(items.of_request(reference, f"WAIT#{name}"))
        return items.wait_from(item) if item else None

    def put_links(self, links: Iterable[Link]) -> None:
        for link in links:
            self._write("put_item", Item=items.link_item(link))

    def link(self, hash: str) -> Link:
        item = self._get(items.link_key(hash))
        if item is None:
            raise LinkMissing
        return items.link_from(item)

    # Mails, each sent once

    def claim_mail(self, reference: str, mail: str, at: datetime) -> bool:
        claimed = {**items.of_request(reference, f"MAIL#{mail}"), **_state("sending"), "at": {"S": items.instant(at)}}
        old = self._write(
            "put_item", Item=claimed, ConditionExpression=f"{NEW} OR #state = :released",
            ExpressionAttributeNames={"#state": "state"}, ExpressionAttributeValues={":released": {"S": "released"}},
        )  # fmt: skip
        if old and old["state"]["S"] == "sending":
            raise MailUncertain(f"{reference} {mail}")
        return old is None

    def mail_sent(self, reference: str, mail: str, message_id: str) -> None:
        sent = {**items.of_request(reference, f"MAIL#{mail}"), **_state("sent"), "message_id": {"S": message_id}}
        self._write("put_item", Item=sent)

    def release_mail(self, reference: str, mail: str) -> None:
        self._write(
            "update_item", Key=items.of_request(reference, f"MAIL#{mail}"), UpdateExpression="SET #state = :released",
            ConditionExpression="#state = :sending", ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={":released": {"S": "released"}, ":sending": {"S": "sending"}},
        )  # fmt: skip

    # Counters and claims

    def count(self, name: str, key: str, *, limit: int, ends: datetime) -> int:
        if limit < 1:
            raise LimitReached(name, ends)
        try:
            with retryable("dynamodb"):
                answer = self.client.update_item(
                    TableName=self.table, Key=items.counter_key(name, key, ends),
                    UpdateExpression="ADD n :one SET expires = :gone",
                    ConditionExpression="attribute_not_exists(n) OR n < :limit",
                    ExpressionAttributeValues={
                        ":one": {"N": "1"}, ":limit": {"N": str(limit)}, ":gone": items.epoch(ends + timedelta(days=1)),
                    },
                    ReturnValues="UPDATED_NEW",
                )  # fmt: skip
        except ClientError as fault:
            if code(fault) != "ConditionalCheckFailedException":
                raise
            raise LimitReached(name, ends) from None
        return int(answer["Attributes"]["n"]["N"])

    def uncount(self, name: str, key: str, *, ends: datetime) -> None:
        self._write(
            "update_item", Key=items.counter_key(name, key, ends), UpdateExpression="ADD n :less",
            ConditionExpression="n > :none",
            ExpressionAttributeValues={":less": {"N": "-1"}, ":none": {"N": "0"}},
        )  # fmt: skip

    def claim(self, name: str, key: str, holder: str) -> str:
        old = self._write(
            "put_item", Item={**items.key(f"CLAIM#{name}#{key}", "CLAIM"), "holder": {"S": holder}},
            ConditionExpression=f"{NEW} OR holder = :me", ExpressionAttributeValues={":me": {"S": holder}},
        )  # fmt: skip
        return str(old["holder"]["S"]) if old else holder

    def release(self, name: str, key: str, holder: str) -> None:
        self._write(
            "delete_item", Key=items.key(f"CLAIM#{name}#{key}", "CLAIM"),
            ConditionExpression="holder = :me", ExpressionAttributeValues={":me": {"S": holder}},
        )  # fmt: skip

    # Who asked to be left alone, and whose requests there are

    def suppress(self, entries: Iterable[Suppression]) -> None:
        for entry in entries:
            self._write("put_item", Item=items.suppression_item(entry), ConditionExpression=NEW)

    def suppressions(self, hash: str) -> list[Suppression]:
        return [items.suppression_from(item) for item in self._family(f"STOP#{hash}")]

    def lift_suppression(self, hash: str, scope: str) -> None:
        self._write("delete_item", Key=items.key(f"STOP#{hash}", scope))

    def index_subject(self, hash: str, reference: str, at: datetime) -> None:
        noted = {**items.key(f"SUBJECT#{hash}", reference), "at": {"S": at.isoformat()}}
        self._write("put_item", Item=noted, ConditionExpression=NEW)

    def of_subject(self, hash: str) -> list[str]:
        found = self._family(f"SUBJECT#{hash}")
        newest_first = sorted(found, key=lambda item: datetime.fromisoformat(item["at"]["S"]), reverse=True)
        return [item["sk"]["S"] for item in newest_first]

    # How the table is spoken to

    def _put(self, item: Item, condition: str = "", values: Item | None = None, *, old: bool = False) -> dict[str, Any]:
        put: dict[str, Any] = {"TableName": self.table, "Item": item}
        if condition:
            put["ConditionExpression"] = condition
        if values:
            put["ExpressionAttributeValues"] = values
        if old:
            put["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        return {"Put": put}

    def _spend(self, link: Link, at: datetime) -> dict[str, Any]:
        update = {
            "TableName": self.table,
            "Key": items.link_key(link.hash),
            "UpdateExpression": "SET used_at = :at",
            "ConditionExpression": "attribute_exists(pk) AND attribute_not_exists(used_at)",
            "ExpressionAttributeValues": {":at": {"S": at.isoformat()}},
        }
        return {"Update": update}

    def _transact(self, steps: list[dict[str, Any]]) -> dict[int, Item]:
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

    def _write(self, operation: str, **what: Any) -> Item | None:
        """Write one item; None when done, the item that stands there when the condition failed."""
        if "ConditionExpression" in what:
            what["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        try:
            with retryable("dynamodb"):
                getattr(self.client, operation)(TableName=self.table, **what)
        except ClientError as fault:
            if code(fault) != "ConditionalCheckFailedException":
                raise
            old: Item = dict(fault.response.get("Item", {}))  # type: ignore[call-overload]
            return old
        return None

    def _get(self, key: Item) -> Item | None:
        with retryable("dynamodb"):
            item: Item | None = self.client.get_item(TableName=self.table, Key=key, ConsistentRead=True).get("Item")
        return None if item is None or items.expired(item, self.clock.now()) else item

    def _family(self, pk: str, sk_begins: str = "") -> list[Item]:
        condition, values = "pk = :pk", {":pk": {"S": pk}}
        if sk_begins:
            condition, values = condition + " AND begins_with(sk, :sk)", {**values, ":sk": {"S": sk_begins}}
        return self._query(
            None, ConsistentRead=True, KeyConditionExpression=condition, ExpressionAttributeValues=values
        )  # fmt: skip

    def _query(self, limit: int | None, **how: Any) -> list[Item]:
        found: list[Item] = []
        while True:
            if limit is not None:
                how["Limit"] = limit - len(found)
            with retryable("dynamodb"):
                page = self.client.query(TableName=self.table, **how)
            found += page["Items"]
            if "LastEvaluatedKey" not in page or (limit is not None and len(found) >= limit):
                return found
            how["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _state(name: str) -> Item:
    return {"state": {"S": name}}
