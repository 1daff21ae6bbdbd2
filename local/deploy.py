"""`make deploy` and `make destroy`: a stage to AWS and away again, by CloudFormation's change sets.

What is wrong is said before anything is changed, in one line with its mend (preflight). A secret is never on a command
line: the keys are made here once and stay with the stack, the database's URL comes from the environment. Leaves to
others: the package (package), looking at what was deployed (smoke). Nothing here has been run against AWS; the tests
run it against moto and against scripted answers.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from local import package, preflight
from local.preflight import Unready, plainly

SURE = (
    "Tables, packages, keys and secrets stay: they are retained, and the tables refuse to be deleted (deletion "
    "protection). To be rid of them, turn that off and delete each yourself; deleting the key makes all of it "
    "unreadable for ever, 30 days later. Requests that are open are owed an answer by law: export them first."
)
Say = Callable[[str], None]


def main(words: list[str]) -> int:
    import boto3

    command, stage = words[0], words[1] if len(words) > 1 else "dev"
    try:
        with plainly("signing in"):
            session = boto3.Session()
            account = str(session.client("sts").get_caller_identity()["Account"])
        if command == "destroy":
            return destroy(session, stage, input, print)
        return deploy(session, account, stage, given(os.environ), print)
    except (Unready, package.CannotPackage) as why:
        print(why, file=sys.stderr)
        return 2


def given(environ: Mapping[str, str]) -> dict[str, str]:
    """The template's parameters, from PARAMETERS="Name=value …" and DATABASE_URL. Raises Unready."""
    said = {}
    for word in shlex.split(environ.get("PARAMETERS", "")):
        name, equals, value = word.partition("=")
        if not equals:
            raise Unready(f'PARAMETERS: "{word}" is not Name=value')
        said[name] = value
    return said | ({"DatabaseUrl": environ["DATABASE_URL"]} if environ.get("DATABASE_URL") else {})


def stack_of(stage: str) -> str:
    return f"rightsdesk-{stage}"


# -- deploy -----------------------------------------------------------------------------------------------------------


def deploy(session: Any, account: str, stage: str, said: dict[str, str], say: Say, out: Path | None = None) -> int:
    """Look, send the package, change the stack, say what is left to do. Raises Unready."""
    out = out or package.ROOT / "out" / stage
    if not (out / "sam.json").exists():
        raise Unready(f"{out} has no package: make package STAGE={stage}")
    template, name = json.loads((out / "sam.json").read_text()), stack_of(stage)
    cloud, region = session.client("cloudformation"), session.region_name
    before = existing(cloud, name)
    known = template["Parameters"]
    preflight.parameters({**said, **dict.fromkeys(preflight.KEYS, "made here")}, known, set(before or ()))
    now = {**{n: k["Default"] for n, k in known.items() if "Default" in k}, **(before or {}), **said}
    preflight.certificate(session.client("acm"), region, str(now.get("CertificateArn", "")), str(now["Domain"]))
    url = send(session, account, stage, template, out, say)
    change(cloud, name, url, values(known, before, said), create=before is None, say=say)
    _tell(session, name, now, say)
    return 0


def existing(cloud: Any, name: str) -> dict[str, str] | None:
    """The parameters of the stack as it stands; None if there is none. Raises Unready."""
    with plainly("looking for the stack"):
        try:
            found = cloud.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as fault:
            if "does not exist" in fault.response["Error"].get("Message", ""):
                return None
            raise
    if found["StackStatus"] == "REVIEW_IN_PROGRESS":
        return None
    if found["StackStatus"] in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED"):
        raise Unready(f"the first deployment of {name} failed: make destroy, then deploy again")
    if found["StackStatus"].endswith("IN_PROGRESS"):
        raise Unready(f"{name} is {found['StackStatus']}: wait until that is over")
    return {each["ParameterKey"]: each["ParameterValue"] for each in found.get("Parameters", [])}


def values(known: Mapping[str, Any], before: Mapping[str, str] | None, said: Mapping[str, str]) -> list[dict[str, Any]]:
    """What is said now, else what the stack has, else a fresh key; defaults are the template's."""
    made: list[dict[str, Any]] = []
    for name in known:
        if name in said:
            made.append({"ParameterKey": name, "ParameterValue": said[name]})
        elif before is not None and name in before:
            made.append({"ParameterKey": name, "UsePreviousValue": True})
        elif name in preflight.KEYS:
            key = base64.b64encode(secrets.token_bytes(32)).decode()
            made.append({"ParameterKey": name, "ParameterValue": key})
    return made


