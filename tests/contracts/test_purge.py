"""A purge on (moto's) AWS, seen from below: table, keys and bucket before and after."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters import items
from chalicelib.adapters.dynamodb import DynamoStore
from chalicelib.adapters.kms import KmsVault
from chalicelib.adapters.s3 import S3PackageStore
from chalicelib.domain.identity import Identifier, IdentifierKind
from chalicelib.domain.request import Request
from chalicelib.usecases import staying_gone, upkeep
from local.resources import TEMPLATE
from tests.usecases.conftest import Office, office

from .made import Aws

__all__ = ["office"]


TABLES = {"RIGHTSDESK_TABLE": "RequestsTable", "RIGHTSDESK_KEYS_TABLE": "KeysTable"}
NAMES = (f"purge-{n}" for n in itertools.count(1))
SHAPE = ("AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "KeySchema")


@pytest.fixture
def aws(aws: Aws) -> Aws:
    """With tables of its own: a sweep takes all that is due, and other tests leave requests behind."""
    resources, suffix = json.loads(TEMPLATE.read_text())["Resources"], next(NAMES)
    for table in TABLES.values():
        said = resources[table]["Properties"]
        shape = {word: said[word] for word in SHAPE if word in said}
        aws.client("dynamodb").create_table(TableName=f"{table}-{suffix}", **shape)
    return Aws({**aws.settings, **{setting: f"{table}-{suffix}" for setting, table in TABLES.items()}})


@pytest.fixture
def on_aws(aws: Aws, office: Office) -> Office:
    """The office with its rows, keys and packages on AWS."""
    said, dynamodb = aws.settings, aws.client("dynamodb")
    svc = replace(
        office.svc,
        store=DynamoStore(dynamodb, said["RIGHTSDESK_TABLE"], office.clock),
        vault=KmsVault(
            aws.client("kms"), dynamodb, key_id=said["RIGHTSDESK_KMS_KEY"], table=said["RIGHTSDESK_KEYS_TABLE"]
        ),
        packages=S3PackageStore(aws.client("s3"), said["RIGHTSDESK_PACKAGES"]),
    )  # fmt: skip
    return replace(office, svc=svc)


def dump(aws: Aws, office: Office) -> list[Any]:
    """Every row of both tables that AWS would still have (time to live has passed for the others), every object."""
    return [*rows(aws, office), *objects(aws)]


def rows(aws: Aws, office: Office) -> Iterator[Any]:
    tables = [aws.settings["RIGHTSDESK_TABLE"], aws.settings["RIGHTSDESK_KEYS_TABLE"]]
    for table in tables:
        for page in aws.client("dynamodb").get_paginator("scan").paginate(TableName=table):
            yield from (row for row in page["Items"] if not items.expired(row, office.clock.now()))


def objects(aws: Aws) -> list[str]:
    pages = aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket=aws.settings["RIGHTSDESK_PACKAGES"])
    return [found["Key"] for page in pages for found in page.get("Contents", ())]


def answered(office: Office, right: str, **personal: Any) -> Request:
    request = office.to_review(right, **personal)
    office.decide(request, "approve")
    return office.carry_out(request)


def _keys_of_what_is_kept(office: Office, request: Request) -> set[str]:
    """The data keys of ledger entries that something is still to be done about."""
    return {e.id for e in office.svc.store.entries(request.reference) if e.due}


def test_nothing_of_the_person_is_left_but_what_they_stopped(aws: Aws, on_aws: Office) -> None:
    before = dump(aws, on_aws)
    requests = [answered(on_aws, "access"), on_aws.carry_out(on_aws.file("opt_out", stop=["email"]))]
    requests.append(answered(on_aws, "deletion"))
    hashed = on_aws.svc.hash(Identifier.of(IdentifierKind.EMAIL, on_aws.customers[0]["email"]))
    assert requests[0].reference in str(objects(aws))
    on_aws.clock.forward(timedelta(days=31))
    assert upkeep.purge_due(on_aws.svc) == {"settled": 3, "purged": 0, "reminded": 0, "failed": 0}
    assert not any(r.reference in str(objects(aws)) for r in requests)
    on_aws.clock.forward(timedelta(days=800))
    assert upkeep.purge_due(on_aws.svc) == {"settled": 0, "purged": 3, "reminded": 0, "failed": 0}

    left = [row for row in dump(aws, on_aws) if row not in before]
    stopped = [row for row in left if row["pk"]["S"].startswith("STOP#")]
    counted = [row for row in left if row["pk"]["S"].startswith("METRICS#")]
    assert {row["pk"]["S"] for row in left if row not in stopped + counted} == {
        f"LEDGER#{requests[-1].reference}", *_keys_of_what_is_kept(on_aws, requests[-1])
    }, "until what tax law kept has gone"  # fmt: skip
    on_aws.clock.forward(timedelta(days=366 * 8))
    staying_gone.keep_up(on_aws.svc)
    on_aws.clock.forward(timedelta(days=366))
    for _ in range(2):
        staying_gone.keep_up(on_aws.svc)
        on_aws.clock.forward(timedelta(days=366 * 2))
    left = [row for row in dump(aws, on_aws) if row not in before]
    stopped = [row for row in left if row["pk"]["S"].startswith("STOP#")]
    assert [row for row in left if row not in stopped + counted] == []
    assert f"STOP#{hashed}" in {row["pk"]["S"] for row in stopped}
    assert len(counted) == 3
    for secret in (hashed, *(r.reference for r in requests), on_aws.customers[0]["email"]):
        assert secret not in str(counted)
