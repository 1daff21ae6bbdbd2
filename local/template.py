"""The CloudFormation template of a stage: Chalice's part, made whole by ours.

Chalice knows the functions and the pages. The rest stands in .chalice: resources.json (what holds data, from which the
laptop's tables are made too), template/ (parameters, edge, mail, network, watch), permissions.yaml (one role for each
function). What must be said of every function is said here once. Leaves to others: the zip (package, stripping).
"""

from __future__ import annotations

import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from chalicelib.businesses.model import Business
from local.alarms import alarms
from local.machine import ROAD
from local.permits import permits

PLACE = Path(__file__).parent.parent / ".chalice"
FUNCTION = "AWS::Serverless::Function"
MACHINE = "${AWS::StackName}-requests"
MACHINE_ARN = f"arn:${{AWS::Partition}}:states:${{AWS::Region}}:${{AWS::AccountId}}:stateMachine:{MACHINE}"
SETTINGS: dict[str, Any] = {
    "RIGHTSDESK_PUBLIC_URL": {"Ref": "PublicUrl"},
    "RIGHTSDESK_TABLE": {"Ref": "RequestsTable"},
    "RIGHTSDESK_KEYS_TABLE": {"Ref": "KeysTable"},
    "RIGHTSDESK_KMS_KEY": {"Fn::GetAtt": ["Key", "Arn"]},
    "RIGHTSDESK_PACKAGES": {"Ref": "PackagesBucket"},
    "RIGHTSDESK_STATE_MACHINE": {"Fn::Sub": MACHINE_ARN},
    "RIGHTSDESK_SECRETS": {"Ref": "AWS::StackName"},
    "DATABASE_URL": "postgresql://given-to-the-functions-of-the-sources-only.invalid/",
}
SOURCE_FUNCTIONS = ("GatherSource", "FulfilSource", "KeepWhatIsGone", "AnnouncePolicyChange")
"""Those that reach the business's database: they alone get its URL and go into its VPC."""
TOLD = frozenset({"ReceiveMail", "ReceiveCanaryMail", "NoteMailFeedback"})
"""The functions that SES and SNS tell of mails, and nobody waits for."""
CANARYS = ("CanaryRule", "SesMayCallReceiveCanaryMail")

WHY_NOT = {
    "CKV_AWS_115": "a share of the account's concurrency set apart is taken from everything else; the API is throttled",
    "CKV_AWS_116": "Step Functions and API Gateway wait for the answer; who is called without has a dead-letter queue",
    "CKV_AWS_117": "only the functions of the sources need a VPC, and only if the database is in one",
}
"""Checks of checkov's that a function does not pass, and why that is right."""

Template = dict[str, Any]


def whole(chalices: Template, business: Business, host: str) -> Template:
    """The template that is deployed for a business; `host` is where its pages are, unless a parameter says so."""
    mail_domain = business.sender.rpartition("@")[2].rstrip(">")
    template = deepcopy(chalices)
    resources = template["Resources"]
    for part in parts():
        merge(template, part)
    for name, default in (("Domain", host), ("PublicUrl", f"https://{host}"), ("MailDomain", mail_domain)):
        template["Parameters"][name]["Default"] = default
    functions = [name for name, resource in resources.items() if resource["Type"] == FUNCTION]
    for name in functions:
        _complete(resources, name)
    resources["Road"], resources["RoadRole"] = road(), road_role()
    resources["InboundRule"]["Properties"]["Rule"]["Recipients"] = _recipients(business)
    if business.canary:
        resources["CanaryRule"]["Properties"]["Rule"]["Recipients"] = [business.canary.email]
    else:
        for name in CANARYS:
            del resources[name]
    resources |= {**permits(business.datamap), **alarms(business)}
    return template


def _recipients(business: Business) -> list[str]:
    """The addresses whose mail is read: where the business says to write, and where its mails are from."""
    named = [business.contact.email, business.sender, *(d for d in business.designated if "@" in d)]
    return list(dict.fromkeys(named))


def parts() -> list[Template]:
    """What Chalice does not make."""
    said = [json.loads((PLACE / "resources.json").read_text())]
    return said + [yaml.safe_load(file.read_text()) for file in sorted((PLACE / "template").glob("*.yaml"))]


