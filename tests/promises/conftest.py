"""One running system per business, the real one: its pages, its mails, its PostgreSQL. Each test walks one promise."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import jwt
import psycopg
import pytest
from psycopg.rows import dict_row

from chalicelib.usecases.one_click import mint_stop_token
from local.serving import serving
from local.walk import Lost, Walker

MEMBER_KEY = "the tests sign members in with this key"
STOP_KEY = b"mailers of tests know this key!!"
Snapshot = dict[str, dict[Any, dict[str, Any]]]
"""Every row of every table of a business, by table and primary key."""

KEYS = {"member": MEMBER_KEY.encode(), "stop": STOP_KEY}
"""The keys that the business's own mailer and member page share with the desk."""


@dataclass
class Desk:
    """A business at work, and its visitor."""

    walk: Walker
    run: dict[str, Any]
    output: Path
    """All that the system has printed."""
    used: set[str] = field(default_factory=set)
    """Addresses of customers whom a test has taken for itself."""

    @property
    def customers(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.run["customers"]
        return found

    def rows(self, sql: str, *args: Any) -> list[dict[str, Any]]:
        """What stands in the business's own database now."""
        with psycopg.connect(self.run["database_url"], row_factory=dict_row) as connection:
            return list(connection.execute(sql, args))

    def execute(self, sql: str, *args: Any) -> None:
        with psycopg.connect(self.run["database_url"]) as connection:
            connection.execute(sql, args)

    def today(self) -> date:
        """The business's database's day."""
        day: date = self.rows("SELECT current_date AS today")[0]["today"]
        return day

    def snapshot(self) -> Snapshot:
        """All that the business holds about everybody, to compare with later."""
        tables = self.rows(
            "SELECT table_schema || '.' || table_name AS name FROM information_schema.tables"
            " WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')"
        )
        with psycopg.connect(self.run["database_url"], row_factory=dict_row) as connection:
            return {
                name: {next(iter(row.values())): row for row in connection.execute(f"SELECT * FROM {name}")}
                for name in sorted(table["name"] for table in tables)
            }

    def touched(self, before: Snapshot) -> dict[str, set[Any]]:
        """The rows that are no longer as they were: changed, gone or new; by table."""
        now = self.snapshot()
        found = {
            table: {
                key for key in before[table].keys() | now[table].keys() if before[table].get(key) != now[table].get(key)
            }
            for table in before
        }
        return {table: keys for table, keys in found.items() if keys}

    def member_token(self, email: str, *, signed_in_ago: float = 0) -> str:
        """What the business's own member page hands to somebody who has just signed in there."""
        now = time.time()
        claims = {"email": email, "aud": self.run["business"], "exp": now + 300, "auth_time": now - signed_in_ago}
        return jwt.encode(claims, MEMBER_KEY, "HS256")

    def stopped(self, email: str, *scopes: str) -> set[str]:
        """What the business's own mailer hears when it asks, before a mail, which of these are stopped."""
        token = mint_stop_token(STOP_KEY, email, scopes)
        return set(self.walk.get(f"/stop/{token}", Accept="application/json").json()["stopped"])

    def signed_in_staff(self, email: str) -> dict[str, str]:
        """The header with which this member of staff is known, after the mailed link."""
        self.walk.post("/staff/sign-in", {"email": email})
        opened = self.walk.post(self.walk.link(email, "staff/sign-in"), {})
        return {"Cookie": opened.headers["set-cookie"].split(";")[0]}

    def staff_file(self, staff: str, **fields: str) -> str:
        """What staff enter for somebody who called or wrote: its reference."""
        answer = self.walk.post("/staff/requests/new", fields, **self.signed_in_staff(staff))
        if answer.status != 303:
            raise Lost(f"filing for a caller gave {answer.status}: {answer.text[:300]}")
        return answer.headers["location"].rpartition("reference=")[2]

    def filed_and_proven(self, right: str, who: dict[str, Any], **fields: Any) -> tuple[str, str]:
        """A request filed and proven with the right answers: its reference and its tracker link."""
        reference = self.walk.file(right, who["email"], **fields)
        self.walk.prove(who["email"], reference, who["answers"])
        return reference, self.walk.link(who["email"], "track", reference)

    def answered(
        self, right: str, who: dict[str, Any], *, explanation: str = "", **fields: Any
    ) -> tuple[str, dict[str, Any]]:
        """A request walked to its end, approved by staff: its reference and what the tracker says then."""
        reference, track = self.filed_and_proven(right, who, **fields)
        more = {"explanation": explanation} if explanation else {}
        self.walk.decide(self.walk.reviewer(reference), reference, "approve", **more)
        return reference, self.walk.until(track)


@pytest.fixture(scope="module")
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The business that the test's module names in BUSINESS."""
    output = tmp_path_factory.mktemp("desk") / "output.txt"
    keys = {"RIGHTSDESK_MEMBER_KEY": MEMBER_KEY, "RIGHTSDESK_STOP_KEY": STOP_KEY.decode()}
    with serving(request.module.BUSINESS, output=output, **keys) as run:
        yield Desk(Walker(run), run, output)
