"""A person's lines taken out of one large gzip log in S3: how long, and how much memory at most.

A fresh interpreter finds the lines, deletes them, and reads back. S3 is moto's server in a process of its own, so that
the memory measured is the rewriting's alone. Leaves to others: the road.
"""

from __future__ import annotations

import gzip
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from bench.figures import Figure
from local.aws import CREDENTIALS
from local.server import HOST, taken
from local.serving import free_port

UNPACKED = 200 * 1000 * 1000
"""Bytes of the log."""
EVERY = 5_000
"""One line in so many is the person's."""
BUCKET, KEY = "bench-logs", "log/2026.jsonl.gz"
EMAIL = "person0@example.com"
TARGET = 200.0


def rewrite() -> list[Figure]:
    with _s3() as endpoint:
        lines = _fill(_client(endpoint))
        told = subprocess.run(
            [sys.executable, "-m", "bench.rewrite", endpoint], check=True, capture_output=True, text=True
        )
    said = json.loads(told.stdout)
    if said["found"] != -(-lines // EVERY) or said["left"]:
        raise AssertionError(f"found {said['found']} of {lines} lines, left {said['left']}")
    what = f"a gzip log of {UNPACKED // 10**6} MB unpacked, {lines} lines"
    spread = {"find": said["find"], "rewrite": said["carry_out"], "read back": said["not_done"], "lines": said["found"]}
    return [
        Figure("memory, rewriting a log", said["peak"], "MiB", TARGET, spread={"before": said["before"]}),
        Figure(f"rewrite {what}", said["carry_out"], "s", spread=spread),
    ]


@contextmanager
def _s3() -> Iterator[str]:
    port = free_port()
    serve = "import sys; from moto.server import main; main(['-p', sys.argv[1]])"
    with subprocess.Popen([sys.executable, "-c", serve, str(port)], stderr=subprocess.DEVNULL) as server:
        try:
            _until_up(port)
            yield f"http://{HOST}:{port}"
        finally:
            server.terminate()


def _until_up(port: int) -> None:
    ends = time.monotonic() + 30
    while not taken(port):
        if time.monotonic() > ends:
            raise RuntimeError("moto's server does not start")
        time.sleep(0.05)


def _client(endpoint: str) -> Any:
    import boto3

    os.environ.pop("AWS_PROFILE", None)
    os.environ.update(CREDENTIALS)
    return boto3.client("s3", endpoint_url=endpoint)


def _fill(client: Any) -> int:
    """Put the log there; how many lines it has. Written to disk first, so that it weighs little."""
    size = number = 0
    with tempfile.TemporaryFile() as file:
        with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1) as packed:
            while size < UNPACKED:
                row = {
                    "id": number, "email": f"person{number % EVERY}@example.com", "at": f"2026-01-01T00:{number:09}",
                    "event": ("opened", "printed", "exported a file")[number % 3], "minutes": number % 240,
                    "ip_address": f"203.0.113.{number * 7 % 254}", "trace": f"{number * 2654435761 % 2**64:016x}",
                }  # fmt: skip
                size += packed.write(json.dumps(row).encode() + b"\n")
                number += 1
        file.seek(0)
        client.create_bucket(Bucket=BUCKET)
        client.put_object(Bucket=BUCKET, Key=KEY, Body=file)
    return number


def _rewritten(client: Any) -> dict[str, Any]:
    from chalicelib.domain.datamap import SourceMap
    from chalicelib.domain.identity import Identifier
    from chalicelib.domain.plan import Doing, Treatment
    from chalicelib.sources.s3 import S3Source

    names = ("id", "email", "at", "event", "minutes", "ip_address", "trace")
    fields = {name: {"label": name, "category": "user"} for name in names}
    log = {"title": "Log", "format": "jsonl", "identity": {"email": "email"}, "fields": fields}
    said = SourceMap.model_validate({"kind": "s3", "title": "Logs", "where": BUCKET, "collections": {"log": log}})
    source, who = S3Source("logs", said, client), [Identifier.of("email", EMAIL)]
    before, times = _peak(), [time.perf_counter()]
    records = source.find(who)
    times.append(time.perf_counter())
    plan = [
        Treatment(collection=r.collection, key=r.key, fingerprint=r.fingerprint, doing=Doing.DELETE) for r in records
    ]
    source.carry_out(plan)
    times.append(time.perf_counter())
    left = source.not_done(plan)
    times.append(time.perf_counter())
    find, done, back = (round(b - a, 2) for a, b in pairwise(times))
    return {
        "found": len(records), "left": len(left), "find": find, "carry_out": done, "not_done": back,
        "before": before, "peak": _peak(),
    }  # fmt: skip


def _peak() -> float:
    """Resident memory at most so far, MiB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(most / (1024 if sys.platform != "darwin" else 1024 * 1024), 1)


if __name__ == "__main__":
    print(json.dumps(_rewritten(_client(sys.argv[1]))))
