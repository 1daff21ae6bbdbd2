"""What a business has on AWS beside its database: the tables and the buckets of its data map, made in moto and filled.

Each log is two files, the older lines gzip and the newest plain, as a business would have them. Leaves to others: the
invented rows (local/data), what the system does with them (chalicelib/sources).
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from chalicelib.domain.datamap import Collection, DataMap, SourceMap
from chalicelib.sources.attributes import plain
from chalicelib.sources.values import one_spelling
from local.aws import ACCOUNT, REGION

ON_AWS = frozenset({"dynamodb", "s3"})
NEWEST = 50
"""Lines of a log that are not packed yet."""
Row = Mapping[str, Any]


def install(datamap: DataMap, rows: Mapping[str, list[Any]]) -> None:
    """Make and fill what is not in the database; `rows` by `source.table`, as local/data has them, or none."""
    for name, source in datamap.sources.items():
        if source.kind not in ON_AWS:
            continue
        theirs = {table.partition(".")[2]: of_it for table, of_it in rows.items() if table.startswith(f"{name}.")}
        (_tables if source.kind == "dynamodb" else _logs)(source, theirs)


def contents(datamap: DataMap) -> dict[str, list[dict[str, Any]]]:
    """All that is there now, by `source.table`, read past the sources: for those who check them from outside."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, source in datamap.sources.items():
        for collection, said in source.collections.items() if source.kind in ON_AWS else ():
            table = said.table or collection
            read = _items if source.kind == "dynamodb" else _lines
            found[f"{name}.{table}"] = list(read(source, table))
    return found


def _client(service: str) -> Any:
    import boto3

    return boto3.client(service)


def _tables(source: SourceMap, rows: Mapping[str, list[Row]]) -> None:
    from moto.dynamodb.models import dynamodb_backends

    collections = {c.table or name: c for name, c in source.collections.items()}
    for table in dict.fromkeys([*collections, *rows]):
        collection, of_it = collections.get(table), rows.get(table, [])
        key = collection.key if collection else (next(iter(of_it[0])),)
        _create(source.where + table, key, collection, of_it[0] if of_it else {})
        copies = _copies(collection) if collection else {}
        there = dynamodb_backends[ACCOUNT][REGION].get_table(source.where + table)
        for row in of_it:  # put where moto keeps it: by the front door it would be a third of a second
            there.put_item(_item(row, copies))


def _create(table: str, key: Iterable[str], collection: Collection | None, row: Row) -> None:
    lookups = collection.lookup if collection else {}
    asked = {lookup.attribute or field: lookup.index for field, lookup in lookups.items()}
    indexes = [
        {
            "IndexName": index, "KeySchema": [{"AttributeName": attribute, "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
        for attribute, index in asked.items()
    ]  # fmt: skip
    types = [{"AttributeName": k, "AttributeType": "N" if isinstance(row.get(k), int) else "S"} for k in [*key, *asked]]
    _client("dynamodb").create_table(
        TableName=table, BillingMode="PAY_PER_REQUEST", AttributeDefinitions=types,
        KeySchema=[{"AttributeName": k, "KeyType": t} for k, t in zip(key, ("HASH", "RANGE"), strict=False)],
        **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
    )  # fmt: skip


def _copies(collection: Collection) -> dict[str, tuple[str, str]]:
    """Attribute to the field that it says in one spelling, and what kind of identifier that is."""
    kinds = {field: kind for kind, field in collection.identity.items()}
    return {k.attribute: (field, kinds.get(field, "")) for field, k in collection.lookup.items() if k.attribute}


def _item(row: Row, copies: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    said = dict(row) | {copy: one_spelling(kind, row[field]) or None for copy, (field, kind) in copies.items()}
    return {name: _raw(value) for name, value in said.items() if value is not None}


def _raw(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BOOL": value}
    return {"N": str(value)} if isinstance(value, int) else {"S": _text(value)}


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)  # a datetime is a date


def _logs(source: SourceMap, rows: Mapping[str, list[Row]]) -> None:
    s3 = _client("s3")
    s3.create_bucket(Bucket=source.where)
    for table in dict.fromkeys([*(c.table or name for name, c in source.collections.items()), *rows]):
        lines = [json.dumps(row, default=_text) + "\n" for row in rows.get(table, ())]
        packed = gzip.compress("".join(lines[:-NEWEST]).encode(), 1)
        s3.put_object(Bucket=source.where, Key=f"{table}/archive.jsonl.gz", Body=packed)
        s3.put_object(Bucket=source.where, Key=f"{table}/current.jsonl", Body="".join(lines[-NEWEST:]).encode())


def _items(source: SourceMap, table: str) -> Iterable[dict[str, Any]]:
    for page in _client("dynamodb").get_paginator("scan").paginate(TableName=source.where + table):
        for item in page["Items"]:
            yield {name: plain(raw) for name, raw in item.items()}


def _lines(source: SourceMap, table: str) -> Iterable[dict[str, Any]]:
    s3 = _client("s3")
    for said in s3.list_objects_v2(Bucket=source.where, Prefix=f"{table}/").get("Contents", ()):
        data = s3.get_object(Bucket=source.where, Key=said["Key"])["Body"].read()
        text = gzip.decompress(data) if said["Key"].endswith(".gz") else data
        yield from map(json.loads, text.splitlines())
