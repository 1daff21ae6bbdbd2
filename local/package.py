"""`make package`: the AWS package of a stage, in out/<stage>: one template, one zip.

Chalice makes its part; what it does not know (tables, keys, the road, and the settings that name them) is merged in
from .chalice/resources.json and the road itself. Leaves to others: putting it on AWS (make deploy).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

from chalicelib.businesses.loader import load
from chalicelib.domain.datamap import DataMap
from local.machine import ROAD
from local.permits import permits

ROOT = Path(__file__).parent.parent
MACHINE = "${AWS::StackName}-requests"
MACHINE_ARN = f"arn:${{AWS::Partition}}:states:${{AWS::Region}}:${{AWS::AccountId}}:stateMachine:{MACHINE}"
SETTINGS: dict[str, Any] = {
    "RIGHTSDESK_TABLE": {"Ref": "RequestsTable"},
    "RIGHTSDESK_KEYS_TABLE": {"Ref": "KeysTable"},
    "RIGHTSDESK_KMS_KEY": {"Fn::GetAtt": ["Key", "Arn"]},
    "RIGHTSDESK_PACKAGES": {"Ref": "PackagesBucket"},
    "RIGHTSDESK_STATE_MACHINE": {"Fn::Sub": MACHINE_ARN},
    "RIGHTSDESK_SECRETS": {"Fn::Sub": "${AWS::StackName}"},
    "DATABASE_URL": {"Fn::Sub": "{{resolve:secretsmanager:${AWS::StackName}:SecretString:database_url}}"},
}


def main(stage: str) -> int:
    stages = json.loads((ROOT / ".chalice" / "config.json").read_text())["stages"]
    if stage not in stages:
        print(f"STAGE={stage}: no such stage; name one of {', '.join(stages)}", file=sys.stderr)
        return 2
    out = ROOT / "out" / stage
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for cache in (ROOT / "chalicelib").rglob("__pycache__"):  # Chalice would ship it
        shutil.rmtree(cache)
    extra = out / "extra.json"
    about = load(stages[stage]["environment_variables"]["RIGHTSDESK_BUSINESS"])
    extra.write_text(json.dumps(beyond_chalice(_functions(), stage, about.datamap)))
    made = subprocess.run(
        [
            str(Path(sys.executable).with_name("chalice")), "package", "--stage", stage, "--template-format", "json",
            "--merge-template", str(extra), str(out),
        ],
        cwd=ROOT, env={"AWS_DEFAULT_REGION": "us-east-1", **os.environ}, check=False,
    )  # fmt: skip
    extra.unlink()
    if made.returncode or not _complete(out / "deployment.zip"):
        return made.returncode or 1
    size = (out / "deployment.zip").stat().st_size / 1e6
    print(f"{out.relative_to(ROOT)}: sam.json and deployment.zip ({size:.1f} MB)")
    return 0


def beyond_chalice(functions: list[str], stage: str, datamap: DataMap) -> dict[str, Any]:
    """What is merged into Chalice's template: our resources, the road, the settings of every function, and what those
    may do that touch the business's data."""
    template: dict[str, Any] = json.loads((ROOT / ".chalice" / "resources.json").read_text())
    resources = template["Resources"]
    resources["RoadRole"] = _role(functions)
    resources["Road"] = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {
            "StateMachineName": {"Fn::Sub": MACHINE},
            "Definition": json.loads(ROAD.read_text()),
            "DefinitionSubstitutions": {name: {"Fn::GetAtt": [name, "Arn"]} for name in functions},
            "RoleArn": {"Fn::GetAtt": ["RoadRole", "Arn"]},
        },
    }
    resources["InboundRule"]["Properties"]["Rule"]["Recipients"] = _recipients(stage)
    swept = ["TakeUpTheLost", "ChaseRecipients", "PurgeWhatIsDue", "KeepWhatIsGone", "CountMetrics"]
    for name in [*functions, "APIHandler", "ReceiveMail", "NoteMailFeedback", *swept]:
        resources[name] = {"Properties": {"Environment": {"Variables": SETTINGS}}}
    resources |= permits(datamap)
    return template


def _recipients(stage: str) -> list[str]:
    """The addresses whose mail is read: where the stage's business says to write, and where its mails are from."""
    from chalicelib.businesses.loader import load

    config = json.loads((ROOT / ".chalice" / "config.json").read_text())["stages"][stage]
    business = load(config["environment_variables"]["RIGHTSDESK_BUSINESS"])
    named = [business.contact.email, business.sender, *(d for d in business.designated if "@" in d)]
    return list(dict.fromkeys(named))


def _functions() -> list[str]:
    """Those that the road calls, by their names in the template."""
    return sorted(set(re.findall(r"\$\{(\w+)\}", ROAD.read_text())))


def _role(functions: list[str]) -> dict[str, Any]:
    """The road may call its functions and nothing else."""
    may = {
        "Effect": "Allow",
        "Action": "lambda:InvokeFunction",
        "Resource": [{"Fn::GetAtt": [name, "Arn"]} for name in functions],
    }
    who = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [who]},
            "Policies": [
                {"PolicyName": "CallTheSteps", "PolicyDocument": {"Version": "2012-10-17", "Statement": [may]}}
            ],
        },
    }


def _complete(package: Path) -> bool:
    """Chalice only mentions a dependency that it could not build: hold the zip against what is required."""
    with zipfile.ZipFile(package) as zipped:
        there = {name.split("/")[0].lower() for name in zipped.namelist()}
    missing = {"pydantic", "pydantic_core", "jinja2", "cryptography", "yaml", "psycopg_binary", "sqlalchemy"} - there
    for name in sorted(missing):
        print(f"the package lacks {name}: no wheel of it for this architecture", file=sys.stderr)
    return not missing


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "dev"))
