"""`make deploy` and `make destroy`: what is wrong is said in one line with its mend; what is right is done.

AWS is moto where moto can do it, and botocore's stubs elsewhere, which hold every call against the service's model.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, NoRegionError
from botocore.stub import Stubber
from moto import mock_aws

from local import deploy, preflight
from local.preflight import Unready

REGION, ACCOUNT = "us-east-1", "123456789012"
TEMPLATE = {
    "Parameters": {
        "Domain": {"Type": "String", "Default": "privacy.example.com"},
        "MailDomain": {"Type": "String", "Default": "example.com"},
        "InboundMail": {"Type": "String", "Default": "no", "AllowedValues": ["yes", "no"], "Description": "Whether"},
        "AlertEmail": {"Type": "String", "AllowedPattern": "[^@]+@[^@]+", "Description": "Who hears"},
        "DatabaseUrl": {"Type": "String", "NoEcho": True},
        **{name: {"Type": "String", "NoEcho": True} for name in sorted(preflight.KEYS)},
    },
    "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
    "Outputs": {"Where": {"Value": {"Ref": "Domain"}}},
}
SAID = {"AlertEmail": "engineer@example.com", "DatabaseUrl": "postgresql://db.invalid/"}


def client(service: str) -> Any:
    return boto3.client(service, region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b")


class Session(boto3.Session):
    """Moto's AWS, with the one answer that moto does not know."""

    def client(self, service_name: str, *more: Any, **named: Any) -> Any:  # type: ignore[override]
        made = super().client(service_name, *more, **named)
        answer = SimpleNamespace(status_code=200), {"ProductionAccessEnabled": True}
        made.meta.events.register("before-call.sesv2.GetAccount", lambda **about: answer)
        return made


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[boto3.Session]:
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        yield Session(region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "sam.json").write_text(json.dumps(TEMPLATE))
    (tmp_path / "deployment.zip").write_bytes(b"zip")
    return tmp_path


def run(session: boto3.Session, out: Path, said: dict[str, str]) -> list[str]:
    heard: list[str] = []
    assert deploy.deploy(session, ACCOUNT, "jeffers", said, heard.append, out) == 0
    return heard


def stack(session: boto3.Session) -> dict[str, Any]:
    found: dict[str, Any] = session.client("cloudformation").describe_stacks(StackName="rightsdesk-jeffers")["Stacks"][
        0
    ]
    return found


def test_a_first_deployment_makes_the_stack_and_says_what_is_left(session: boto3.Session, out: Path) -> None:
    heard = run(session, out, SAID)
    assert stack(session)["StackStatus"] == "CREATE_COMPLETE"
    assert any("SES does not know example.com" in line for line in heard)
    bucket = f"rightsdesk-deployments-{ACCOUNT}-{REGION}"
    assert session.client("s3").get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"][
        "BlockPublicAcls"
    ]


def test_the_keys_are_made_once_and_never_told(session: boto3.Session, out: Path) -> None:
    heard = run(session, out, SAID)
    first = {p["ParameterKey"]: p["ParameterValue"] for p in stack(session)["Parameters"]}
    assert not [line for line in heard for name in preflight.KEYS if first[name] in line]
    again = deploy.values(TEMPLATE["Parameters"], first, {})
    assert {"ParameterKey": "IdentityKey", "UsePreviousValue": True} in again
    fresh = {v["ParameterKey"]: v.get("ParameterValue") for v in deploy.values(TEMPLATE["Parameters"], None, SAID)}
    assert len({fresh[name] for name in preflight.KEYS}) == len(preflight.KEYS)
    assert all(len(fresh[name]) == 44 for name in preflight.KEYS)


