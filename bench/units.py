"""Counting what AWS would bill: every call that boto is asked to make is looked at, with the items that it touches.

DynamoDB's units follow its own rules for on-demand tables: a read unit is 4 KB read consistently, a write unit 1 KB of
the larger of the item before and after; in a transaction a write counts twice; a refused write counts; an item in the
index is written there too, not twice. moto's own answer to ReturnConsumedCapacity is a constant, so sizes are measured
on the stored items, as DynamoDB counts them. Leaves to others: state transitions and Lambda calls (usage).
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient
from chalice.app import Chalice, EventSourceHandler

from local.aws import ACCOUNT, REGION
from local.machine import ROAD
from local.moto_direct import hand_over

READ, WRITE = 4096, 1024
INDEX = ("queue", "due_at")
Item = dict[str, dict[str, Any]]
AWS_CALL = 8
"""Milliseconds that a call to a service takes within its region: an assumption, dearer than most."""
FULL_CORE = 1769
"""MB of memory at which a Lambda has one whole core; with less it has that much less of one."""


def _memory() -> dict[str, int]:
    """MB by function; those of the web, and all that say nothing, under no name."""
    said = json.loads((ROAD.parents[2] / ".chalice" / "config.json").read_text())
    given = {name: one.get("lambda_memory_size") for name, one in said["lambda_functions"].items()}
    return {"": said["lambda_memory_size"], **{name: size for name, size in given.items() if size}}


MEMORY = _memory()


@dataclass
class Invocation:
    """One call of a Lambda: when it began, how long it is taken to last (s), what it used, and where in the table."""

    began: float
    used: Counter[str] = field(default_factory=Counter)
    partitions: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Units by partition (or index) and kind, `read units` or `write units`."""
    seconds: float = 0.0


class Meter:
    """Counts the calls of every thread but the one that made it: that one drives."""

    def __init__(self) -> None:
        self.counted: Counter[str] = Counter()
        self.invocations: list[Invocation] = []
        self._within = threading.local()
        self._driver = threading.current_thread()
        self._lock = threading.Lock()

    def add(self, what: str, amount: float = 1) -> None:
        with self._lock:
            self.counted[what] += amount
        if (invocation := getattr(self._within, "invocation", None)) is not None:
            invocation.used[what] += amount

    def _add_units(self, kind: str, partition: str, amount: float) -> None:
        self.add(kind, amount)
        if (invocation := getattr(self._within, "invocation", None)) is not None:
            invocation.partitions[partition, kind] += amount

    @contextmanager
    def running(self) -> Iterator[None]:
        hand_over(ACCOUNT, REGION)  # else it would be put around the meter, and what goes the short way not be counted
        call = BaseClient._make_api_call

        def metered(client: Any, operation: str, given: dict[str, Any]) -> Any:
            if threading.current_thread() is self._driver:
                return call(client, operation, given)
            began = time.perf_counter()
            try:
                return self._call(client.meta.service_model.service_name, operation, given, call, client)
            finally:
                self._within.calls = getattr(self._within, "calls", 0) + 1
                self._within.seconds = getattr(self._within, "seconds", 0.0) + time.perf_counter() - began

        with (
            patch.object(BaseClient, "_make_api_call", metered),
            patch.object(EventSourceHandler, "__call__", self._timed(EventSourceHandler.__call__)),
            patch.object(Chalice, "__call__", self._timed(Chalice.__call__)),
        ):
            yield

    def _timed(self, entry: Callable[..., Any]) -> Callable[..., Any]:
        """An entry point that adds what it would take as a Lambda; it may call no other."""

        def timed(called: Any, event: Any, context: Any) -> Any:
            self._within.calls, self._within.seconds, began = 0, 0.0, time.perf_counter()
            self._within.invocation = invocation = Invocation(began)
            invocation.used["HTTP requests"] += isinstance(called, Chalice)
            try:
                return entry(called, event, context)
            finally:
                own = time.perf_counter() - began - self._within.seconds
                memory = MEMORY.get(getattr(context, "function_name", ""), MEMORY[""])
                took = math.ceil(1000 * own * FULL_CORE / memory + self._within.calls * AWS_CALL)
                self.add("Lambda ms", took)
                self.add("Lambda GB-seconds", took / 1000 * memory / 1024)
                invocation.seconds = took / 1000
                with self._lock:
                    self.invocations.append(invocation)

        return timed

    def _call(self, service: str, operation: str, given: dict[str, Any], call: Any, client: Any) -> Any:
        if service != "dynamodb":
            self.add(_name(service, operation))
            return call(client, operation, given)
        self.add("DynamoDB calls")
        if operation in ("GetItem", "Query"):
            said = call(client, operation, given)
            self._add_units("read units", _read_from(given), _read_units(given, said))
            return said
        steps, twice = _steps(operation, given)
        before = [_stored(step) for step in steps]
        try:
            return call(client, operation, given)
        finally:
            for step, old in zip(steps, before, strict=True):
                new = _stored(step)
                own = (step.get("Key") or step["Item"]).get("pk", {"S": step["TableName"]})["S"]
                self._add_units("write units", own, twice * max(1, _units(old, WRITE), _units(new, WRITE)))
                if in_index := _index_units(old, new):
                    self._add_units("write units", f"index {(new or old)[INDEX[0]]['S']}", in_index)


