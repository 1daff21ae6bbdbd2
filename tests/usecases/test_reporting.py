"""A vendor that needs days to say what it holds: asked with an address, it reports once, signed, and only its own."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from chalicelib import wire
from chalicelib.domain.datamap import DataMap, SourceMap
from chalicelib.domain.identity import Identifier
from chalicelib.domain.plan import Record
from chalicelib.domain.request import Request
from chalicelib.domain.status import Status
from chalicelib.errors import CallbackRefused, InvalidRequest, LinkMissing, RequestFrozen, SourceAwaited
from chalicelib.sources.http import HttpSource
from chalicelib.sources.memory import MemorySource
from chalicelib.usecases import awaiting, following, gathering, judging
from local.peers import Answer, Ask, served

from .conftest import Office
from .test_awaiting import begin

HOST, VENDOR = "club.example.com", "loyalty"


@dataclasses.dataclass
class Slow:
    """The loyalty club at a vendor's, who answers 202 to whatever is asked, and remembers it."""

    office: Office
    calls: list[dict[str, Any]]
    held: MemorySource

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        self.calls.append(json.loads(body))
        return 202, "application/json", json.dumps({"id": self.calls[-1]["id"]}).encode()

    def records(self, of: str) -> list[dict[str, Any]]:
        return [self._told(r) for r in self.held.find([Identifier.of("email", of)]).records]

    def _told(self, r: Record) -> dict[str, Any]:
        return {"collection": r.collection, "key": list(r.key), "values": r.values, "version": r.fingerprint}

    def report(self, said: dict[str, Any], *, key: bytes | None = None, token: str | None = None) -> Request:
        asked = next(c for c in reversed(self.calls) if "callback_url" in c)
        body = json.dumps({"id": asked["id"], **said}).encode()
        secret = key or self.office.svc.secrets.get("paylark")
        headers = {n.lower(): v for n, v in wire.signed(secret, body, self.office.clock.now()).items()}
        link = token or asked["callback_url"].rpartition("/")[2]
        return awaiting.report(self.office.svc, link, headers, body)


@pytest.fixture
def vendor(office: Office) -> Iterator[Slow]:
    there: dict[str, Ask] = {}
    told = office.svc.business.datamap.sources[VENDOR].model_dump(mode="json")
    told |= {"kind": "http", "where": f"https://{HOST}/data", "key": "paylark", "not_personal": {}, "through": {}}
    place = SourceMap.model_validate(told)
    business = office.svc.business.model_copy(
        update={"datamap": DataMap(sources={**office.svc.business.datamap.sources, VENDOR: place})}
    )
    held = office.svc.sources[VENDOR]
    assert isinstance(held, MemorySource)
    with served(there) as address:
        source = HttpSource(
            VENDOR, place, wire.Wire(address), office.svc.secrets, office.clock, pause=lambda _: None
        )  # fmt: skip
        sources = {**office.svc.sources, VENDOR: source}
        svc = dataclasses.replace(office.svc, business=business, sources=sources)
        slow = Slow(dataclasses.replace(office, svc=svc), [], held)
        there[HOST] = slow.ask
        yield slow


def waiting(vendor: Slow) -> tuple[Request, str]:
    """An access request that waits for the vendor: everybody else has answered."""
    office = vendor.office
    request = office.file("access")
    office.prove(request)
    for source in office.svc.sources:
        if source != VENDOR:
            gathering.gather_source(office.svc, request.reference, source)
    with pytest.raises(SourceAwaited):
        gathering.gather_source(office.svc, request.reference, VENDOR)
    return office.now(request), begin(office, request, VENDOR)