def test_an_update_needs_only_what_changes(session: boto3.Session, out: Path) -> None:
    run(session, out, SAID)
    (out / "sam.json").write_text(json.dumps(TEMPLATE | {"Resources": {"Other": {"Type": "AWS::SQS::Queue"}}}))
    run(session, out, {"AlertEmail": "another@example.com"})
    now = {p["ParameterKey"]: p["ParameterValue"] for p in stack(session)["Parameters"]}
    assert now["AlertEmail"] == "another@example.com"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({}, "missing parameter AlertEmail"),
        ({"AlertEmail": "a@example.com"}, "missing parameter DatabaseUrl.*DATABASE_URL=postgresql"),
        ({**SAID, "Domian": "x"}, "no such parameter: Domian. There are: AlertEmail"),
        ({**SAID, "AlertEmail": "nobody"}, "AlertEmail=nobody: Who hears"),
        ({**SAID, "InboundMail": "maybe"}, "InboundMail=maybe: one of yes, no"),
    ],
)
def test_a_wrong_parameter_is_named(session: boto3.Session, out: Path, said: dict[str, str], told: str) -> None:
    with pytest.raises(Unready, match=told):
        run(session, out, said)
    assert session.client("s3").list_buckets()["Buckets"] == []


def test_without_a_package_it_says_how_to_make_one(session: boto3.Session, tmp_path: Path) -> None:
    with pytest.raises(Unready, match="make package STAGE=jeffers"):
        run(session, tmp_path, SAID)


def test_parameters_come_from_the_environment() -> None:
    said = {"PARAMETERS": "AlertEmail=a@example.com Waf=yes", "DATABASE_URL": "postgresql://db.invalid/"}
    assert deploy.given(said) == {
        "AlertEmail": "a@example.com", "Waf": "yes", "DatabaseUrl": "postgresql://db.invalid/",
    }  # fmt: skip
    with pytest.raises(Unready, match="not Name=value"):
        deploy.given({"PARAMETERS": "AlertEmail"})


# -- who asks, and where ----------------------------------------------------------------------------------------------


def denied(service: str, operation: str, code: str, message: str) -> Unready:
    asked = client(service)
    with Stubber(asked) as stub, pytest.raises(Unready) as told, preflight.plainly("trying"):  # noqa: PT012
        stub.add_client_error(operation, code, message, http_status_code=403)
        getattr(asked, operation)()
    return told.value


def test_a_missing_permission_is_named() -> None:
    message = "User: arn:aws:iam::123456789012:user/x is not authorized to perform: cloudformation:DescribeStacks on *"
    told = str(denied("cloudformation", "describe_stacks", "AccessDenied", message))
    assert "permission missing: cloudformation:DescribeStacks" in told
    assert "docs/deploy.md" in told


def test_credentials_that_are_old_or_absent_are_said_to_be() -> None:
    told = str(denied("sts", "get_caller_identity", "ExpiredToken", "The security token included is expired"))
    assert "sign in again" in told
    for fault, words in ((NoCredentialsError(), "AWS_PROFILE"), (NoRegionError(), "AWS_REGION")):
        with pytest.raises(Unready, match=words), preflight.plainly("trying"):
            raise fault
    with pytest.raises(Unready, match="is AWS_REGION right"), preflight.plainly("trying"):
        raise EndpointConnectionError(endpoint_url="https://cloudformation.nowhere-1.amazonaws.com")