def permissions() -> dict[str, Any]:
    said: dict[str, Any] = yaml.safe_load((PLACE / "permissions.yaml").read_text())
    return said


def steps() -> list[str]:
    """The functions that the road calls, by their names in the template."""
    return sorted(set(re.findall(r"\$\{(\w+)\}", ROAD.read_text())))


def merge(into: dict[str, Any], more: dict[str, Any]) -> None:
    """Dicts are joined; anything else is replaced."""
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = deepcopy(value)


# -- the functions ----------------------------------------------------------------------------------------------------


def _complete(resources: dict[str, Any], name: str) -> None:
    """A function's own log, role and settings; a dead-letter queue where it is called without anybody waiting."""
    said = resources[name]["Properties"]
    resources[name]["Metadata"] = {"checkov": {"skip": [{"id": id, "comment": why} for id, why in WHY_NOT.items()]}}
    said["Environment"]["Variables"].update(deepcopy(SETTINGS))
    said |= {
        "Role": {"Fn::GetAtt": [f"{name}Role", "Arn"]},
        "KmsKeyArn": {"Fn::GetAtt": ["Key", "Arn"]},
        "LoggingConfig": {"LogGroup": {"Ref": f"{name}Log"}},
        "Tracing": {"Ref": "Tracing"},
    }
    resources[f"{name}Log"] = {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {"RetentionInDays": {"Ref": "LogDays"}, "KmsKeyId": {"Fn::GetAtt": ["Key", "Arn"]}},
    }
    alone = "Events" in said or name in TOLD
    if alone:
        said["DeadLetterQueue"] = {"Type": "SQS", "TargetArn": {"Fn::GetAtt": ["Undelivered", "Arn"]}}
        resources[f"{name}Alarm"] = _alarm(name)
    if name in SOURCE_FUNCTIONS:
        said["Environment"]["Variables"]["DATABASE_URL"] = {"Ref": "DatabaseUrl"}
        inside = {
            "SubnetIds": {"Ref": "SubnetIds"},
            "SecurityGroupIds": [{"Fn::GetAtt": ["SourceFunctions", "GroupId"]}],
        }
        said["VpcConfig"] = {"Fn::If": ["InVpc", inside, {"Ref": "AWS::NoValue"}]}
    resources[f"{name}Role"] = role(name, alone)


def _alarm(name: str) -> dict[str, Any]:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmDescription": f"{name} fails",
            "Namespace": "AWS/Lambda",
            "MetricName": "Errors",
            "Dimensions": [{"Name": "FunctionName", "Value": {"Ref": name}}],
            "Statistic": "Sum",
            "Period": 3600,
            "EvaluationPeriods": 1,
            "Threshold": 0,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": [{"Ref": "Alerts"}],
        },
    }


def role(name: str, alone: bool) -> dict[str, Any]:
    """What permissions.yaml grants the function, and what has no call of its own (docs/deploy.md lists it)."""
    grants, said = permissions()["grants"], permissions()["functions"]
    if name not in said:
        raise KeyError(f".chalice/permissions.yaml says nothing of {name}")
    statements = [_statement(grant, grants[grant]) for grant in said[name]]
    own_log = {"Fn::GetAtt": [f"{name}Log", "Arn"]}  # it ends in `:*`, the streams of the group
    statements += [
        _allow("OwnLog", ["logs:CreateLogStream", "logs:PutLogEvents"], own_log),
        {
            **_allow("KeysThroughServices", _through(said[name]), {"Fn::GetAtt": ["Key", "Arn"]}),
            "Condition": {
                "StringEquals": {
                    "kms:ViaService": [
                        {"Fn::Sub": f"{service}.${{AWS::Region}}.amazonaws.com"}
                        for service in ("dynamodb", "s3", "secretsmanager", "sqs")
                    ]
                }
            },
        },
    ]
    if alone:
        statements.append(_allow("DeadLetters", ["sqs:SendMessage"], {"Fn::GetAtt": ["Undelivered", "Arn"]}))
    made = _role("lambda.amazonaws.com", statements)
    managed = [{"Fn::If": ["Traces", _managed("AWSXRayDaemonWriteAccess"), {"Ref": "AWS::NoValue"}]}]
    if name in SOURCE_FUNCTIONS:
        network = _managed("service-role/AWSLambdaENIManagementAccess")
        managed.append({"Fn::If": ["InVpc", network, {"Ref": "AWS::NoValue"}]})
    made["Properties"]["ManagedPolicyArns"] = managed
    return made


