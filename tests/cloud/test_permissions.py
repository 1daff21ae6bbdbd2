"""Each function may do on AWS what it does, no more and no less; and the road walks on what the template makes.

One system is walked (inside.py) on resources that CloudFormation made from the template. Calls that a function makes
without a grant are refused there, as in every test that runs the laptop's system.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from chalice.utils import to_cfn_resource_name

from local import allowed, template

ROOT = Path(__file__).parents[2]
BROAD = "logs:CreateLogDelivery"
"""Of the one statement that names every resource: Step Functions' log deliveries know no narrower one."""


@pytest.fixture(scope="module")
def walked() -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.cloud.inside"], cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def functions() -> set[str]:
    """Those of app.py, by their names in the template."""
    page = ast.parse((ROOT / "app.py").read_text())
    lambdas = [node for node in page.body if isinstance(node, ast.FunctionDef) and node.decorator_list]
    return {to_cfn_resource_name(node.name) for node in lambdas} | {allowed.API}


def test_every_function_has_its_permissions_and_nobody_else_has() -> None:
    assert set(template.permissions()["functions"]) == functions()


@pytest.mark.parametrize("function", sorted(functions()))
def test_a_function_may_do_what_it_does_and_nothing_else(walked: dict[str, Any], function: str) -> None:
    """Mend .chalice/permissions.yaml, or teach tests/cloud/inside.py to bring about what it does not yet."""
    did = {tuple(need) for need in walked["asked"].get(function, ())}
    said, may = template.permissions(), allowed.grants().get(function, set())
    left = [said["grants"][name] for name in (*said["silent"], *said["unwalked"].get(function, ()))]
    unasked = {(action, place) for grant in left for action in grant["actions"] for place in grant["of"]} - did
    may -= unasked
    assert did == may, f"{function}: to grant {sorted(did - may)}; granted and never used {sorted(may - did)}"


def test_the_road_was_walked_on_what_the_template_makes(walked: dict[str, Any]) -> None:
    assert walked["settings"]["RIGHTSDESK_TABLE"].startswith("rightsdesk-jeffers-RequestsTable-")
    assert walked["settings"]["RIGHTSDESK_STATE_MACHINE"].endswith(":rightsdesk-jeffers-requests")
    assert "DATABASE_URL" not in walked["settings"]


def test_every_grant_is_used_by_somebody() -> None:
    said = template.permissions()
    assert set(said["grants"]) == {name for names in said["functions"].values() for name in names}


def test_a_grant_that_no_call_asks_for_says_what_it_is_for() -> None:
    assert all(len(why) > 20 for why in template.permissions()["silent"].values())


def statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    return [s for policy in role["Properties"]["Policies"] for s in policy["PolicyDocument"]["Statement"]]


@pytest.mark.parametrize("function", sorted(functions()))
def test_no_role_has_a_wildcard(function: str) -> None:
    """An ARN may end in a star for what lies in a bucket's prefix; the log's streams and prefixes are conditions."""
    for statement in statements(template.role(function, alone=True)):
        assert not [action for action in statement["Action"] if "*" in action]
        arns = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        for arn in (json.dumps(each) for each in arns):
            assert "*" not in arn.replace('/*"', '"') or "Bucket" in arn, arn
            assert arn != '"*"'


def test_the_one_wildcard_of_the_road_is_for_its_log() -> None:
    broad = [s for s in statements(template.road_role()) if s["Resource"] == "*"]
    assert [s["Sid"] for s in broad] == ["LogDelivery"]
    assert BROAD in broad[0]["Action"]
    assert all(action.startswith("logs:") for action in broad[0]["Action"])


def test_what_is_not_granted_is_refused_and_says_what_to_do() -> None:
    from unittest.mock import patch

    from botocore.client import BaseClient

    settings = {"RIGHTSDESK_TABLE": "t", "RIGHTSDESK_KEYS_TABLE": "k", "RIGHTSDESK_PACKAGES": "p"}
    import boto3

    with patch.object(BaseClient, "_make_api_call", lambda *call: {}), allowed.enforced(settings):
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        handlers = allowed.each({"lapse_reply": lambda event, context: dynamodb.delete_item(TableName="k", Key={})})
        with pytest.raises(ClientError, match=r"LapseReply may not dynamodb:DeleteItem on KeysTable.*permissions.yaml"):
            handlers["lapse_reply"]({}, None)
        assert dynamodb.delete_item(TableName="k", Key={}) == {}  # nobody's: the tests themselves


def test_functions_in_the_vpc_call_only_what_has_an_endpoint_there() -> None:
    """DynamoDB and S3 by their gateways, KMS and the secrets by interfaces: nothing else is reached from inside."""
    for function in template.SOURCE_FUNCTIONS:
        services = {action.partition(":")[0] for action, _ in allowed.grants()[function]}
        by_nat = {"ses"} if function in ("KeepWhatIsGone", "AnnouncePolicyChange") else set()  # docs/deploy.md says so
        assert services - by_nat <= {"dynamodb", "s3", "kms", "secretsmanager"}, function


def test_a_transaction_needs_the_permission_of_each_of_its_steps() -> None:
    steps = [{"Put": {"TableName": "t"}}, {"ConditionCheck": {"TableName": "t"}}, {"Delete": {"TableName": "k"}}]
    needs = allowed.needs("dynamodb", "TransactWriteItems", {"TransactItems": steps}, {"t": "RequestsTable"})
    assert list(needs) == [
        ("dynamodb:PutItem", "RequestsTable"), ("dynamodb:ConditionCheckItem", "RequestsTable"),
        ("dynamodb:DeleteItem", "k"),
    ]  # fmt: skip
