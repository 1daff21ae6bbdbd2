"""The business, the request and the disk of the export benchmark: real source, vault and sealing; files for S3."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from chalicelib.adapters.memory import (
    MemoryInbox,
    MemoryMailer,
    MemoryPeers,
    MemorySecrets,
    MemoryStore,
    MemoryVault,
    MemoryWorkflow,
    SetClock,
    SteadyChance,
)
from chalicelib.businesses.loader import load
from chalicelib.config import Settings
from chalicelib.domain.datamap import DataMap
from chalicelib.domain.plan import Outcome
from chalicelib.domain.request import Personal, Request, Right, amend
from chalicelib.domain.status import Status
from chalicelib.errors import RequestNotFound
from chalicelib.ports import PackageStore, Unfinished
from chalicelib.services import Services
from chalicelib.sources.sql import SqlSource, engine_for
from chalicelib.usecases import gathering

REFERENCE = "R-BENC-H000"


class Disk:
    """ports.PackageStore in a folder of one request's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put_part(self, _reference: str, name: str, data: bytes) -> None:
        (self.folder / name.replace("/", "-")).write_bytes(data)

    def part(self, reference: str, name: str) -> bytes:
        try:
            return (self.folder / name.replace("/", "-")).read_bytes()
        except FileNotFoundError:
            raise RequestNotFound(reference) from None

    def write_package(self, _reference: str, _so_far: Unfinished | None = None) -> _File:
        return _File(self.folder / "package.zip")


class _File:
    """Pieces as large as S3's, in memory until they are whole."""

    def __init__(self, path: Path) -> None:
        self._out, self._tail = path.open("wb"), bytearray()

    def write(self, data: bytes) -> None:
        self._tail += data
        if len(self._tail) > 8 * 2**20:
            self._out.write(self._tail)
            self._tail.clear()

    def pause(self) -> Unfinished:
        return Unfinished(tail=bytes(self._tail))

    def finish(self) -> None:
        self._out.write(self._tail)
        self._out.close()


def _collection(title: str, story: str, **more: Any) -> dict[str, Any]:
    fields = {name: {"label": name.replace("_", " ").capitalize(), "category": "user"} for name in more.pop("fields")}
    return {"title": title, "story": story, "fields": fields, **more}


MAP = DataMap.model_validate({"sources": {"shop": {"kind": "sql", "title": "The shop", "collections": {
    "members": _collection("Your account", "you", fields=["id", "email", "name"], identity={"email": "email"}),
    "orders": _collection(
        "Orders", "orders", fields=["id", "member_id", "ordered_on", "total", "state"],
        via={"field": "member_id", "collection": "members", "equals": "id"},
    ),
    "lines": _collection(
        "What you ordered", "orders", fields=["id", "order_id", "what", "price", "note"],
        via={"field": "order_id", "collection": "orders", "equals": "id"},
    ),
}}}})  # fmt: skip


def world(folder: Path) -> tuple[Services, Request, Callable[[Services, Request], Request]]:
    business = load("jeffers").model_copy(update={"datamap": MAP})
    settings = Settings(
        business="jeffers", public_url="https://privacy.example.com", table="t", keys_table="k", kms_key="key",
        packages="p", state_machine="m", secrets="s", database_url="memory:",
    )  # fmt: skip
    clock = SetClock(datetime.now(UTC))
    shop = SqlSource("shop", MAP.sources["shop"], engine_for(f"sqlite:///{folder}/shop.db"))
    secrets = MemorySecrets()
    svc = Services(
        business=business, settings=settings, store=MemoryStore(clock), vault=MemoryVault(), mailer=MemoryMailer(),
        workflow=MemoryWorkflow(), packages=cast(PackageStore, Disk(folder)),
        sources={"shop": shop}, secrets=secrets, clock=clock,
        chance=SteadyChance(), inbox=MemoryInbox(), peers=MemoryPeers(secrets, clock),
    )  # fmt: skip
    return svc, _filed(svc), _decided


def _filed(svc: Services) -> Request:
    svc.vault.begin(REFERENCE)
    personal = Personal(email="ann@example.com", proven_email="ann@example.com")
    bare = Request(
        reference=REFERENCE, right=Right.ACCESS, regime="us-ca-ccpa", received_at=svc.now(), due_at=svc.now(),
        policy_version="2026-01", status=Status.GATHERING, sealed=svc.seal(REFERENCE, personal),
    )  # fmt: skip
    request, event = amend(bare, "received", svc.now(), by="customer")
    svc.store.create(request, event)
    return request


def _decided(svc: Services, request: Request) -> Request:
    """Staff approve what was gathered."""
    outcome: Outcome | None = svc.store.outcome(request.reference, "shop")
    assert outcome
    digest = gathering.opened(svc, outcome).digest
    changed, event = amend(svc.store.get(request.reference), "decided", svc.now(), findings={"shop": digest})
    svc.store.commit(changed, event)
    return changed
