"""The use cases of a whole business in memory: real fakes behind every port, the machine walked by hand."""

from __future__ import annotations

import copy
import email
import email.policy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pytest

from chalicelib.adapters.memory import (
    MemoryInbox,
    MemoryMailer,
    MemoryPackageStore,
    MemoryPeers,
    MemorySecrets,
    MemoryVault,
    MemoryWorkflow,
    SetClock,
    SteadyChance,
)
from chalicelib.adapters.memory_store import MemoryStore
from chalicelib.businesses.loader import load
from chalicelib.config import Settings
from chalicelib.domain.request import Personal, Request, Right
from chalicelib.services import Services
from chalicelib.sources.memory import MemorySource
from chalicelib.usecases import (
    answering,
    errands,
    fulfilment,
    gathering,
    intake,
    recipients,
    review,
    road,
    verification,
)
from local.data import Maker
from local.data import jeffers as data

BASE = "https://privacy.example.com"


@lru_cache(maxsize=1)
def invented() -> tuple[dict[str, list[dict[str, Any]]], list[dict[str, Any]]]:
    rows = data.generate(Maker())
    return rows, [dict(c) for c in data.showcase(rows)]


@dataclass
class Office:
    """Jeffers at work, in memory. The machine is walked by hand: each method is what its states call."""

    svc: Services
    mailer: MemoryMailer
    workflow: MemoryWorkflow
    clock: SetClock
    tables: dict[str, list[dict[str, Any]]]
    customers: list[dict[str, Any]]

    def file(self, right: str, who: dict[str, Any] | None = None, **personal: Any) -> Request:
        who = who or self.customers[0]
        typed = Personal(**{"email": who["email"], "residence": who.get("residence"), **personal})
        return intake.file_request(self.svc, Right(right), typed)

    def ask_for_proof(self, request: Request) -> str:
        verification.ask_for_proof(self.svc, request.reference, self.workflow.wait_for("proof"))
        return self.link("verify")

    def prove(self, request: Request, who: dict[str, Any] | None = None, **answers: str) -> Request:
        given = answers or (who or self.customers[0])["answers"]
        token = self.ask_for_proof(request)
        return verification.verify(self.svc, token, answers=given, declared=True, signature="Signed")

    def gather(self, request: Request) -> None:
        for source in self.svc.sources:
            gathering.gather_source(self.svc, request.reference, source)

    def ask_staff(self, request: Request) -> str:
        token = self.workflow.wait_for("decision")
        review.ask_staff(self.svc, request.reference, token)
        return token

    def to_review(self, right: str, who: dict[str, Any] | None = None, **personal: Any) -> Request:
        """A request proven, gathered and before staff."""
        request = self.file(right, who, **personal)
        self.prove(request, who)
        if right in ("access", "correction", "deletion"):
            self.gather(request)
        self.ask_staff(request)
        return self.now(request)

    def decide(self, request: Request, verdict: str, **more: Any) -> Any:
        plan = self.now(request).plan_hash
        return review.decide(self.svc, self.link("review"), verdict=review.Verdict(verdict), **{"plan": plan, **more})

    def carry_out(self, request: Request) -> Request:
        if not road.refused(self.now(request)):  # as the machine: a refusal is only answered
            fulfilment.begin(self.svc, request.reference)
            for source in self.svc.sources:
                fulfilment.fulfil_source(self.svc, request.reference, source)
            recipients.tell(self.svc, request.reference)
        answering.send_answer(self.svc, request.reference)
        return self.now(request)

    def now(self, request: Request) -> Request:
        return self.svc.store.get(request.reference)

    def mails(self, to: str | None = None) -> list[Any]:
        """Parsed mails, newest first."""
        parsed = [email.message_from_bytes(sent.message, policy=email.policy.default) for sent in self.mailer.sent]
        return [m for m in reversed(parsed) if to is None or to in str(m["To"])]

    def text(self, mail: Any) -> str:
        return str(mail.get_body(("plain",)).get_content())

    def link(self, purpose: str, to: str | None = None) -> str:
        """The token of the newest mailed link of this purpose."""
        for mail in self.mails(to):
            if found := re.search(rf"{BASE}/{purpose}/([\w-]+)", self.text(mail)):
                return found[1]
        raise AssertionError(f"no {purpose} link was mailed")


@pytest.fixture
def office() -> Office:
    business = load("jeffers")
    rows, customers = invented()
    tables = copy.deepcopy(rows)
    clock, mailer, workflow = SetClock(), MemoryMailer(), MemoryWorkflow()
    secrets = MemorySecrets({name: name.encode().ljust(32, b".") for name in ("identity", "stop", "member", "paylark")})
    peers = MemoryPeers(secrets, clock)
    settings = Settings(
        business="jeffers", public_url=BASE, table="t", keys_table="k", kms_key="key", packages="p",
        state_machine="m", secrets="s", database_url="memory:", undo_seconds=3600,
    )  # fmt: skip
    sources = {
        name: MemorySource(
            name, source, {t.split(".")[1]: r for t, r in tables.items() if t.startswith(source.where + ".")}
        )
        for name, source in business.datamap.sources.items()
    }
    svc = Services(
        business=business, settings=settings, store=MemoryStore(clock), vault=MemoryVault(), mailer=mailer,
        workflow=workflow, packages=MemoryPackageStore(), inbox=MemoryInbox(), sources=sources, secrets=secrets,
        peers=peers, clock=clock, chance=SteadyChance(),
    )  # fmt: skip

    made = Office(svc, mailer, workflow, clock, tables, customers)

    def errand(name: str, data: Mapping[str, Any]) -> None:
        if data["start"] == "errand":
            errands.run(made.svc, name, data["errand"], data["sealed"])

    workflow.on_start = errand
    return made
