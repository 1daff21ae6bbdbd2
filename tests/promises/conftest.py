"""One running system per business, the real one: its pages, its mails, its PostgreSQL. Each test walks one promise."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from local.serving import serving
from local.walk import Walker

KEYS = {name: secrets.token_hex(16).encode() for name in ("stop", "member", "check")}
"""The keys that the business's own mailer and member page share with the desk."""


@dataclass
class Desk:
    """A business at work, and its visitor."""

    walk: Walker
    run: dict[str, Any]
    output: Path
    """All that the system prints."""
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

    def places(self) -> dict[str, list[dict[str, Any]]]:
        """What stands in the business's DynamoDB tables and in its logs in S3 now, by `source.table`."""
        found: dict[str, list[dict[str, Any]]] = self.walk.get(f"{self.run['mail_url']}/api/places").json()
        return found

    def execute(self, sql: str, *args: Any) -> None:
        with psycopg.connect(self.run["database_url"]) as connection:
            connection.execute(sql, args)

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
    keys = {f"RIGHTSDESK_{name.upper()}_KEY": key.decode() for name, key in KEYS.items()}
    output = tmp_path_factory.mktemp("desk") / "output.txt"
    with serving(request.module.BUSINESS, output=output, **keys) as run:
        yield Desk(Walker(run), run, output)
