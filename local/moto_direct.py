"""A call of boto's that moto answers is handed to moto's own code, as Python's values, and so is the answer back.

Between the two lie a request written out, signed, matched against every service's addresses, taken apart and parsed,
and the same for its answer, in one and the same process: a third of the CPU of a road. Spared for what a road asks
most; anything unusual, and every call outside the mock, goes the usual way. Refusals are written and read as usual.
moto's insides are named here, so moto is pinned exactly. Leaves to others: what moto repeats for nothing (moto_speed).
"""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from typing import Any

from botocore.client import BaseClient
from botocore.parsers import create_parser
from botocore.response import StreamingBody

PARSER = create_parser("json")
OK = {"HTTPStatusCode": 200, "HTTPHeaders": {}, "RetryAttempts": 0}
ITEMS = {"Content-Type": "application/x-amz-json-1.0"}
ITEM_OPERATIONS = ("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "TransactWriteItems")
Asked = Callable[[BaseClient, str, dict[str, Any]], dict[str, Any] | None]
"""What moto answers to an operation of a client's with these parameters; None where it must go the usual way."""


@functools.cache
def hand_over(account: str, region: str) -> None:
    """From now on, in every client, for as long as moto is at work; put on once, however often it is asked for."""
    call = BaseClient._make_api_call
    from moto.core.models import botocore_stubber

    asked: dict[tuple[str, str], Asked] = dict.fromkeys(
        (("dynamodb", n) for n in ITEM_OPERATIONS), _items(account, region)
    )
    asked |= dict.fromkeys((("s3", name) for name in ("PutObject", "GetObject")), _objects(account))
    asked |= dict.fromkeys(
        (("stepfunctions", n) for n in ("StartExecution", "SendTaskSuccess")), _roads(account, region)
    )
    asked["ses", "SendRawEmail"] = _mails(account, region)

    def direct(client: Any, operation: str, given: dict[str, Any]) -> Any:
        ask = asked.get((client.meta.service_model.service_name, operation))
        if ask is not None and botocore_stubber.enabled and client.meta.region_name == region:
            said = ask(client, operation, given)
            if said is not None:
                return said
        return call(client, operation, given)

    direct.usual = call  # type: ignore[attr-defined]
    BaseClient._make_api_call = direct  # type: ignore[method-assign]


def _items(account: str, region: str) -> Asked:
    from moto.dynamodb.models.utilities import dynamo_to_dict
    from moto.dynamodb.responses import DynamoHandler

    class Handler(DynamoHandler):
        """Moto's own, that does not write out what went well."""

        def serialized(self, action_result: Any) -> Any:
            if isinstance(action_result.result, Exception):
                return super().serialized(action_result)
            self.said = action_result.result
            return 200, {}, ""

    def ask(client: Any, operation: str, given: dict[str, Any]) -> dict[str, Any]:
        handler = Handler()
        handler.current_account, handler.region, handler.response_headers = account, region, {}
        handler.params = _copy(given)
        handler.headers, handler.querystring = {**ITEMS, "X-Amz-Target": f"DynamoDB_20120810.{operation}"}, {}
        status, headers, body = handler.call_action()
        if int(status) >= 300:
            raise _refusal(client, operation, int(status), headers, body)
        shape = client.meta.service_model.operation_model(operation).output_shape
        held = (dynamo_to_dict(handler.said) or {}).items()
        return {
            **{n: value for n, value in held if n in shape.members and value is not None},
            "ResponseMetadata": dict(OK),
        }

    return ask


def _copy(given: Any) -> Any:
    """Dicts and lists anew: moto keeps what it is given."""
    if type(given) is dict:
        return {name: _copy(value) for name, value in given.items()}
    return [_copy(value) for value in given] if type(given) in (list, tuple) else given


def _refusal(client: Any, operation: str, status: int, headers: Any, body: str) -> Exception:
    """The error that boto makes of an answer, with all that its shape has."""
    model = client.meta.service_model
    answer = {"status_code": status, "headers": headers, "body": body.encode()}
    parsed = PARSER.parse(answer, model.operation_model(operation).output_shape)
    code = parsed.get("Error", {}).get("Code")
    if (shape := model.shape_for_error_code(code)) is not None:
        parsed.update(PARSER.parse(answer, shape))
    error: Exception = client.exceptions.from_code(code)(parsed, operation)
    return error


def _objects(account: str) -> Asked:
    """Plain puts and gets: a key, a body, its type."""
    from moto.s3.exceptions import S3ClientError
    from moto.s3.models import s3_backends

    def ask(client: BaseClient, operation: str, given: dict[str, Any]) -> dict[str, Any] | None:
        backend = s3_backends[account]["aws"]
        try:
            bucket = backend.get_bucket(given["Bucket"])
        except S3ClientError:
            return None
        if operation == "GetObject":
            return _got(backend.get_object(bucket.name, given["Key"])) if given.keys() == {"Bucket", "Key"} else None
        body = given.get("Body")
        if given.keys() != {"Bucket", "Key", "Body", "ContentType"} or not isinstance(body, bytes) or bucket.policy:
            return None
        made = backend.put_object(bucket.name, given["Key"], body, storage="STANDARD")
        made.set_metadata({"content-type": given["ContentType"]})
        made.set_acl(bucket.acl)
        return {"ETag": made.etag, "ResponseMetadata": dict(OK)}

    return ask


def _got(held: Any) -> dict[str, Any] | None:
    if held is None or held.version_id != "null":
        return None
    body = held.value
    return {
        "Body": StreamingBody(io.BytesIO(body), len(body)), "ContentLength": len(body), "ETag": held.etag,
        "ContentType": held.metadata.get("content-type", "binary/octet-stream"), "ResponseMetadata": dict(OK),
        "LastModified": held.last_modified, "Metadata": {},
    }  # fmt: skip


def _mails(account: str, region: str) -> Asked:
    from moto.core.exceptions import ServiceException
    from moto.ses.models import ses_backends

    def ask(client: BaseClient, operation: str, given: dict[str, Any]) -> dict[str, Any] | None:
        raw = given["RawMessage"]["Data"].decode()
        try:
            sent = ses_backends[account][region].send_raw_email(given["Source"], list(given["Destinations"]), raw)
        except ServiceException:
            return None  # a refusal changed nothing: it is said as usual
        return {"MessageId": sent.id, "ResponseMetadata": dict(OK)}

    return ask


def _roads(account: str, region: str) -> Asked:
    from moto.core.exceptions import AWSError, ServiceException
    from moto.stepfunctions.responses import get_backend

    def ask(client: BaseClient, operation: str, given: dict[str, Any]) -> dict[str, Any] | None:
        backend = get_backend(account, region)
        try:
            if operation == "SendTaskSuccess":
                backend.send_task_success(given["taskToken"], given["output"])
                return {"ResponseMetadata": dict(OK)}
            begun = backend.start_execution(given["stateMachineArn"], given["name"], given["input"])
        except (ServiceException, AWSError):
            return None
        return {"executionArn": begun.execution_arn, "startDate": begun.start_date, "ResponseMetadata": dict(OK)}

    return ask