def _through(grants: list[str]) -> list[str]:
    """Objects and messages are written under keys that the services ask for in the function's name."""
    return ["kms:Decrypt", "kms:GenerateDataKey"] if grants else ["kms:Decrypt"]


def _managed(policy: str) -> dict[str, str]:
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::aws:policy/{policy}"}


def _statement(grant: str, said: dict[str, Any]) -> dict[str, Any]:
    made = _allow(grant, said["actions"], [arn(place) for place in said["of"]])
    if said["actions"] == ["s3:ListBucket"]:
        made["Resource"] = [arn(place.split("/")[0]) for place in said["of"]]
        made["Condition"] = {"StringLike": {"s3:prefix": [f"{place.partition('/')[2]}/*" for place in said["of"]]}}
    return made


def arn(place: str) -> Any:
    """The ARN of what permissions.yaml calls by a name of the template, or by one of a few that are known otherwise."""
    name, _, part = place.partition("/")
    if name == "Road":  # by name: the road names the functions, so they cannot name it
        return {"Fn::Sub": MACHINE_ARN}
    if name == "MailDomain":
        return {"Fn::Sub": "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/${MailDomain}"}
    if name == "Mails":
        return {"Fn::Sub": "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:configuration-set/${Mails}"}
    if name == "Secrets":
        return {"Ref": "Secrets"}
    if part:
        return {"Fn::Sub": f"${{{name}.Arn}}/{part}" + ("/*" if name.endswith("Bucket") else "")}
    return {"Fn::GetAtt": [name, "Arn"]}


def _allow(sid: str, actions: list[str], resource: Any) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}


def _role(service: str, statements: list[dict[str, Any]]) -> dict[str, Any]:
    who = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [who]},
            "Policies": [
                {"PolicyName": "Own", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}
            ],
        },
    }  # fmt: skip


# -- the road ---------------------------------------------------------------------------------------------------------


def road() -> dict[str, Any]:
    """Its log says what failed and where, never what it was given (rule 7)."""
    return {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {
            "StateMachineName": {"Fn::Sub": MACHINE},
            "Definition": json.loads(ROAD.read_text()),
            "DefinitionSubstitutions": {name: {"Fn::GetAtt": [name, "Arn"]} for name in steps()},
            "RoleArn": {"Fn::GetAtt": ["RoadRole", "Arn"]},
            "LoggingConfiguration": {
                "Level": "ERROR",
                "IncludeExecutionData": False,
                "Destinations": [{"CloudWatchLogsLogGroup": {"LogGroupArn": {"Fn::GetAtt": ["RoadLog", "Arn"]}}}],
            },
            "TracingConfiguration": {"Enabled": {"Fn::If": ["Traces", True, False]}},
        },
    }


def road_role() -> dict[str, Any]:
    """The road may call its functions and have its log delivered; log deliveries know no narrower resource than all."""
    deliveries = ("CreateLogDelivery", "GetLogDelivery", "UpdateLogDelivery", "DeleteLogDelivery", "ListLogDeliveries")
    policies = ("PutResourcePolicy", "DescribeResourcePolicies", "DescribeLogGroups")
    made = _role(
        "states.amazonaws.com",
        [
            _allow("CallTheSteps", ["lambda:InvokeFunction"], [{"Fn::GetAtt": [name, "Arn"]} for name in steps()]),
            _allow("LogDelivery", [f"logs:{name}" for name in (*deliveries, *policies)], "*"),
        ],
    )
    made["Metadata"] = {
        "checkov": {"skip": [{"id": "CKV_AWS_111", "comment": "log deliveries know no narrower resource than all"}]}
    }
    made["Properties"]["ManagedPolicyArns"] = [
        {"Fn::If": ["Traces", _managed("AWSXRayDaemonWriteAccess"), {"Ref": "AWS::NoValue"}]}
    ]
    return made