def certificate(**said: Any) -> None:
    acm = client("acm")
    with Stubber(acm) as stub:
        stub.add_response("describe_certificate", {"Certificate": said})
        preflight.certificate(acm, REGION, f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/c", "privacy.example.com")


def test_a_certificate_must_be_here_issued_and_for_the_domain() -> None:
    certificate(Status="ISSUED", DomainName="*.example.com")
    preflight.certificate(None, REGION, "", "privacy.example.com")
    with pytest.raises(Unready, match="wrong region: the certificate is in eu-west-1"):
        preflight.certificate(None, REGION, "arn:aws:acm:eu-west-1:1:certificate/c", "privacy.example.com")
    with pytest.raises(Unready, match="PENDING_VALIDATION: add the CNAME"):
        certificate(Status="PENDING_VALIDATION", DomainName="privacy.example.com")
    with pytest.raises(Unready, match=r"for other\.example\.com, not for privacy"):
        certificate(Status="ISSUED", DomainName="other.example.com")


# -- mail -------------------------------------------------------------------------------------------------------------


def mail(account: dict[str, Any], identity: dict[str, Any] | None) -> list[str]:
    ses = client("sesv2")
    with Stubber(ses) as stub:
        stub.add_response("get_account", account)
        if identity is None:
            stub.add_client_error("get_email_identity", "NotFoundException", http_status_code=404)
        else:
            stub.add_response("get_email_identity", identity)
        return preflight.mail(ses, "example.com")


GOOD = {"ProductionAccessEnabled": True, "SendingEnabled": True}


def test_mail_that_can_leave_leaves_nothing_to_do() -> None:
    assert mail(GOOD, {"VerifiedForSendingStatus": True}) == []


def test_a_sandboxed_account_is_told_how_to_leave_it() -> None:
    [told] = mail({"ProductionAccessEnabled": False}, {"VerifiedForSendingStatus": True})
    assert "sandbox" in told
    assert "Request production access" in told


def test_an_unverified_domain_is_told_its_dns_records() -> None:
    unverified = {"VerifiedForSendingStatus": False, "DkimAttributes": {"Tokens": ["abc"]}}
    assert "abc._domainkey.example.com CNAME abc.dkim.amazonses.com" in mail(GOOD, unverified)[0]


def test_a_domain_that_ses_does_not_know_here_may_be_the_wrong_region() -> None:
    assert "does not know example.com in us-east-1: wrong region" in mail(GOOD, None)[0]


@pytest.mark.parametrize(
    ("active", "told"),
    [
        ({"Metadata": {"Name": "mine", "CreatedTimestamp": datetime(2026, 1, 1, tzinfo=UTC)}}, ""),
        (
            {"Metadata": {"Name": "other", "CreatedTimestamp": datetime(2026, 1, 1, tzinfo=UTC)}},
            "by the rule set other",
        ),
        ({}, "set-active-receipt-rule-set --rule-set-name mine"),
    ],
)
def test_receipt_rules_that_are_not_at_work_are_said_to_be(active: dict[str, Any], told: str) -> None:
    ses = client("ses")
    with Stubber(ses) as stub:
        stub.add_response("describe_active_receipt_rule_set", active)
        left = preflight.inbound(ses, "mine")
    assert (told in left[0]) if told else left == []


# -- the stack --------------------------------------------------------------------------------------------------------


def described(status: str) -> dict[str, str] | None:
    cloud = client("cloudformation")
    with Stubber(cloud) as stub:
        one = {"StackName": "s", "CreationTime": datetime(2026, 1, 1, tzinfo=UTC), "StackStatus": status}
        stub.add_response("describe_stacks", {"Stacks": [one]})
        return deploy.existing(cloud, "s")


def test_a_stack_in_a_state_that_cannot_be_changed_says_what_to_do() -> None:
    assert described("UPDATE_ROLLBACK_COMPLETE") == {}
    assert described("REVIEW_IN_PROGRESS") is None
    with pytest.raises(Unready, match="make destroy, then deploy again"):
        described("ROLLBACK_COMPLETE")
    with pytest.raises(Unready, match="wait until that is over"):
        described("UPDATE_IN_PROGRESS")


def test_a_change_that_fails_says_which_resource_and_why() -> None:
    cloud = client("cloudformation")
    at = datetime(2026, 1, 1, tzinfo=UTC)
    event = {"StackId": "s", "EventId": "e", "StackName": "s", "Timestamp": at, "LogicalResourceId": "Identity"}
    with Stubber(cloud) as stub:
        stub.add_response(
            "describe_stack_events",
            {
                "StackEvents": [
                    {**event, "ResourceStatus": "CREATE_FAILED", "ResourceStatusReason": "example.com exists"}
                ]
            },
        )
        assert deploy._failures(cloud, "s") == "  Identity: example.com exists"


# -- destroy ----------------------------------------------------------------------------------------------------------


def test_destroy_asks_first_and_explains_what_stays(session: boto3.Session, out: Path) -> None:
    run(session, out, SAID)
    heard: list[str] = []
    assert deploy.destroy(session, "jeffers", lambda question: "yes", heard.append) == 1
    assert "deletion protection" in heard[0]
    assert stack(session)["StackStatus"] == "CREATE_COMPLETE"
    assert deploy.destroy(session, "jeffers", lambda question: "rightsdesk-jeffers", heard.append) == 0
    with pytest.raises(Unready, match="there is no rightsdesk-jeffers in us-east-1: wrong STAGE, or wrong region"):
        deploy.destroy(session, "jeffers", lambda question: "", heard.append)


def test_the_command_says_one_line_and_no_trace(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    assert deploy.main(["deploy", "jeffers"]) == 2
    assert capsys.readouterr().err.startswith("no AWS credentials: set AWS_PROFILE")
