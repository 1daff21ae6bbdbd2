"""The laptop's IAM: what a function asks of AWS is held against .chalice/permissions.yaml, of which its role is made.

moto lets everybody do everything, so a grant that is missing would first be missed on AWS. Here each call that a
function makes is refused unless it is granted, in every test that runs the whole system; `asked` keeps what was.
What has no call of its own (logs, keys that services use in our name, dead letters) is listed in local/template.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from fnmatch import fnmatch
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient
from botocore.exceptions import ClientError
from botocore.signers import RequestSigner
from chalice.utils import to_cfn_resource_name

from local.machine import Handler
from local.template import permissions

Need = tuple[str, str]
"""An action, and what it is on, in the words of permissions.yaml."""

API = "APIHandler"
OURS = "rightsdesk"
"""The user agent of the clients that bootstrap makes: outside of a step they serve the pages."""
IN_A_TRANSACTION = {
    "Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem",
}  # fmt: skip
OTHERWISE = {
    "s3:DeleteObjects": "s3:DeleteObject",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:CreateMultipartUpload": "s3:PutObject",
    "s3:UploadPart": "s3:PutObject",
    "s3:CompleteMultipartUpload": "s3:PutObject",
}
"""Calls whose permission has another name."""
PREFIXES = {"stepfunctions": "states"}
NAMED = {
    "RIGHTSDESK_TABLE": "RequestsTable",
    "RIGHTSDESK_KEYS_TABLE": "KeysTable",
    "RIGHTSDESK_PACKAGES": "PackagesBucket",
}

_at_work: ContextVar[str | None] = ContextVar("at_work", default=None)
asked: dict[str, set[Need]] = {}
"""What each function has asked so far."""


def at_work() -> str | None:
    """The function that works here and now; None outside of any."""
    return _at_work.get()


def each(handlers: Mapping[str, Handler]) -> dict[str, Handler]:
    """The same handlers, each known by its name while it works."""
    return {name: _named(to_cfn_resource_name(name), handler) for name, handler in handlers.items()}


def _named(name: str, handler: Handler) -> Handler:
    def at_work(event: Any, context: Any) -> Any:
        was = _at_work.set(name)
        try:
            return handler(event, context)
        finally:
            _at_work.reset(was)

    return at_work


@contextmanager
def enforced(settings: Mapping[str, str], elsewhere: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Refuse what is not granted, while this lasts.

    `settings` are the stage's, which name the tables and the bucket; `elsewhere` are the policies (local/permits) for
    the business's own places, which are none of the template's.
    """
    granted, call, sign = grants(), BaseClient._make_api_call, RequestSigner.generate_presigned_url
    places = {settings[variable]: name for variable, name in NAMED.items()}

    def check(client_is_ours: bool, service: str, operation: str, given: Mapping[str, Any]) -> None:
        function = at_work() or (API if client_is_ours else None)
        for need in needs(service, operation, given, places) if function else ():
            if _granted_elsewhere(function, need, elsewhere or {}):
                continue
            asked.setdefault(function, set()).add(need)
            if need not in granted.get(function, ()):
                raise _denied(function, need, operation)

    def checked(client: BaseClient, operation: str, given: dict[str, Any]) -> Any:
        check(client.meta.config.user_agent.startswith(OURS), client.meta.service_model.service_name, operation, given)
        return call(client, operation, given)

    def signed(signer: RequestSigner, request_dict: dict[str, Any], operation_name: str, **more: Any) -> Any:
        """A signed link does what its signer may do, when it is opened: nothing is called yet."""
        check(True, "s3", operation_name, request_dict["context"]["s3_redirect"]["params"])
        return sign(signer, request_dict, operation_name, **more)

    if hasattr(call, "usual"):  # moto_direct looks whether it is there already
        checked.usual = call.usual  # type: ignore[attr-defined]
    with (
        patch.multiple(BaseClient, _make_api_call=checked),
        patch.multiple(RequestSigner, generate_presigned_url=signed),
    ):
        yield


def grants() -> dict[str, set[Need]]:
    """What each function may do, written out."""
    said = permissions()
    return {
        function: {
            (action, place) for name in names for action in said["grants"][name]["actions"]
            for place in said["grants"][name]["of"]
        }
        for function, names in said["functions"].items()
    }  # fmt: skip


def needs(service: str, operation: str, given: Mapping[str, Any], places: Mapping[str, str]) -> Iterator[Need]:
    """The permissions that one call needs."""
    if operation == "TransactWriteItems":
        for step in given["TransactItems"]:
            for kind, what in step.items():
                yield f"dynamodb:{IN_A_TRANSACTION[kind]}", places.get(what["TableName"], what["TableName"])
        return
    action = f"{PREFIXES.get(service, service)}:{operation}"
    for place in _places(service, given, places):
        yield OTHERWISE.get(action, action), place


def _places(service: str, given: Mapping[str, Any], places: Mapping[str, str]) -> list[str]:
    if service == "dynamodb":
        if "RequestItems" in given:
            return [places.get(table, table) for table in given["RequestItems"]]
        table = places.get(given["TableName"], given["TableName"])
        return [f"{table}/index/{given['IndexName']}" if "IndexName" in given else table]
    if service == "s3":
        bucket = places.get(given["Bucket"])
        if bucket is None:  # one of the business's own
            return [given["Bucket"] + (f"/{given['Key']}" if "Key" in given else "")]
        several = [each["Key"] for each in given.get("Delete", {}).get("Objects", ())]
        return [f"{bucket}/{key.partition('/')[0]}" for key in several or [given.get("Key") or given.get("Prefix", "")]]
    if service == "ses":
        return ["MailDomain", "Mails"]
    return [{"kms": "Key", "secretsmanager": "Secrets", "stepfunctions": "Road"}.get(service, service)]


def _granted_elsewhere(function: str, need: Need, policies: Mapping[str, Any]) -> bool:
    """Whether a policy for the business's own places lets the function do this there."""
    action, place = need
    for said in (policy["Properties"] for policy in policies.values()):
        for statement in said["PolicyDocument"]["Statement"] if {"Ref": f"{function}Role"} in said["Roles"] else ():
            arns = [arn["Fn::Sub"].rpartition(":")[2].removeprefix("table/") for arn in statement["Resource"]]
            if action in statement["Action"] and any(fnmatch(place, arn) for arn in arns):
                return True
    return False


def _denied(function: str, need: Need, operation: str) -> ClientError:
    action, place = need
    said = f"{function} may not {action} on {place}: if it should, grant it in .chalice/permissions.yaml"
    print(re.sub(r"\s+", " ", said), flush=True)
    return ClientError({"Error": {"Code": "AccessDeniedException", "Message": said}}, operation)
