"""What moto does again and again for nothing, spared: a road asks AWS about a hundred times.

Not one answer changes: the same code of moto's own judges every call, on the same data. Spared are the HTTP request
that is built, signed, matched against every service's addresses and taken apart in one and the same process, and work
whose result is always the same. moto's insides are named here, so moto is pinned exactly. Leaves to others: what moto
gets wrong (moto_mends).
"""

from __future__ import annotations

import functools
import json
from typing import Any
from uuid import uuid4

from local import moto_direct
from local.moto_mends import _once


def speed_up(account: str, region: str) -> None:
    """All of them. Before any client is made: clients take their handlers when they are."""
    spare_repetitions()
    read_endpoints_once()
    forget_what_is_gone()
    share_what_never_changes()
    weigh_items_once()
    call_functions_directly(account, region)
    moto_direct.hand_over(account, region)


@_once
def spare_repetitions() -> None:
    """Keep what is always the same: the parts of a path, the names of a class's methods."""
    from moto.core import responses
    from moto.stepfunctions.parser.asl.utils import json_path

    json_path.parse = functools.lru_cache(maxsize=256)(json_path.parse)
    responses.method_names_from_class = functools.lru_cache(maxsize=64)(responses.method_names_from_class)
    responses.gen_amzn_requestid_long = _request_id


@_once
def read_endpoints_once() -> None:
    """Every session of boto's, moto's and ours among them, reads a list of all endpoints: 12 MB each in memory."""
    from botocore.loaders import JSONFileLoader

    load, kept = JSONFileLoader.load_file, {}

    def once(loader: Any, path: str) -> Any:
        if not path.endswith("endpoints"):
            return load(loader, path)
        if path not in kept:
            kept[path] = load(loader, path)
        return kept[path]

    JSONFileLoader.load_file = once


@_once
def forget_what_is_gone() -> None:
    """Let go of copies of items: moto lists every model it ever made, for a page of its own, and these are models."""
    from moto.dynamodb.models.dynamo_type import Item

    Item.__new__ = lambda cls, *_, **__: object.__new__(cls)  # type: ignore[method-assign]


@_once
def share_what_never_changes() -> None:
    """A copy of an item need not copy its texts, numbers and bytes: moto only ever replaces them."""
    from moto.dynamodb.models.dynamo_type import DynamoType

    whole = DynamoType.__deepcopy__

    def only_what_holds_others(value: Any, memo: dict[int, Any]) -> Any:
        return whole(value, memo) if isinstance(value.value, (list, dict, set)) else value

    DynamoType.__deepcopy__ = only_what_holds_others  # type: ignore[method-assign]


def _request_id(headers: dict[str, Any] | None = None) -> str:
    made = uuid4().hex
    if headers is not None:
        headers["x-amzn-requestid"] = made
    return made


@_once
def weigh_items_once() -> None:
    """Hold an item against DynamoDB's 400 KB once: moto weighs all that is there at each attribute it adds."""
    from moto.dynamodb.exceptions import ItemSizeTooLarge
    from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict

    def made(item: Any, hash_key: Any, range_key: Any, attrs: dict[str, Any]) -> None:
        item.hash_key, item.range_key, item.attrs = hash_key, range_key, LimitedSizeDict()
        for name, value in attrs.items():
            dict.__setitem__(item.attrs, name, DynamoType(value))
        if item.size() > 405_000:  # moto's own figure
            raise ItemSizeTooLarge

    Item.__init__ = made  # type: ignore[method-assign]


def call_functions_directly(account: str, region: str) -> None:
    """Let the engine call a function where moto's Lambda would, without a client between them."""
    from moto.awslambda.exceptions import UnknownFunctionException
    from moto.awslambda_simple.models import lambda_simple_backends
    from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils

    by_client = lambda_eval_utils._invoke_lambda_function
    if getattr(by_client, "direct", False):
        return

    def call(parameters: dict[str, Any], region: str, state_credentials: Any) -> Any:
        headers: dict[str, str] = {}
        backend = lambda_simple_backends[account][region]
        try:
            said = backend.invoke(parameters["FunctionName"], None, parameters["Payload"], {}, headers)
        except UnknownFunctionException:  # the client knows how to say so
            return by_client(parameters=parameters, region=region, state_credentials=state_credentials)
        failed = {"FunctionError": headers["x-amz-function-error"]} if "x-amz-function-error" in headers else {}
        return {"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": json.loads(said), **failed}

    call.direct = True  # type: ignore[attr-defined]
    lambda_eval_utils._invoke_lambda_function = call
