"""What the laptop run's short way to moto answers is what the usual way answers, refusals and all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from local import aws

TABLE, BUCKET = "direct-things", "direct-things"
KEY = {"pk": {"S": "a"}, "sk": {"S": "1"}}
WHOLE = {
    **KEY, "n": {"N": "7"}, "sealed": {"B": b"\x00\xff"}, "yes": {"BOOL": True}, "none": {"NULL": True},
    "names": {"SS": ["x", "y"]}, "list": {"L": [{"S": "one"}, {"M": {"deep": {"B": b"\x01"}}}]}, "empty": {"S": ""},
}  # fmt: skip
ALL_OLD = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
NEVER = {"ConditionExpression": "attribute_not_exists(pk)", **ALL_OLD}
Call = tuple[str, str, dict[str, Any]]


def item(operation: str, **given: Any) -> Call:
    return "dynamodb", operation, {"TableName": TABLE, **given}


def put(**given: Any) -> dict[str, Any]:
    return {"Put": {"TableName": TABLE, "Item": WHOLE, **given}}


CALLS: list[Call] = [
    item("get_item", Key=KEY),
    item("put_item", Item=WHOLE),
    item("put_item", Item=WHOLE, **NEVER),
    item("put_item", Item={**WHOLE, "n": {"N": "8"}}, ReturnValues="ALL_OLD"),
    item("put_item", Item={"pk": {"S": ""}, "sk": {"S": "1"}}),
    item("put_item", Item={**KEY, "big": {"B": b"x" * 420_000}}),
    item("get_item", Key=KEY, ConsistentRead=True),
    item("get_item", Key={"pk": {"S": "a"}}),
    item("update_item", Key=KEY, UpdateExpression="ADD n :one, names :z", ReturnValues="ALL_NEW",
         ExpressionAttributeValues={":one": {"N": "1"}, ":z": {"SS": ["z"]}}),
    item("update_item", Key=KEY, UpdateExpression="SET n = :one", ConditionExpression="n < :one", **ALL_OLD,
         ExpressionAttributeValues={":one": {"N": "1"}}),
    item("update_item", Key=KEY, UpdateExpression="SET nonsense"),
    item("query", KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
         ExpressionAttributeValues={":pk": {"S": "a"}, ":sk": {"S": ""}}),
    item("query", KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": "a"}}, Limit=1),
    item("query", KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": "nobody"}}),
    ("dynamodb", "transact_write_items", {"TransactItems": [put(), put(Item={**WHOLE, "sk": {"S": "2"}})]}),
    ("dynamodb", "transact_write_items", {"TransactItems": [put(Item={**WHOLE, "sk": {"S": "3"}}), put(**NEVER)]}),
    item("delete_item", Key=KEY, ConditionExpression="n = :n", ExpressionAttributeValues={":n": {"N": "1"}}),
    item("delete_item", Key=KEY),
    ("dynamodb", "get_item", {"TableName": "nowhere", "Key": KEY}),
    ("s3", "get_object", {"Bucket": BUCKET, "Key": "none"}),
    ("s3", "put_object", {"Bucket": BUCKET, "Key": "one", "Body": b"\x00body", "ContentType": "application/zip"}),
    ("s3", "get_object", {"Bucket": BUCKET, "Key": "one"}),
    ("s3", "head_object", {"Bucket": BUCKET, "Key": "one"}),
    ("s3", "put_object", {"Bucket": "nowhere", "Key": "one", "Body": b"", "ContentType": "text/plain"}),
    ("ses", "send_raw_email", {"Source": "a@example.com", "Destinations": ["b@example.com"],
                               "RawMessage": {"Data": b"From: a@example.com\r\nTo: b@example.com\r\n\r\nHi"}}),
    ("ses", "send_raw_email", {"Source": "nobody@example.com", "Destinations": ["b@example.com"],
                               "RawMessage": {"Data": b"From: nobody@example.com\r\n\r\nHi"}}),
    ("stepfunctions", "send_task_success", {"taskToken": "no such", "output": "{}"}),
]  # fmt: skip


@pytest.fixture(scope="module")
def usual() -> Any:
    """boto's own way of making a call."""
    with aws.engine({}):
        return BaseClient._make_api_call.usual  # type: ignore[attr-defined]


