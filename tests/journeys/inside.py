"""Run as a process: a whole system walked from outside, then read from inside, where a visitor cannot look.

Prints one JSON object: what the machine, the tables and the buckets were given, and the secrets that were typed.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import tempfile
from contextlib import redirect_stdout
from typing import Any

from local import demo
from local.run import Wanted, running
from local.serving import free_port
from local.walk import Walker

WALDEMAR = "Waldemar-Xylophone-7731"
"""A word that nobody but this customer would type."""


def histories() -> list[Any]:
    import boto3

    steps = boto3.client("stepfunctions")
    machine = steps.list_state_machines()["stateMachines"][0]["stateMachineArn"]
    told = []
    for execution in steps.list_executions(stateMachineArn=machine)["executions"]:
        arn = execution["executionArn"]
        told.append(steps.describe_execution(executionArn=arn))
        told.append(steps.get_execution_history(executionArn=arn, maxResults=1000))
    return told


def tables() -> list[Any]:
    import boto3

    dynamodb = boto3.client("dynamodb")
    return [
        item
        for name in dynamodb.list_tables()["TableNames"]
        for page in dynamodb.get_paginator("scan").paginate(TableName=name)
        for item in page["Items"]
    ]


def keys() -> list[str]:
    import boto3

    s3 = boto3.client("s3")
    buckets = [b["Name"] for b in s3.list_buckets()["Buckets"]]
    return [o["Key"] for b in buckets for o in s3.list_objects_v2(Bucket=b).get("Contents", [])]


def plain(value: Any) -> str:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        said = {
            "BUSINESS": "jeffers", "PORT": str(free_port()), "MAIL_PORT": str(free_port()), "RUN_DIR": folder,
        }  # fmt: skip
        os.environ["RIGHTSDESK_UNDO_SECONDS"] = "1"
        with redirect_stdout(sys.stderr), running(Wanted.from_env(said)) as run:
            walk, who = Walker(run), run["customers"][0]
            worried = walk.file("concern", who["email"], name="Marisol Xanthippe", details=f"About {WALDEMAR}")
            walk.prove(who["email"], worried)
            for right in demo.RIGHTS:
                right(walk, who, lambda text: None)
            found = {
                "secrets": [
                    WALDEMAR,
                    "Xanthippe",
                    who["email"],
                    who["name"],
                    *who["answers"].values(),
                    "Newtown Corrected",
                ],
                "machine": json.dumps(histories(), default=plain),
                "tables": json.dumps(tables(), default=plain),
                "keys": keys(),
                "subjects": [m["subject"] for m in walk.mails(who["email"])],
                "executions": len(histories()) // 2,
            }
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
