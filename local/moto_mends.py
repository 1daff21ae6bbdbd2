"""What moto gets wrong or slow for a system that runs whole on it, mended from outside, at start, once.

Nothing here changes what AWS would answer: the mends make moto keep DynamoDB's own promises (transactions are
isolated and all or nothing) and spare it work it repeats. They name moto's insides, so moto is pinned exactly.
Leaves to others: starting moto, and the bridge from its Step Functions engine to our handlers (local/aws).
"""

from __future__ import annotations

import copy
import functools
import threading
import time
from collections.abc import Callable
from typing import Any

_lock = threading.RLock()
_ITEM_OPERATIONS = ("put_item", "delete_item", "update_item", "get_item", "query", "scan")
_INDEX = object()
_mended: set[str] = set()


def _once(mend: Callable[[], None]) -> Callable[[], None]:
    """A mend put on twice would wrap itself."""

    @functools.wraps(mend)
    def put_on() -> None:
        with _lock:
            if mend.__name__ not in _mended:
                _mended.add(mend.__name__)
                mend()

    return put_on


@_once
def mend_transactions() -> None:
    """Make DynamoDB transactions isolated, and their cost independent of the table's size.

    moto takes a deep copy of every table that a transaction names (a second at 20,000 items), takes no lock, and on
    failure puts the copy back: two approvals at once both win, and a rollback loses what others wrote meanwhile.
    Here one lock is around every operation on items, and a failed transaction restores only the items it names.
    """
    from moto.dynamodb import models
    from moto.dynamodb.models.table import Table

    backend = models.DynamoDBBackend
    models.copy = _CopyExcept(Table)
    for name in _ITEM_OPERATIONS:
        setattr(backend, name, _locked(getattr(backend, name)))
    # What moto hands out is the stored item itself, read after the lock is gone: give a copy.
    backend.get_item = _giving_a_copy(backend.get_item)
    backend.update_item = _giving_a_copy(backend.update_item)
    backend.transact_write_items = _restoring(backend.transact_write_items)
    _mend_queries(Table)


class _CopyExcept:
    """The `copy` module, for moto's models: its transactions find the table itself where they look for a copy."""

    def __init__(self, kind: type) -> None:
        self.kind = kind

    def deepcopy(self, thing: Any) -> Any:
        return thing if isinstance(thing, self.kind) else copy.deepcopy(thing)

    def __getattr__(self, name: str) -> Any:
        return getattr(copy, name)