@contextmanager
def stage(*keys: str) -> Iterator[Any]:
    """A table and a bucket in moto, gone afterwards: other tests of this process may be in the same moto."""
    with aws.engine({}):
        dynamodb, s3 = boto3.client("dynamodb"), boto3.client("s3")
        dynamodb.create_table(
            TableName=TABLE, BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": k, "KeyType": t} for k, t in zip(keys, ("HASH", "RANGE"), strict=False)],
            AttributeDefinitions=[{"AttributeName": k, "AttributeType": "S"} for k in keys],
        )  # fmt: skip
        s3.create_bucket(Bucket=BUCKET)
        boto3.client("ses").verify_email_identity(EmailAddress="a@example.com")
        yield dynamodb
        dynamodb.delete_table(TableName=TABLE)
        for held in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
            s3.delete_object(Bucket=BUCKET, Key=held["Key"])
        s3.delete_bucket(Bucket=BUCKET)


def answers(usual: Any = None) -> list[Any]:
    """Every call in its turn."""
    with pytest.MonkeyPatch.context() as patched, stage("pk", "sk"):
        if usual:
            patched.setattr(BaseClient, "_make_api_call", usual)
        return [said(boto3.client(service), operation, given) for service, operation, given in CALLS]


def said(client: Any, operation: str, given: dict[str, Any]) -> Any:
    try:
        answer = getattr(client, operation)(**given)
    except ClientError as refused:
        stands = {name: held for name, held in refused.response.items() if name != "ResponseMetadata"}
        status = refused.response["ResponseMetadata"]["HTTPStatusCode"]
        return type(refused).__name__, status, stands
    if "Body" in answer:
        answer["Body"] = answer["Body"].read()
    changing = ("ResponseMetadata", "LastModified", "MessageId", "AcceptRanges")
    return {
        name: value
        for name, value in answer.items()
        if name not in changing and not name.startswith(("Server", "Check"))
    }


def test_the_short_way_and_the_usual_way_give_the_same_answers(usual: Any) -> None:
    short, long = answers(), answers(usual)
    for call, one, other in zip(CALLS, short, long, strict=True):
        assert one == other, call


def test_what_is_given_is_not_kept(usual: Any) -> None:
    """Whoever changes what they wrote, or what they read, changes nothing in the table."""
    with stage("pk") as client:
        written: dict[str, Any] = {"pk": {"S": "a"}, "names": {"SS": ["x"]}, "list": {"L": [{"S": "one"}]}}
        client.put_item(TableName=TABLE, Item=written)
        written["names"]["SS"].append("y")
        written["list"]["L"].clear()
        read = client.get_item(TableName=TABLE, Key={"pk": {"S": "a"}})["Item"]
        read["names"]["SS"].append("z")
        again = client.get_item(TableName=TABLE, Key={"pk": {"S": "a"}})["Item"]
        assert again == {"pk": {"S": "a"}, "names": {"SS": ["x"]}, "list": {"L": [{"S": "one"}]}}


def test_outside_the_mock_nothing_is_answered_by_moto(usual: Any) -> None:
    """With moto at rest a call goes where it always would: to an address, here one where nobody listens."""
    from moto.core.models import botocore_stubber

    client = boto3.client("dynamodb", endpoint_url="http://127.0.0.1:9", config=_impatient())
    enabled, botocore_stubber.enabled = botocore_stubber.enabled, False
    try:
        with pytest.raises(Exception, match="Could not connect"):
            client.get_item(TableName=TABLE, Key=KEY)
    finally:
        botocore_stubber.enabled = enabled


def _impatient() -> Any:
    from botocore.config import Config

    return Config(retries={"total_max_attempts": 1}, connect_timeout=1)