def _name(service: str, operation: str) -> str:
    if service == "stepfunctions":
        return "executions started" if operation == "StartExecution" else "waits signalled"
    if service == "s3":
        return "S3 reads" if operation in ("GetObject", "HeadObject") else "S3 writes and lists"
    return {"ses": "mails", "kms": "KMS calls"}.get(service, f"{service} calls")


def _steps(operation: str, given: dict[str, Any]) -> tuple[list[dict[str, Any]], int]:
    """The items that are written, and how often a unit counts."""
    if operation == "TransactWriteItems":
        return [step for one in given["TransactItems"] for step in one.values()], 2
    return [given], 1


def _stored(step: dict[str, Any]) -> Item:
    """The item as the table has it now."""
    from moto.dynamodb.models import dynamodb_backends

    backend = dynamodb_backends[ACCOUNT][REGION]
    table = backend.get_table(step["TableName"])
    held = table.get_item(*backend.get_keys_value(table, step.get("Key") or step["Item"]))
    return {} if held is None else held.to_json()["Attributes"]


def stored_bytes() -> int:
    """What all tables hold now, as DynamoDB counts it, an index's copies included."""
    from moto.dynamodb.models import dynamodb_backends

    total = 0
    for table in dynamodb_backends[ACCOUNT][REGION].tables.values():
        items = [item.to_json()["Attributes"] for item in table.all_items()]
        total += sum(_size(item) * (1 + (INDEX[0] in item)) + 100 for item in items)  # 100: what DynamoDB adds to each
    return total


def _read_units(given: dict[str, Any], said: dict[str, Any]) -> float:
    items = said["Items"] if "Items" in said else [said["Item"]] if "Item" in said else []
    units = max(1, math.ceil(sum(_size(item) for item in items) / READ))
    return units if given.get("ConsistentRead") else units / 2


def _read_from(given: dict[str, Any]) -> str:
    """The partition, of the table or of its index."""
    if "IndexName" in given:
        return f"index {next(iter(given['ExpressionAttributeValues'].values()))['S']}"
    key = given["Key"] if "Key" in given else {"pk": given["ExpressionAttributeValues"][":pk"]}
    return str(key.get("pk", {"S": given["TableName"]})["S"])


def _units(item: Item, size: int) -> int:
    return math.ceil(_size(item) / size)


def _index_units(old: Item, new: Item) -> int:
    """Writes to the sparse index `due`, which has the whole item: in, out, again in its place, or to another place."""
    was, now = ([item[key] for key in INDEX] if INDEX[0] in item else None for item in (old, new))
    if was == now:
        return max(_units(old, WRITE), _units(new, WRITE)) if was and old != new else 0
    return (_units(old, WRITE) if was else 0) + (_units(new, WRITE) if now else 0)


def _size(item: Item) -> int:
    return sum(len(name.encode()) + _value_size(*next(iter(value.items()))) for name, value in item.items())


def _value_size(kind: str, value: Any) -> int:
    match kind:
        case "S":
            return len(value.encode())
        case "N":
            return math.ceil(len(value) / 2) + 1
        case "B":
            return len(value) if isinstance(value, bytes) else len(value) * 3 // 4
        case "L":
            return 3 + sum(1 + _value_size(*next(iter(one.items()))) for one in value)
        case "M":
            return 3 + len(value) + _size(value)
        case "SS" | "NS" | "BS":
            return sum(len(one) for one in value)
    return 1
