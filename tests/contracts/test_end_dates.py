"""A deletion to its very end in the real source: PostgreSQL, (moto's) DynamoDB and KMS, and a clock that is set on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from chalicelib.bootstrap import sources_of
from chalicelib.domain.ledger import EntryKind, EntryState
from chalicelib.usecases import ledger, replaying, staying_gone, upkeep
from local.data import TODAY, install
from tests.usecases.conftest import Office, office

from .test_purge import answered, aws, dump, on_aws

__all__ = ["aws", "office", "on_aws"]

EVERY_ROW = (
    "SELECT table_schema || '.' || table_name AS name FROM information_schema.tables"
    " WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"
)


class Shop:
    """The business's database, seen from beside the desk."""

    def __init__(self, url: str) -> None:
        self.url = url

    def rows(self, sql: str, *args: Any) -> list[dict[str, Any]]:
        with psycopg.connect(self.url, row_factory=dict_row) as connection:
            return list(connection.execute(sql, args))

    def all(self) -> dict[str, list[dict[str, Any]]]:
        names = [r["name"] for r in self.rows(EVERY_ROW)]
        return {name: sorted(self.rows(f"SELECT * FROM {name}"), key=str) for name in names}

    def put(self, table: str, rows: list[dict[str, Any]]) -> None:
        with psycopg.connect(self.url) as connection:
            for row in rows:
                names = ", ".join(row)
                marks = ", ".join(["%s"] * len(row))
                connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row.values()))


@pytest.fixture
def shop(new_database: Callable[[], str]) -> Shop:
    url = new_database()
    install(url, "jeffers")
    return Shop(url)


@pytest.fixture
def desk(on_aws: Office, shop: Shop) -> Office:
    on_aws.clock.at = datetime.combine(TODAY, time(17), UTC)
    return replace(on_aws, svc=replace(on_aws.svc, sources=sources_of(on_aws.svc.business, shop.url)))


def test_deleted_kept_and_erased_at_each_end_date(desk: Office, shop: Shop, aws: Any) -> None:
    before = dump(aws, desk)
    request = answered(desk, "deletion")
    told = desk.text(desk.mails(desk.customers[0]["email"])[0])
    kept = [k for e in desk.svc.store.entries(request.reference) if e.kind is EntryKind.KEPT
            for k in ledger.opened(desk.svc, e).kept]  # fmt: skip
    orders = {int(k.key[0]): k.until for k in kept if k.collection == "orders"}
    assert orders
    assert {r["id"] for r in shop.rows("SELECT id FROM shop.orders WHERE id = ANY(%s)", list(orders))} == set(orders)
    for until in sorted({k.until for k in kept}):
        assert f"{until:%B} {until.day}, {until.year}" in told, "the answer told them this day"
        desk.clock.at = datetime.combine(until, time(23), desk.svc.business.zone)
        staying_gone.keep_up(desk.svc)
        upkeep.purge_due(desk.svc)
        there = {r["id"] for r in shop.rows("SELECT id FROM shop.orders WHERE id = ANY(%s)", list(orders))}
        assert there == {id for id, last in orders.items() if last >= until}
        desk.clock.forward(timedelta(hours=2))
        assert staying_gone.keep_up(desk.svc)["failed"] == 0
        there = {r["id"] for r in shop.rows("SELECT id FROM shop.orders WHERE id = ANY(%s)", list(orders))}
        assert there == {id for id, last in orders.items() if last > until}
    for days in (31, 181, 800):
        desk.clock.forward(timedelta(days=days))
        staying_gone.keep_up(desk.svc)
    left = [row for row in dump(aws, desk) if row not in before]
    assert {row["pk"]["S"].partition("#")[0] for row in left} == {"STOP", "METRICS"}, "nothing leads to anybody"


def test_a_restored_database_is_erased_again(desk: Office, shop: Shop) -> None:
    backup = shop.all()
    request = answered(desk, "deletion")
    since, erased = desk.clock.at - timedelta(minutes=1), shop.all()
    points = [r for r in backup["loyalty.points"] if r not in erased["loyalty.points"]]
    members = [r for r in backup["loyalty.members"] if r not in erased["loyalty.members"]]
    assert points
    assert members
    shop.put("loyalty.members", members)
    shop.put("loyalty.points", points)
    rehearsed = list(replaying.replay(desk.svc, since, rehearse=True))
    assert sum(line.count for one in rehearsed for line in one.found) >= len(points) + len(members)
    assert shop.all()["loyalty.points"] == backup["loyalty.points"], "rehearsed only"
    done = list(replaying.replay(desk.svc, since, rehearse=False))
    assert not [one.failed for one in done if one.failed]
    assert shop.all() == erased
    states = {e.state for e in desk.svc.store.entries(request.reference) if e.kind is EntryKind.GONE}
    assert states == {EntryState.WAITING}
