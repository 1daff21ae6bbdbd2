"""The app over services in memory: the real use cases, without the machine.

A blueprint can be registered once in a process (Chalice empties its routes as it does so): hence the one app.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import pytest
from chalice.test import Client, HTTPResponse

from app import app
from chalicelib import bootstrap, links
from chalicelib.adapters import memory
from chalicelib.domain.request import Personal, Request, Right, advance
from chalicelib.domain.status import Status
from chalicelib.links import CUSTOMER, Purpose
from chalicelib.services import Services
from chalicelib.sources.memory import MemorySource
from chalicelib.usecases import intake
from tests.web import samples

FORM = "application/x-www-form-urlencoded"
EMAIL = "kim@example.com"


@dataclass
class Desk:
    """A browser in front of the desk, and the services behind it."""

    client: Client
    svc: Services

    def get(self, path: str, **headers: str) -> HTTPResponse:
        return self.client.http.get(path, headers=_headers(headers))

    def post(self, path: str, fields: Any = (), kind: str = FORM, **headers: str) -> HTTPResponse:
        body = fields if isinstance(fields, bytes) else urlencode(fields, doseq=True).encode()
        return self.client.http.post(path, body=body, headers=_headers({"content_type": kind, **headers}))

    @property
    def store(self) -> memory.MemoryStore:
        store = self.svc.store
        assert isinstance(store, memory.MemoryStore)
        return store

    @property
    def mailer(self) -> memory.MemoryMailer:
        mailer = self.svc.mailer
        assert isinstance(mailer, memory.MemoryMailer)
        return mailer

    def file(self, right: Right = Right.ACCESS, *through: Status, **personal: Any) -> Request:
        request = intake.file_request(self.svc, right, Personal(**{"email": EMAIL, **personal}))
        for status in through:
            request, event = advance(request, status, self.svc.now())
            self.svc.store.commit(request, event)
        return request

    def link(self, purpose: Purpose, reference: str | None, person: str = CUSTOMER) -> str:
        token = self.svc.chance.token()
        self.svc.store.put_links([links.mint(token, purpose, person, reference, self.svc.now())])
        return f"/{purpose.value}/{token}"

    def state(self) -> str:
        """Everything stored or sent, to see whether anything changed."""
        held = {k: v for k, v in vars(self.store).items() if "lock" not in k}
        return repr((held, self.mailer.sent, vars(self.svc.workflow).get("started")))


def _headers(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


@pytest.fixture
def desk() -> Iterator[Desk]:
    clock = memory.SetClock(samples.NOW)
    business = samples.business()
    row = {"id": 1, "email": EMAIL, "street": "5 Elm Street", "postcode": "93650", "last_order": "A-1001"}
    svc = replace(
        samples.services(), clock=clock, chance=memory.SteadyChance(), store=memory.MemoryStore(clock),
        vault=memory.MemoryVault(), mailer=memory.MemoryMailer(), workflow=memory.MemoryWorkflow(),
        packages=memory.MemoryPackageStore(), inbox=memory.MemoryInbox(), secrets=memory.MemorySecrets(),
        sources={"shop": MemorySource("shop", business.datamap.sources["shop"], {"customers": [row]})},
    )  # fmt: skip
    with bootstrap.override(svc), Client(app) as client:
        yield Desk(client, svc)
