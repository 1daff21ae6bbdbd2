"""Export of very many records of one person: the real source, parts, package; time and memory of the process.

SQLite in a temporary folder as the business's database, parts and package on disk in place of S3: what is measured is
ours, not a network's. The export runs in a process of its own, so that its peak memory is its own.
Leaves to others: small requests (starts, roads).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.figures import Figure

RECORDS = 1_000_000


def export() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        _python("fill", folder)
        said = json.loads(_python("run", folder))
    spread = {k: said[k] for k in ("parts s", "package s", "CPU s", "package MiB")}
    return [
        Figure("export of 1,000,000 records", said["rate"], "records/s", 30_000, more=True, spread=spread),
        Figure("its memory at most", said["peak MiB"], "MiB", 300),
        Figure("gather and plan 1,000,000 records", said["gather rate"], "records/s"),
    ]


def _python(*arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "bench.export", *arguments], stdout=subprocess.PIPE, text=True, check=True
    ).stdout  # fmt: skip


def fill(folder: Path) -> None:
    """One person beside another: an account, 250,000 orders of 260,000, their three lines each but for one."""
    import sqlite3

    database = sqlite3.connect(folder / "shop.db")
    database.executescript(
        """CREATE TABLE members (id INTEGER PRIMARY KEY, email TEXT, name TEXT);
        CREATE TABLE orders (id INTEGER PRIMARY KEY, member_id INTEGER, ordered_on TEXT, total TEXT, state TEXT);
        CREATE TABLE lines (id INTEGER PRIMARY KEY, order_id INTEGER, what TEXT, price TEXT, note TEXT);
        INSERT INTO members VALUES (1, 'ann@example.com', 'Ann Ames'), (2, 'bob@example.com', 'Bob Ball');
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 260000)
        INSERT INTO orders SELECT i, CASE WHEN i % 26 = 0 THEN 2 ELSE 1 END,
            date('2015-01-01', (i % 4000) || ' days'), (i % 9000) / 100.0, 'sent' FROM n;
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 780000)
        INSERT INTO lines SELECT i, (i - 1) / 3 + 1, 'Fly mask, size ' || (i % 7), (i % 9000) / 100.0,
            'Left by the gate, please ring ' || (i % 1000) FROM n;
        CREATE INDEX by_email ON members (lower(email)); CREATE INDEX by_member ON orders (member_id);
        CREATE INDEX by_order ON lines (order_id);
        DELETE FROM lines WHERE id = 1;
        ANALYZE"""
    )
    database.close()


def run(folder: Path) -> dict[str, float]:
    """Gather, then export in Lambda's way; what it took."""
    import resource  # no such thing on Windows

    from bench.export_world import world
    from chalicelib.usecases import fulfilment, gathering, packing, paging

    svc, request, decided = world(folder)
    began = time.perf_counter()
    gathering.gather_source(svc, request.reference, "shop")
    gathered = time.perf_counter()
    request = decided(svc, request)
    exporting, cpu = time.perf_counter(), time.process_time()
    fulfilment.fulfil_source(svc, request.reference, "shop")
    in_parts = time.perf_counter()
    outcomes = svc.store.outcomes(request.reference)
    packing.pack(svc, request, svc.open(request), outcomes, paging.always)
    ended, cpu = time.perf_counter(), time.process_time() - cpu
    [outcome] = outcomes
    count = sum(n for doings in outcome.done.values() for n in doings.values())
    if count != RECORDS:
        raise AssertionError(f"{count} records")
    return {
        "rate": count / (ended - exporting), "gather rate": count / (gathered - began),
        "parts s": round(in_parts - exporting, 1), "package s": round(ended - in_parts, 1), "CPU s": round(cpu, 1),
        "peak MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "package MiB": round((folder / "package.zip").stat().st_size / 2**20, 1),
    }  # fmt: skip


if __name__ == "__main__":
    what, where = sys.argv[1], Path(sys.argv[2])
    if what == "fill":
        fill(where)
    else:
        print(json.dumps(run(where)))
