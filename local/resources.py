"""The tables, bucket and key of a stage, made in moto from the very file that AWS gets (.chalice/resources.json).

Read from there so that the two cannot drift: a missing index fails on the laptop first. Leaves to others: which AWS
is spoken to (local/aws), the state machine (local/machine).
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TEMPLATE = Path(__file__).parent.parent / ".chalice" / "resources.json"
BUCKET = "rightsdesk-packages"
SECRET = "rightsdesk"
SECRET_NAMES = ("identity", "stop", "member", "check")

_TABLE_PROPERTIES = (
    "AttributeDefinitions",
    "BillingMode",
    "DeletionProtectionEnabled",
    "GlobalSecondaryIndexes",
    "KeySchema",
)


def create_resources(
    template: Mapping[str, Any] | None = None, keys: Mapping[str, bytes] | None = None
) -> dict[str, str]:
    """Make them through boto3; the settings (environment variables) that name them.

    A table is named as in the template. `keys` are the secrets by name; random ones are made for those not given.
    """
    resources = (template or json.loads(TEMPLATE.read_text()))["Resources"]
    key = _create_key(resources["Key"]["Properties"])
    for name, resource in resources.items():
        if resource["Type"] == "AWS::DynamoDB::Table":
            _create_table(name, resource["Properties"])
    _create_bucket(resources["PackagesBucket"]["Properties"])
    _create_secret(keys or {})
    return {
        "RIGHTSDESK_TABLE": "RequestsTable",
        "RIGHTSDESK_KEYS_TABLE": "KeysTable",
        "RIGHTSDESK_KMS_KEY": key,
        "RIGHTSDESK_PACKAGES": BUCKET,
        "RIGHTSDESK_SECRETS": SECRET,
    }


def _client(service: str) -> Any:
    import boto3

    return boto3.client(service)


def _create_key(properties: dict[str, Any]) -> str:
    return str(_client("kms").create_key(Description=properties["Description"])["KeyMetadata"]["KeyId"])


def _create_table(name: str, properties: dict[str, Any]) -> None:
    dynamodb = _client("dynamodb")
    said = {word: properties[word] for word in _TABLE_PROPERTIES if word in properties}
    dynamodb.create_table(TableName=name, **said)
    if "TimeToLiveSpecification" in properties:
        dynamodb.update_time_to_live(
            TableName=name, TimeToLiveSpecification=properties["TimeToLiveSpecification"]
        )  # fmt: skip
    if properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]:
        dynamodb.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification=properties["PointInTimeRecoverySpecification"]
        )


def _create_bucket(properties: dict[str, Any]) -> None:
    s3 = _client("s3")
    s3.create_bucket(Bucket=BUCKET)
    rules = [
        {
            "ID": rule["Id"],
            "Status": rule["Status"],
            "Filter": {"Prefix": rule["Prefix"]},
            "Expiration": {"Days": rule["ExpirationInDays"]},
        }
        for rule in properties["LifecycleConfiguration"]["Rules"]
    ]
    s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": rules})


def _create_secret(keys: Mapping[str, bytes]) -> None:
    said = {name: base64.b64encode(keys.get(name) or os.urandom(32)).decode() for name in (*SECRET_NAMES, *keys)}
    _client("secretsmanager").create_secret(Name=SECRET, SecretString=json.dumps(said))
