"""The canary walks the real pages; what fails is told; and nobody can use its exemptions or its approval."""

from __future__ import annotations

import dataclasses
import logging
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from chalice.test import Client

from app import app
from chalicelib import bootstrap
from chalicelib.adapters.memory import MemoryInbox
from chalicelib.businesses.model import Canary
from chalicelib.domain.request import Personal, Right
from chalicelib.domain.status import Status
from chalicelib.domain.walk import Walk
from chalicelib.errors import LimitReached, RequestNotFound, ServiceUnavailable
from chalicelib.links import token_hash
from chalicelib.ports import Seen
from chalicelib.usecases import answering, canary, fulfilment, intake, records, review, upkeep, verification
from chalicelib.usecases.unproven import UNPROVEN_A_DAY

from .conftest import BASE, Office

EMAIL = "jeffers-canary@example.com"


class Pages:
    """See ports.Visitor: the real pages, without a network. `fault` is raised instead, if set."""

    def __init__(self, office: Office, client: Client) -> None:
        self.office, self.client = office, client
        self.fault: Exception | None = None
        self.asked: list[str] = []

    def get(self, path: str) -> Seen:
        return self._seen("get", path, {})

    def post(self, path: str, fields: Mapping[str, str]) -> Seen:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._seen("post", path, {"body": urlencode(fields).encode(), "headers": kind})

    def _seen(self, verb: str, path: str, more: dict[str, Any]) -> Seen:
        self.asked.append(f"{verb} {path}")
        if self.fault:
            raise self.fault
        with bootstrap.override(self.office.svc):
            answer = getattr(self.client.http, verb)(path, **more)
        return Seen(answer.status_code, answer.headers.get("Location", ""), answer.body.decode())


@pytest.fixture
def pages(office: Office) -> Iterator[Pages]:
    with Client(app) as client:
        yield Pages(office, client)


@pytest.fixture
def told() -> Iterator[list[logging.LogRecord]]:
    """What was logged and measured."""
    ours, heard = logging.getLogger("rightsdesk"), list[logging.LogRecord]()
    handler, before = logging.Handler(), ours.level
    handler.emit = heard.append  # type: ignore[method-assign]
    ours.addHandler(handler)
    ours.setLevel("INFO")
    yield heard
    ours.removeHandler(handler)
    ours.setLevel(before)


def failed(told: list[logging.LogRecord]) -> list[float]:
    return [r.emf["CanaryFailed"] for r in told if "CanaryFailed" in getattr(r, "emf", {})]  # type: ignore[attr-defined]


def deliver(office: Office, pages: Pages, raw: bytes) -> str:
    """As SES does: the raw mail where only the canary reads, then its event."""
    mails = MemoryInbox()
    mails.mails["one"] = raw
    event = {"Records": [{"ses": {"mail": {"messageId": "one", "timestamp": "2026-11-02T17:00:00Z"}, "receipt": {}}}]}
    [word] = canary.receive(office.svc, pages, mails, event)
    assert mails.mails == {}
    return word


def newest(office: Office) -> bytes:
    return bytes(next(s.message for s in reversed(office.mailer.sent) if s.to == EMAIL))


def reference(office: Office) -> str:
    walk = office.svc.store.walk()
    assert walk
    assert walk.reference
    return walk.reference


def proven(office: Office, pages: Pages) -> Any:
    assert canary.begin(office.svc, pages) == "mail"
    request = office.svc.store.get(reference(office))
    verification.ask_for_proof(office.svc, request.reference, office.workflow.wait_for("proof"))
    assert deliver(office, pages, newest(office)) == "proven"
    office.gather(request)
    return request


def answered(office: Office, request: Any) -> None:
    if office.now(request).status is Status.GATHERING:
        review.ask_staff(office.svc, request.reference, office.workflow.wait_for("decision"))
    fulfilment.begin(office.svc, request.reference)
    for source in office.svc.sources:
        fulfilment.fulfil_source(office.svc, request.reference, source)
    answering.send_answer(office.svc, request.reference)


