"""Functions that touch a business's data may do at its places what they do, and nothing more."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.businesses.loader import load, shipped
from local import template
from local.permits import permits


def allowed(policy: dict[str, Any]) -> dict[str, set[str]]:
    """Action to the resources it is allowed on."""
    found: dict[str, set[str]] = {}
    for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
        for action in statement["Action"]:
            found.setdefault(action, set()).update(r["Fn::Sub"] for r in statement["Resource"])
    return found


def test_logs_in_s3_may_be_read_by_two_functions_and_written_by_one() -> None:
    made = permits(load("cetrus").datamap)
    assert made["ReadPlaces"]["Properties"]["Roles"] == [
        {"Ref": f"{name}Role"} for name in ("GatherSource", "FulfilSource", "KeepWhatIsGone")
    ]
    assert made["WritePlaces"]["Properties"]["Roles"] == [
        {"Ref": f"{name}Role"} for name in ("FulfilSource", "KeepWhatIsGone")
    ]
    bucket = "arn:${AWS::Partition}:s3:::cetrus-usage"
    logs = {f"{bucket}/{p}/*" for p in ("crash_reports", "installations", "usage_archive", "usage_log")}
    assert allowed(made["ReadPlaces"]) == {"s3:ListBucket": {bucket}, "s3:GetObject": logs}
    assert allowed(made["WritePlaces"]) == {
        f"s3:{action}": logs for action in ("AbortMultipartUpload", "DeleteObject", "PutObject")
    }


def test_tables_may_be_asked_by_key_and_index_and_never_scanned() -> None:
    made = permits(load("microkitten").datamap)
    table = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/microkitten-site-"
    tables = {f"{table}visitors", f"{table}visits"}
    reads = tables | {f"{t}/index/*" for t in tables}
    assert allowed(made["ReadPlaces"]) == {
        f"dynamodb:{action}": reads for action in ("BatchGetItem", "DescribeTable", "Query")
    }
    assert allowed(made["WritePlaces"]) == {f"dynamodb:{action}": tables for action in ("DeleteItem", "UpdateItem")}


@pytest.mark.parametrize("business", shipped())
def test_the_package_of_a_business_carries_its_own_permits_only(business: str) -> None:
    datamap, names = load(business).datamap, template.permissions()["functions"]
    functions = {n: {"Type": template.FUNCTION, "Properties": {"Environment": {"Variables": {}}}} for n in names}
    api = {"RestAPI": {"Type": "AWS::Serverless::Api", "Properties": {}}}
    resources = template.whole({"Resources": functions | api}, load(business), "privacy.example.com")["Resources"]
    assert {name for name in ("ReadPlaces", "WritePlaces") if name in resources} == permits(datamap).keys()
    assert bool(permits(datamap)) is any(m.kind in ("dynamodb", "s3") for m in datamap.sources.values())
    assert {"GatherSource", "FulfilSource"} <= resources.keys(), "the functions that the permits name"
