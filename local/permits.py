"""What the functions that touch a business's data may do at its places on AWS: written from its data map, and no more.

Gathering may read the tables and prefixes that the map names; fulfilment, and keeping what is gone away, may change
them too; nothing else may either.
Leaves to others: what every business's functions may do (.chalice/permissions.yaml).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chalicelib.domain.datamap import DataMap

READING = ("GatherSource", "FulfilSource", "KeepWhatIsGone")
WRITING = ("FulfilSource", "KeepWhatIsGone")


def permits(datamap: DataMap) -> dict[str, Any]:
    """Resources of the template, none for a business whose data is all in its database."""
    reads, writes = [], []
    for source in datamap.sources.values():
        places = sorted({c.table or name for name, c in source.collections.items()})
        if source.kind == "dynamodb":
            named = [f"dynamodb:${{AWS::Region}}:${{AWS::AccountId}}:table/{source.where}{place}" for place in places]
            tables, indexes = [_arn(n) for n in named], [_arn(f"{n}/index/*") for n in named]
            reads.append(_may(["BatchGetItem", "DescribeTable", "Query"], "dynamodb", tables + indexes))
            writes.append(_may(["DeleteItem", "UpdateItem"], "dynamodb", tables))
        elif source.kind == "s3":
            objects = [_arn(f"s3:::{source.where}/{p}/*") for p in places]
            reads.append(_may(["ListBucket"], "s3", [_arn(f"s3:::{source.where}")]))
            reads.append(_may(["GetObject"], "s3", objects))
            writes.append(_may(["AbortMultipartUpload", "DeleteObject", "PutObject"], "s3", objects))
    given = (("ReadPlaces", reads, READING), ("WritePlaces", writes, WRITING))
    return {name: _policy(name, may, to) for name, may, to in given if may}


def _arn(rest: str) -> dict[str, str]:
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:{rest}"}


def _may(actions: Sequence[str], service: str, resources: list[Any]) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": [f"{service}:{action}" for action in actions], "Resource": resources}


def _policy(name: str, statements: list[Any], functions: Sequence[str]) -> dict[str, Any]:
    return {
        "Type": "AWS::IAM::Policy",
        "Properties": {
            "PolicyName": name,
            "PolicyDocument": {"Version": "2012-10-17", "Statement": statements},
            "Roles": [{"Ref": f"{function}Role"} for function in functions],
        },
    }