def with_rows(office: Office, *keys: str) -> None:
    """A synthetic customer in the shop, of whom the business's file names the rows with these keys."""
    theirs = office.customers[0]["email"]
    unlike = {"id": 990001, "email": EMAIL, "phone": None, "customer_number": "C-CANARY", "order_number": "C-0001"}
    for table in ("shop.accounts", "shop.orders"):
        row = next(r for r in office.tables[table] if r["email"] == theirs)
        office.tables[table].append({name: unlike.get(name, value) for name, value in row.items()})
    account, order = office.tables["shop.accounts"][-1], office.tables["shop.orders"][-1]
    answers = {"postcode": account["postcode"], "order_number": "C-0001", "order_total": str(order["total"])}
    rows = {place: tuple((key,) for key in keys) for place in ("shop.accounts", "shop.orders")}
    business = office.svc.business.model_copy(update={"canary": Canary(email=EMAIL, rows=rows, answers=answers)})
    office.svc = dataclasses.replace(office.svc, business=business)


def test_it_walks_from_the_form_to_the_answer(office: Office, pages: Pages, told: list[logging.LogRecord]) -> None:
    request = proven(office, pages)
    answered(office, request)
    assert office.now(request).status is Status.FULFILLED
    office.clock.forward(timedelta(minutes=2))
    assert deliver(office, pages, newest(office)) == "done"
    assert failed(told) == [0]
    assert canary.look(office.svc) == "well"
    assert pages.asked[:3] == [
        "get /requests/new?right=access",
        "post /requests",
        "get /requests/received?right=access",
    ]
    assert EMAIL not in "".join(pages.asked)


def test_a_walk_is_in_no_limit_no_metric_and_no_log_and_is_purged_soon(
    office: Office, pages: Pages, told: list[logging.LogRecord]
) -> None:
    for _ in range(UNPROVEN_A_DAY + 2):
        canary.begin(office.svc, pages)
    request = proven(office, pages)
    answered(office, request)
    stored = office.now(request)
    assert stored.synthetic
    assert (stored.year, stored.tally_id, stored.nth, stored.quiet) == (None, "", 0, False)
    assert list(office.svc.store.tallies(office.svc.now().year)) == []
    assert list(records.log(office.svc)) == []
    office.clock.forward(timedelta(days=31))
    upkeep.purge_due(office.svc)
    upkeep.purge_due(office.svc)
    with pytest.raises(RequestNotFound):
        office.now(request)


def test_an_answer_that_comes_before_its_status_is_looked_at_again(office: Office, pages: Pages) -> None:
    request = proven(office, pages)
    early = f"Subject: It is done\r\n\r\n{BASE}/track/{office.link('track', EMAIL)}\r\n".encode()
    with pytest.raises(ServiceUnavailable):
        deliver(office, pages, early)
    answered(office, request)
    assert deliver(office, pages, newest(office)) == "done"


@pytest.mark.parametrize("hours", [2, 6])
def test_a_walk_that_does_not_end_is_told_every_hour(
    office: Office, pages: Pages, told: list[logging.LogRecord], hours: int
) -> None:
    canary.begin(office.svc, pages)
    assert canary.look(office.svc) == "walking"
    for _ in range(hours):
        office.clock.forward(timedelta(hours=1))
        canary.look(office.svc)
    assert failed(told) == [1] * hours
    assert {r.tags["stage"] for r in told if hasattr(r, "tags") and "stage" in r.tags} == {"mail"}


def test_pages_that_are_down_are_told_at_once(office: Office, pages: Pages, told: list[logging.LogRecord]) -> None:
    pages.fault = ServiceUnavailable("down")
    assert canary.begin(office.svc, pages) == "failed: unreachable"
    assert failed(told) == [1]
    pages.fault = None
    assert canary.begin(office.svc, pages) == "mail"