def test_what_it_reports_after_days_is_found_when_the_machine_goes_on(vendor: Slow) -> None:
    request, wait = waiting(vendor)
    office, who = vendor.office, vendor.office.customers[0]["email"]
    assert wait in office.workflow.waiting
    vendor.report({"status": "done", "records": vendor.records(who)})
    assert wait not in office.workflow.waiting
    gathering.gather_source(office.svc, request.reference, VENDOR)
    office.ask_staff(request)
    planned = judging.current_plan(office.svc, office.now(request))
    found = sum(line.found for line in planned.collections if line.source == VENDOR)
    assert found == len(vendor.records(who)) > 0


def test_it_is_told_only_what_was_proven_and_asked_the_same_when_reminded(vendor: Slow) -> None:
    request, _ = waiting(vendor)
    begin(vendor.office, request, VENDOR, reminder=1)
    asked = [c for c in vendor.calls if "callback_url" in c]
    assert len(asked) == 2
    assert asked[0]["id"] == asked[1]["id"]
    assert asked[0]["callback_url"] != asked[1]["callback_url"]
    assert asked[0]["identities"] == [{"kind": "email", "value": vendor.office.customers[0]["email"].lower()}]


def test_somebody_elses_records_are_refused_and_it_can_report_again(vendor: Slow) -> None:
    """A vendor's mistake, or its malice, puts nobody's data into another's package."""
    request, wait = waiting(vendor)
    office = vendor.office
    mine, other = (office.customers[n]["email"] for n in (0, 1))
    with pytest.raises(InvalidRequest):
        vendor.report({"status": "done", "records": [*vendor.records(mine), *vendor.records(other)]})
    assert wait in office.workflow.waiting
    vendor.report({"status": "done", "records": vendor.records(mine)})
    assert wait not in office.workflow.waiting
    assert office.now(request).answers


@pytest.mark.parametrize("said", [{"status": "done"}, {"status": "done", "records": [1]}])
def test_a_report_without_records_is_no_report_of_none(vendor: Slow, said: dict[str, Any]) -> None:
    waiting(vendor)
    with pytest.raises(InvalidRequest):
        vendor.report(said)


@pytest.mark.parametrize("said", [{"status": "pending"}, {"id": "another", "status": "none"}, {"status": 7}])
def test_a_report_of_something_else_changes_nothing(vendor: Slow, said: dict[str, Any]) -> None:
    request, wait = waiting(vendor)
    with pytest.raises(CallbackRefused):
        vendor.report(said)
    assert wait in vendor.office.workflow.waiting
    assert not vendor.office.now(request).answers


def test_nobody_without_the_key_reports_and_no_made_up_address_is_one(vendor: Slow) -> None:
    request, _ = waiting(vendor)
    with pytest.raises(CallbackRefused):
        vendor.report({"status": "none"}, key=b"z" * 32)
    with pytest.raises(LinkMissing):
        vendor.report({"status": "none"}, token="made-up")
    assert not vendor.office.now(request).answers


def test_the_first_report_stands(vendor: Slow) -> None:
    request, _ = waiting(vendor)
    vendor.report({"status": "none"})
    first = vendor.office.now(request).answers
    vendor.report({"status": "done", "records": vendor.records(vendor.office.customers[0]["email"])})
    assert vendor.office.now(request).answers == first


def test_that_it_cannot_is_shown_to_staff_in_words(vendor: Slow) -> None:
    request, _ = waiting(vendor)
    vendor.report({"status": "failed"})
    gathering.gather_source(vendor.office.svc, request.reference, VENDOR)
    vendor.office.ask_staff(request)
    plan = judging.current_plan(vendor.office.svc, vendor.office.now(request))
    assert plan.failed == {VENDOR: awaiting.REPORTED}


def test_after_that_was_not_me_its_address_is_dead(vendor: Slow) -> None:
    request, _ = waiting(vendor)
    following.not_me(vendor.office.svc, vendor.office.link("track"))
    assert vendor.office.now(request).status is Status.FROZEN
    with pytest.raises((LinkMissing, RequestFrozen)):
        vendor.report({"status": "none"})
    assert not vendor.office.now(request).answers
