"""The shop of the source contract in DynamoDB tables and in log files in S3, on moto."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

import boto3

from chalicelib.domain.datamap import SourceMap
from chalicelib.ports import Source
from chalicelib.sources.attributes import plain
from chalicelib.sources.cursor import PAGE
from chalicelib.sources.dynamodb import DynamoSource
from chalicelib.sources.s3 import S3Source
from chalicelib.sources.values import one_spelling

from .shop import MAP, ROWS, Shop

SPELT = {
    "members": {"email": "email", "phone": "phone", "name": "name"},
    "orders": {"guest_email": "email", "gift_email": "email"},
    "newsletter": {"email": "email"},
}
"""Fields that people are found by in one spelling, kept a second time for the index; and what kind they are."""
EXACT = {"members": ("number",), "orders": ("member_id",)}
KEYS = {"members": ("id",), "orders": ("id",), "order_lines": ("order_id", "line"), "newsletter": ("email",)}
NUMBERS = ("id", "member_id", "number", "order_id", "line")
_numbers = count()


def dynamo_map(prefix: str) -> SourceMap:
    said = MAP.model_dump() | {"kind": "dynamodb", "where": prefix}
    for name, collection in said["collections"].items():
        table = collection["table"] or name
        ways = {*collection["identity"].values(), *((collection["via"]["field"],) if collection["via"] else ())}
        for field in ways & {*SPELT.get(table, ()), *EXACT.get(table, ())}:
            copy = f"{field}_spelt" if field in SPELT.get(table, ()) else None
            collection["lookup"][field] = {"index": f"by_{field}", "attribute": copy}
    return SourceMap.model_validate(said)


class DynamoShop(Shop):
    def __init__(self) -> None:
        self.client = boto3.client("dynamodb")
        self.prefix = f"shop{next(_numbers)}-"
        for table in ROWS:
            self._create(table)
        self.source = self.paged()

    def paged(self, page: int = PAGE) -> Source:
        return DynamoSource("shop", dynamo_map(self.prefix), self.client, page)

    def _create(self, table: str) -> None:
        fields = [*(f"{f}_spelt" for f in SPELT.get(table, ())), *EXACT.get(table, ())]
        more: dict[str, Any] = {
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": f"by_{f.removesuffix('_spelt')}", "Projection": {"ProjectionType": "KEYS_ONLY"},
                    "KeySchema": [{"AttributeName": f, "KeyType": "HASH"}],
                }
                for f in fields
            ]
        } if fields else {}  # fmt: skip
        self.client.create_table(
            TableName=self.prefix + table, BillingMode="PAY_PER_REQUEST", **more,
            AttributeDefinitions=[
                {"AttributeName": f, "AttributeType": "N" if f in NUMBERS else "S"} for f in (*KEYS[table], *fields)
            ],
            KeySchema=[
                {"AttributeName": f, "KeyType": kind} for f, kind in zip(KEYS[table], ("HASH", "RANGE"), strict=False)
            ],
        )  # fmt: skip

    def rows(self, table: str) -> list[dict[str, Any]]:
        items = self.client.scan(TableName=self.prefix + table, ConsistentRead=True)["Items"]
        return [{f: plain(item.get(f)) for f in ROWS[table][0]} for item in items]

    def fill(self, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        for table in ROWS:
            for row in self.rows(table):
                key = {f: raw(row[f]) for f in KEYS[table]}
                self.client.delete_item(TableName=self.prefix + table, Key=key)
            for row in rows.get(table, ()):
                self._put(table, row)

    def _put(self, table: str, row: Mapping[str, Any]) -> None:
        spelt = {f"{f}_spelt": one_spelling(kind, row[f]) for f, kind in SPELT.get(table, {}).items()}
        item = {f: raw(v) for f, v in row.items() if v is not None} | {f: raw(v) for f, v in spelt.items() if v}
        self.client.put_item(TableName=self.prefix + table, Item=item | {"secret": {"S": "unmapped"}})

    def change(self, table: str, key: str, at: object, field: str, value: object) -> None:
        for row in self.rows(table):
            if row[key] == at:
                self._put(table, row | {field: value})

    def drop(self, table: str) -> None:
        self.client.delete_table(TableName=self.prefix + table)

    def close(self) -> None:
        for table in self.client.list_tables()["TableNames"]:
            if table.startswith(self.prefix):
                self.client.delete_table(TableName=table)


def raw(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BOOL": value}
    return {"N": str(value)} if isinstance(value, int) else {"S": value}


def s3_map(bucket: str, format: str = "jsonl") -> SourceMap:
    said = MAP.model_dump() | {"kind": "s3", "where": bucket}
    said["collections"] = {name: c | {"format": format} for name, c in said["collections"].items()}
    return SourceMap.model_validate(said)


class S3Shop(Shop):
    """Each table is a prefix with two files of JSON lines, the second one gzip."""

    def __init__(self) -> None:
        self.client = boto3.client("s3")
        self.bucket = f"shop-{next(_numbers)}"
        self.client.create_bucket(Bucket=self.bucket)
        self.source = self.paged()

    def paged(self, page: int = PAGE) -> Source:
        return S3Source("shop", s3_map(self.bucket), self.client, page)

    def rows(self, table: str) -> list[dict[str, Any]]:
        return [json.loads(line) for name in self._names(table) for line in self._read(name).splitlines()]

    def fill(self, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        for table in ROWS:
            lines = [json.dumps(dict(row)) + "\n" for row in rows.get(table, ())]
            half = len(lines) // 2
            self._put(f"{table}/1.jsonl", "".join(lines[:half]))
            self._put(f"{table}/2.jsonl.gz", "".join(lines[half:]))

    def change(self, table: str, key: str, at: object, field: str, value: object) -> None:
        for name in self._names(table):
            rows = [json.loads(line) for line in self._read(name).splitlines()]
            for row in rows:
                if row[key] == at:
                    row[field] = value
            self._put(name, "".join(json.dumps(row) + "\n" for row in rows))

    def drop(self, table: str) -> None:
        for name in self._names(table):
            self.client.delete_object(Bucket=self.bucket, Key=name)

    def close(self) -> None:
        for table in ROWS:
            self.drop(table)
        self.client.delete_bucket(Bucket=self.bucket)

    def _names(self, table: str) -> list[str]:
        said = self.client.list_objects_v2(Bucket=self.bucket, Prefix=f"{table}/")
        return [o["Key"] for o in said.get("Contents", ())]

    def _read(self, name: str) -> str:
        data = self.client.get_object(Bucket=self.bucket, Key=name)["Body"].read()
        return (gzip.decompress(data) if name.endswith(".gz") else data).decode()

    def _put(self, name: str, text: str) -> None:
        data = gzip.compress(text.encode()) if name.endswith(".gz") else text.encode()
        self.client.put_object(Bucket=self.bucket, Key=name, Body=data)