def test_a_business_without_one_has_no_walks(office: Office, pages: Pages) -> None:
    office.svc = dataclasses.replace(office.svc, business=office.svc.business.model_copy(update={"canary": None}))
    assert canary.begin(office.svc, pages) == "none"
    assert pages.asked == []


# -- its approval


def test_rows_named_as_synthetic_are_answered_without_a_person(office: Office, pages: Pages) -> None:
    with_rows(office, "990001")
    request = proven(office, pages)
    review.ask_staff(office.svc, request.reference, office.workflow.wait_for("decision"))
    now = office.now(request)
    assert now.proof.suffices
    assert (now.status, now.reason) == (Status.FULFILLING, "synthetic")
    answered(office, request)
    assert deliver(office, pages, newest(office)) == "done"


@pytest.mark.parametrize("keys", [(), ("990002",)])
def test_any_other_row_under_its_address_is_decided_by_staff(
    office: Office, pages: Pages, keys: tuple[str, ...]
) -> None:
    with_rows(office, *keys)
    request = proven(office, pages)
    review.ask_staff(office.svc, request.reference, office.workflow.wait_for("decision"))
    assert office.now(request).status is Status.IN_REVIEW


def test_typing_its_address_makes_an_ordinary_request_that_staff_decide(office: Office, pages: Pages) -> None:
    with_rows(office, "990001")
    canary.begin(office.svc, pages)
    ordinary = office.file("access", {"email": EMAIL, "residence": None})
    assert not ordinary.synthetic
    assert ordinary.tally_id
    verification.verify(
        office.svc, office.ask_for_proof(ordinary), answers=office.customers[0]["answers"], declared=True, signature="S"
    )
    office.gather(ordinary)
    office.ask_staff(ordinary)
    assert office.now(ordinary).status is Status.IN_REVIEW


def test_its_address_is_limited_as_any_for_everybody_else(office: Office, pages: Pages) -> None:
    canary.begin(office.svc, pages)
    for _ in range(UNPROVEN_A_DAY):
        office.file("access", {"email": EMAIL})
    with pytest.raises(LimitReached):
        office.file("access", {"email": EMAIL})


def test_its_form_counts_once_and_for_nothing_else(office: Office, pages: Pages) -> None:
    page = pages.get("/requests/new?right=access").text
    form = re.search(r'name="form_id" value="([\w-]+)"', page)
    assert form
    noted = token_hash(form[1])

    def filed(right: str = "access", **typed: Any) -> bool:
        personal = Personal(**{"email": EMAIL, **typed})
        return intake.file_request(office.svc, Right(right), personal, form=noted).synthetic

    assert not filed()
    office.svc.store.put_walk(Walk(begun_at=office.svc.now(), form=noted))
    assert not filed(email=office.customers[0]["email"])
    assert not filed(identifier="1", identifier_kind="customer_number")
    assert not filed("deletion")
    assert filed()
    assert not filed()


# -- its mails


def test_a_forged_mail_leads_it_nowhere(office: Office, pages: Pages) -> None:
    victim = office.file("access")
    stolen = office.ask_for_proof(victim)
    canary.begin(office.svc, pages)
    verification.ask_for_proof(office.svc, reference(office), office.workflow.wait_for("proof"))
    before = list(pages.asked)
    for text in (
        f"{BASE}/verify/{stolen}",
        f"https://evil.example/verify/{stolen}",
        f"{BASE}/verify/{'x' * 43}",
        f"{BASE}.evil.example/verify/{'x' * 43}",
        "",
    ):
        assert deliver(office, pages, f"Subject: {reference(office)}\r\n\r\n{text}\r\n".encode()) == "ignored"
    assert pages.asked == before
    assert office.now(victim).status is Status.VERIFYING


def test_a_mail_delivered_twice_proves_once(office: Office, pages: Pages) -> None:
    proven(office, pages)
    before = len(pages.asked)
    assert deliver(office, pages, newest(office)) == "ignored"
    assert len(pages.asked) == before