def send(session: Any, account: str, stage: str, template: dict[str, Any], out: Path, say: Say) -> str:
    """The zip and the template into the deployments' bucket, named by content; the template's URL. Raises Unready."""
    region, s3 = session.region_name, session.client("s3")
    bucket = f"rightsdesk-deployments-{account}-{region}"
    with plainly("making the bucket of deployments"):
        _bucket(s3, bucket, region)
    zipped = (out / "deployment.zip").read_bytes()
    key = f"{stage}/{hashlib.sha256(zipped).hexdigest()}.zip"
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = {"Bucket": bucket, "Key": key}
    body = json.dumps(template).encode()
    page = f"{stage}/{hashlib.sha256(body).hexdigest()}.json"
    with plainly("sending the package"):
        s3.put_object(Bucket=bucket, Key=key, Body=zipped)
        s3.put_object(Bucket=bucket, Key=page, Body=body)
    say(f"sent {len(zipped) / 1e6:.1f} MB to {bucket}")
    return f"https://{bucket}.s3.{region}.amazonaws.com/{page}"


def _bucket(s3: Any, bucket: str, region: str) -> None:
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as fault:
        if fault.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
    else:
        return
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=bucket, **where)
    shut = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=shut)


def change(cloud: Any, name: str, url: str, parameters: list[dict[str, Any]], *, create: bool, say: Say) -> None:
    """Change the stack, and wait. On a fault CloudFormation goes back by itself. Raises Unready."""
    kind = "CREATE" if create else "UPDATE"
    label = f"deploy-{secrets.token_hex(4)}"
    with plainly("planning the change"):
        cloud.create_change_set(
            StackName=name, ChangeSetName=label, ChangeSetType=kind, TemplateURL=url, Parameters=parameters,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"], Tags=[{"Key": "app", "Value": "rightsdesk"}],
        )  # fmt: skip
    try:
        cloud.get_waiter("change_set_create_complete").wait(StackName=name, ChangeSetName=label)
    except WaiterError as fault:
        why = str(fault.last_response.get("StatusReason", fault))
        if "didn't contain changes" in why or "No updates" in why:
            say(f"{name}: nothing to change")
            return
        raise Unready(f"{name} cannot be changed: {why}") from None
    say(f"{name}: {'making' if create else 'changing'} it; ten minutes the first time")
    with plainly("changing the stack"):
        cloud.execute_change_set(StackName=name, ChangeSetName=label)
    try:
        cloud.get_waiter(f"stack_{kind.lower()}_complete").wait(StackName=name)
    except WaiterError:
        raise Unready(f"{name} was not changed, and is as it was:\n{_failures(cloud, name)}") from None
    say(f"{name}: done")


def _failures(cloud: Any, name: str) -> str:
    with plainly("asking what failed"):
        events = cloud.describe_stack_events(StackName=name)["StackEvents"]
    failed = [
        e
        for e in events
        if e["ResourceStatus"].endswith("FAILED") and "cancelled" not in str(e.get("ResourceStatusReason"))
    ]
    return "\n".join(f"  {e['LogicalResourceId']}: {e.get('ResourceStatusReason', '')}" for e in reversed(failed[-5:]))


def _tell(session: Any, name: str, now: Mapping[str, Any], say: Say) -> None:
    with plainly("reading the stack"):
        said = session.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0].get("Outputs", [])
    for each in said:
        say(f"  {each['OutputKey']}: {each['OutputValue']}")
    for left in left_to_do(session, name, now):
        say(f"to do: {left}")


def left_to_do(session: Any, name: str, now: Mapping[str, Any]) -> list[str]:
    """What still keeps mail from leaving or coming in, with its mend. Raises Unready."""
    left = preflight.mail(session.client("sesv2"), str(now["MailDomain"]))
    if now.get("InboundMail") == "yes":
        left += preflight.inbound(session.client("ses"), f"{name}-inbound")
    return left


# -- destroy ----------------------------------------------------------------------------------------------------------


def destroy(session: Any, stage: str, ask: Callable[[str], str], say: Say) -> int:
    """Delete the stack, once its name has been typed. Raises Unready."""
    name, cloud = stack_of(stage), session.client("cloudformation")
    with plainly("looking for the stack"):
        try:
            cloud.describe_stacks(StackName=name)
        except ClientError as fault:
            if "does not exist" in fault.response["Error"].get("Message", ""):
                raise Unready(f"there is no {name} in {session.region_name}: wrong STAGE, or wrong region?") from None
            raise
    say(f"This takes {name} in {session.region_name} down: pages, functions, the road, alarms. {SURE}")
    if ask(f"Type {name} to go on: ").strip() != name:
        say("nothing was changed")
        return 1
    with plainly("deleting the stack"):
        cloud.delete_stack(StackName=name)
    try:
        cloud.get_waiter("stack_delete_complete").wait(StackName=name)
    except WaiterError:
        raise Unready(f"{name} is not wholly gone:\n{_failures(cloud, name)}") from None
    say(f"{name} is gone; what is retained stays")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
