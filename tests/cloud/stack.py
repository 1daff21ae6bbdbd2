"""The template's own resources, made by moto's CloudFormation, for the road to be walked on.

moto's makes tables, keys and buckets from a template, but neither SAM's functions nor most of what watches and mails:
those are left out, and a function that is named stands there by its ARN. The machine that it makes does not run, and
secrets it knows not: both are made again from what CloudFormation resolved. A name that leads nowhere fails here.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

import boto3
from moto.stepfunctions.models import stepfunctions_backends

from local import template
from local.aws import ACCOUNT, REGION
from local.resources import SECRET_NAMES

NAME = "rightsdesk-jeffers"
MADE = {
    "AWS::DynamoDB::Table",
    "AWS::IAM::Role",
    "AWS::KMS::Key",
    "AWS::S3::Bucket",
    "AWS::StepFunctions::StateMachine",
}
PARAMETERS = {
    "Domain": "privacy.example.com",
    "PublicUrl": "https://privacy.example.com",
    "MailDomain": "example.com",
    "AlertEmail": "engineer@example.com",
    "DatabaseUrl": "postgresql://db.invalid/",
}


def own() -> dict[str, Any]:
    """What of the template is ours and moto can make, with the settings of a function as its outputs."""
    whole: dict[str, Any] = {"Resources": {}, "Parameters": {}, "Conditions": {}}
    for part in template.parts():
        for section in whole:
            template.merge(whole[section], part.get(section, {}))
    whole["Resources"] |= {"Road": template.road(), "RoadRole": template.road_role()}
    keys = whole["Resources"]["Secrets"]["Properties"]["SecretString"]
    whole["Resources"] = {
        name: said for name, said in whole["Resources"].items()
        if said.get("Type") in MADE and "Condition" not in said
    }  # fmt: skip
    _define(whole["Resources"]["Road"]["Properties"])
    settings = {variable: value for variable, value in template.SETTINGS.items() if variable.startswith("RIGHTSDESK")}
    whole["Outputs"] = {name.replace("_", "0"): {"Value": said} for name, said in {**settings, "KEYS": keys}.items()}
    return dict(_by_arn(whole))


def _define(road: dict[str, Any]) -> None:
    """As text, each `${Name}` filled in by the template's own substitutions: moto knows no definition as an object."""
    named, text = _by_arn(road.pop("DefinitionSubstitutions")), json.dumps(road.pop("Definition"))
    road["DefinitionString"] = re.sub(r"\$\{(\w+)\}", lambda found: named[found[1]], text)
    del road["LoggingConfiguration"]


def _by_arn(said: Any) -> Any:
    """Each step's function by its ARN, and Chalice's API not at all."""
    if isinstance(said, dict):
        if len(said) == 1 and isinstance(said.get("Fn::GetAtt"), list) and said["Fn::GetAtt"][0] in template.steps():
            snake = re.sub(r"(?<!^)([A-Z])", r"_\1", said["Fn::GetAtt"][0]).lower()
            return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{snake}"
        return {key: _by_arn(value) for key, value in said.items()}
    return [_by_arn(each) for each in said] if isinstance(said, list) else said


def create(keys: Mapping[str, bytes]) -> dict[str, str]:
    """Make the stack; the settings that its functions would have."""
    cloud = boto3.client("cloudformation")
    given = PARAMETERS | {
        f"{name.title()}Key": base64.b64encode(keys.get(name, name.encode() * 8)).decode().ljust(44, "=")
        for name in SECRET_NAMES
    }
    cloud.create_stack(
        StackName=NAME,
        TemplateBody=json.dumps(own()),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    made = cloud.describe_stacks(StackName=NAME)["Stacks"][0]
    assert made["StackStatus"] == "CREATE_COMPLETE", made
    said = {said["OutputKey"].replace("0", "_"): said["OutputValue"] for said in made["Outputs"]}
    named = {name: base64.b64encode(key).decode() for name, key in keys.items()}  # peers' too, which an engineer adds
    held = json.dumps({**json.loads(said.pop("KEYS")), **named})
    boto3.client("secretsmanager").create_secret(Name=said["RIGHTSDESK_SECRETS"], SecretString=held)
    (road,) = stepfunctions_backends[ACCOUNT][REGION].state_machines
    boto3.client("stepfunctions").create_state_machine(
        name=road.name, definition=road.definition, roleArn=road.roleArn
    )  # fmt: skip
    return said
