"""What moto does again and again for nothing, spared: a road asks AWS about a hundred times.

Not one answer changes: the same code of moto's own judges every call, on the same data. Spared are the HTTP request
that is built, signed, matched against every service's addresses and taken apart in one and the same process, and work
whose result is always the same. moto's insides are named here, so moto is pinned exactly. Leaves to others: what moto
gets wrong (moto_mends).
"""

from __future__ import annotations

import functools
import json
from base64 import b64decode
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from botocore.handlers import BUILTIN_HANDLERS
from botocore.parsers import create_parser

from local.moto_mends import _once

PARSER = create_parser("json")
ITEM_OPERATIONS = frozenset({"GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "TransactWriteItems"})


def speed_up(account: str, region: str) -> None:
    """All of them. Before any client is made: clients take their handlers when they are."""
    spare_repetitions()
    read_endpoints_once()
    forget_what_is_gone()
    share_what_never_changes()
    spare_items_their_shapes()
    call_functions_directly(account, region)
    ask_tables_directly(account, region)
    send_mail_directly(account, region)


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
def spare_items_their_shapes() -> None:
    """Write an item as it is: moto looks for each of ten kinds of value, under several names, in each attribute."""
    from moto.core.serialize import BaseJSONSerializer

    general = BaseJSONSerializer._serialize_type_map

    def items_as_they_are(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.value.name == "AttributeValue" and all(type(held) is dict for held in value.values()):
            said = {name: _wire(held, serializer._base64) for name, held in value.items()}
            serializer._default_serialize(serialized, said, shape, key)
        else:
            general(serializer, serialized, value, shape, key)

    BaseJSONSerializer._serialize_type_map = items_as_they_are


def _wire(held: dict[str, Any], base64: Any) -> dict[str, Any]:
    """A DynamoDB value as it is sent: only bytes are written otherwise."""
    ((kind, value),) = held.items()
    match kind:
        case "B":
            return {kind: base64(value)}
        case "BS":
            return {kind: [base64(one) for one in value]}
        case "L":
            return {kind: [_wire(one, base64) for one in value]}
        case "M":
            return {kind: {name: _wire(one, base64) for name, one in value.items()}}
    return {kind: value}


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


def ask_tables_directly(account: str, region: str) -> None:
    """Hand a call about items, checked and written out by boto, to moto's own DynamoDB, and read its answer by boto."""
    if not any(getattr(handler, "direct", False) for _, handler, *_ in BUILTIN_HANDLERS):
        ask = _asking(account, region)
        ask.direct = True
        BUILTIN_HANDLERS.append(("before-call.dynamodb", ask))


def _asking(account: str, region: str) -> Any:
    from moto.core.models import botocore_stubber
    from moto.dynamodb.responses import DynamoHandler

    def ask(model: Any, params: dict[str, Any], **_: Any) -> Any:
        if not botocore_stubber.enabled or model.name not in ITEM_OPERATIONS:
            return None  # as usual; and never past the mock to a table of nobody's
        handler = DynamoHandler()
        handler.current_account, handler.region, handler.response_headers = account, region, {}
        handler.headers, handler.querystring, handler.uri_match = params["headers"], {}, {}
        body = params["body"] if isinstance(params["body"], bytes) else params["body"].encode()
        request = {"method": "POST", "values": {}, "headers": handler.headers, "body": body, "data": body}
        handler.parse_parameters(SimpleNamespace(content_type=handler.headers["Content-Type"], path="/", **request))
        status, headers, said = handler.call_action()
        return _read(model, {"status_code": int(status), "headers": headers, "body": said.encode()})

    return ask


def _read(model: Any, answer: dict[str, Any]) -> tuple[Any, Any]:
    """An answer as boto reads it, an error with all that its shape has."""
    parsed = PARSER.parse(answer, model.output_shape)
    if answer["status_code"] >= 300:
        shape = model.service_model.shape_for_error_code(parsed.get("Error", {}).get("Code"))
        if shape is not None:
            parsed.update(PARSER.parse(answer, shape))
    return SimpleNamespace(status_code=answer["status_code"]), parsed


def send_mail_directly(account: str, region: str) -> None:
    """Hand a raw mail to moto's own SES: as a web form, its every byte would be quoted and unquoted first."""
    if not any(getattr(handler, "mails", False) for _, handler, *_ in BUILTIN_HANDLERS):
        send = _sending(account, region)
        send.mails = True
        BUILTIN_HANDLERS.append(("before-call.ses.SendRawEmail", send))


def _sending(account: str, region: str) -> Any:
    from moto.core.exceptions import ServiceException
    from moto.core.models import botocore_stubber
    from moto.ses.models import ses_backends

    def send(params: dict[str, Any], **_: Any) -> Any:
        if not botocore_stubber.enabled:
            return None
        form = params["body"]
        to = [value for name, value in form.items() if name.startswith("Destinations.member.")]
        raw = b64decode(form["RawMessage.Data"]).decode()
        try:
            sent = ses_backends[account][region].send_raw_email(form["Source"], to, raw)
        except ServiceException:  # a refusal is said as usual
            return None
        return SimpleNamespace(status_code=200), {"MessageId": sent.id}

    return send