def _locked(operation: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(operation)
    def alone(*args: Any, **kwargs: Any) -> Any:
        with _lock:
            return operation(*args, **kwargs)

    return alone


def _giving_a_copy(operation: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(operation)
    def copied(*args: Any, **kwargs: Any) -> Any:
        with _lock:
            return copy.deepcopy(operation(*args, **kwargs))

    return copied


def _restoring(transact: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(transact)
    def all_or_nothing(backend: Any, transact_items: list[dict[str, Any]]) -> None:
        with _lock:
            before = [_touched(backend, operation) for step in transact_items for operation in step.values()]
            try:
                transact(backend, transact_items)
            except Exception:
                for table, hash_key, range_key, item in before:
                    _put_back(table, hash_key, range_key, item)
                raise

    return all_or_nothing


def _touched(backend: Any, operation: dict[str, Any]) -> tuple[Any, Any, Any, Any]:
    """The table, the key and a copy of the item that one step of a transaction names."""
    table = backend.get_table(operation["TableName"])
    hash_key, range_key = backend.get_keys_value(table, operation.get("Key") or operation["Item"])
    return table, hash_key, range_key, copy.deepcopy(table.get_item(hash_key, range_key))


def _put_back(table: Any, hash_key: Any, range_key: Any, item: Any) -> None:
    home, key = (table.items[hash_key], range_key) if table.has_range_key else (table.items, hash_key)
    if item is None:
        home.pop(key, None)
    else:
        home[key] = item


def _mend_queries(table_class: Any) -> None:
    """Make a query look at its own partition: moto sorts the whole table first, which every page would wait for."""
    all_items, query = table_class.all_items, table_class.query
    asked = threading.local()

    def some_items(table: Any) -> list[Any]:
        which = getattr(asked, "hash_key", None)
        if which is None:
            return list(all_items(table))
        homes = table.items.values() if which is _INDEX else [table.items.get(which, {})]
        if not table.has_range_key:
            return [home for home in homes if home]
        return [item for home in homes for item in home.values()]  # query sorts what it finds

    @functools.wraps(query)
    def narrow(table: Any, hash_key: Any, *args: Any, **kwargs: Any) -> Any:
        index = kwargs.get("index_name", args[6] if len(args) > 6 else None)
        asked.hash_key = _INDEX if index else hash_key
        try:
            return query(table, hash_key, *args, **kwargs)
        finally:
            asked.hash_key = None

    table_class.all_items, table_class.query = some_items, narrow


@_once
def cache_asl_parse() -> None:
    """Parse each state machine's definition once: moto does at every start, 15 ms for ten states."""
    from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

    AmazonStateLanguageParser.parse = staticmethod(functools.lru_cache(maxsize=32)(AmazonStateLanguageParser.parse))


@_once
def cache_boto_client_for() -> None:
    """Make each boto client of the Step Functions engine once: moto makes one for every task it calls.

    boto's clients serve many threads, its making of them does not: hence the lock.
    """
    import sys

    from moto.stepfunctions.parser.asl.utils import boto_client

    make = boto_client.boto_client_for
    kept: dict[tuple[str, str], Any] = {}
    making = threading.Lock()

    @functools.wraps(make)
    def made_once(region: str, service: str, state_credentials: Any = None) -> Any:
        with making:
            if (region, service) not in kept:
                kept[region, service] = make(region=region, service=service, state_credentials=state_credentials)
            return kept[region, service]

    for module in list(sys.modules.values()):
        if getattr(module, "boto_client_for", None) is make:
            module.boto_client_for = made_once  # type: ignore[attr-defined]


@_once
def mend_catch_to_itself() -> None:
    """Let a catch lead back to its own state, as a repeated reminder does: moto goes on to the state's Next instead."""
    from moto.stepfunctions.parser.asl.component.common.catch.catch_outcome import CatchOutcome
    from moto.stepfunctions.parser.asl.component.state.state import CommonStateField

    set_next = CommonStateField._set_next

    @functools.wraps(set_next)
    def unless_caught(state: Any, env: Any) -> None:
        if not (env.stack and env.stack[-1] is CatchOutcome.Caught):
            set_next(state, env)

    CommonStateField._set_next = unless_caught


@_once
def mend_signals() -> None:
    """Let a wait be signalled while another execution starts: moto asks every running one, even one not yet whole."""
    from moto.stepfunctions.parser.models import StepFunctionsParserBackend as Backend

    for name in ("send_task_success", "send_task_failure"):
        setattr(Backend, name, _patient(getattr(Backend, name)))


def _patient(signal: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(signal)
    def until_started(*args: Any, **kwargs: Any) -> Any:
        for _ in range(400):
            try:
                return signal(*args, **kwargs)
            except AttributeError:
                time.sleep(0.005)
        return signal(*args, **kwargs)

    return until_started


@_once
def spare_the_engine_ec2() -> None:
    """Import the Step Functions engine without EC2: one enum of moto's Batch would bring half a second of it."""
    import sys
    from pathlib import Path
    from types import ModuleType

    import moto

    if "moto.batch" in sys.modules:
        return
    batch = ModuleType("moto.batch")
    batch.__path__ = [str(Path(moto.__file__).parent / "batch")]
    sys.modules["moto.batch"] = batch
    try:
        import moto.stepfunctions.parser.models
    finally:
        del sys.modules["moto.batch"]
