"""What the contract suites of the stores are made of: a stage in moto, requests and links."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.domain.audit import Event
from chalicelib.domain.request import Request, Right, amend
from chalicelib.links import Link, Purpose, mint

NOW = datetime(2026, 11, 2, 17, 0, tzinfo=UTC)


@dataclass
class Aws:
    """moto, mended, with a stage's tables, bucket, key and secret in it."""

    settings: dict[str, str]

    def client(self, service: str, **more: Any) -> Any:
        import boto3

        return boto3.client(service, region_name="us-east-1", **more)


def filed(reference: str, **facts: Any) -> tuple[Request, Event]:
    """A request just received, and its first event."""
    bare = Request(
        reference=reference, right=Right.DELETION, regime="us-ca-ccpa", received_at=NOW,
        due_at=NOW + timedelta(days=45), policy_version="2026-01",
    )  # fmt: skip
    return amend(bare.model_copy(update={"sealed": b"\x00sealed\xff", **facts}), "received", NOW, by="customer")


def link(token: str, reference: str | None = None, purpose: Purpose = Purpose.VERIFY, at: datetime = NOW) -> Link:
    return mint(token, purpose, "customer", reference, at)
