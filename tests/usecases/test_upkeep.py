"""The daily sweep: settled after 30 days, purged after 24 months, and nothing of the person is left."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from chalice.test import Client

from app import app
from chalicelib import bootstrap
from chalicelib.adapters.memory import MemoryPackageStore
from chalicelib.domain.identity import Identifier, IdentifierKind
from chalicelib.domain.request import Request
from chalicelib.domain.status import Status
from chalicelib.domain.tally import Counted
from chalicelib.errors import RequestNotFound, ServiceUnavailable
from chalicelib.usecases import errands, following, gathering, upkeep
from chalicelib.usecases.errands import Errand
from chalicelib.usecases.verification import lapse

from .conftest import Office

MONTH, YEARS = timedelta(days=30, minutes=1), timedelta(days=735)


def answered(office: Office, right: str = "access", **personal: Any) -> Request:
    request = office.to_review(right, **personal)
    office.decide(request, "approve")
    return office.carry_out(request)


def held(office: Office) -> str:
    """Everything that any port still holds, spelt out; expired links and counters as on AWS: gone."""
    store = {k: v for k, v in vars(office.svc.store).items() if k not in ("lock", "clock", "_counts", "_links")}
    return repr((store, vars(office.svc.vault), vars(office.svc.packages)))


def test_nothing_happens_before_its_day(office: Office) -> None:
    request = answered(office)
    office.clock.forward(timedelta(days=29))
    assert upkeep.purge_due(office.svc) == {"settled": 0, "purged": 0, "reminded": 0, "failed": 0}
    assert office.now(request).version == request.version


def test_after_30_days_only_what_the_record_needs_stays_sealed(office: Office) -> None:
    request = answered(office, details="About my mare", identifier="C-1", identifier_kind="customer_number")
    assert gathering.findings(office.svc, request.reference)
    office.clock.forward(MONTH)
    assert upkeep.purge_due(office.svc) == {"settled": 1, "purged": 0, "reminded": 0, "failed": 0}
    kept = office.svc.open(office.now(request))
    assert kept.email == office.customers[0]["email"]
    assert kept.signature == "Signed"
    assert (kept.details, kept.identifier, kept.answers) == (None, None, {})
    assert gathering.findings(office.svc, request.reference) == []
    assert isinstance(office.svc.packages, MemoryPackageStore)
    assert office.svc.packages.parts(request.reference) == []
    with pytest.raises(RequestNotFound):
        office.svc.packages.package_url(request.reference, "x.zip", 60)
    assert upkeep.purge_due(office.svc) == {"settled": 0, "purged": 0, "reminded": 0, "failed": 0}


def test_the_tracker_of_a_settled_deletion_still_says_what_was_kept(office: Office) -> None:
    answered(office, "deletion")
    token = office.link("track")
    before = following.tracker(office.svc, token).kept
    office.clock.forward(MONTH)
    upkeep.purge_due(office.svc)
    assert before
    assert following.tracker(office.svc, token).kept == before


def test_the_record_is_kept_24_months_and_then_purged(office: Office) -> None:
    request = answered(office)
    assert request.subject_hash
    office.clock.forward(MONTH)
    upkeep.purge_due(office.svc)
    office.clock.forward(timedelta(days=695))
    assert upkeep.purge_due(office.svc)["purged"] == 0
    office.clock.forward(timedelta(days=10))
    assert upkeep.purge_due(office.svc) == {"settled": 0, "purged": 1, "reminded": 0, "failed": 0}
    with pytest.raises(RequestNotFound):
        office.svc.store.get(request.reference)
    with pytest.raises(RequestNotFound):
        office.svc.vault.open(request.reference, request.sealed)
    said = held(office)
    assert request.reference not in said
    assert request.subject_hash not in said
    assert [t.outcome for t in office.svc.store.tallies(2026)] == [Counted.WHOLE]
    assert upkeep.purge_due(office.svc) == {"settled": 0, "purged": 0, "reminded": 0, "failed": 0}


def test_a_purged_disclosure_leaves_no_claim_with_the_persons_hash(office: Office) -> None:
    request = office.file("california_disclosure")
    office.prove(request)
    office.gather(request)
    office.ask_staff(request)
    if office.now(request).status is Status.IN_REVIEW:
        office.decide(request, "approve")
    request = office.carry_out(request)
    assert (request.status, bool(request.subject_hash)) == (Status.FULFILLED, True)
    assert str(request.subject_hash) in held(office)
    sweep_to_the_end(office)
    assert str(request.subject_hash) not in held(office)


def sweep_to_the_end(office: Office) -> None:
    for step in (MONTH, YEARS):
        office.clock.forward(step)
        upkeep.purge_due(office.svc)


def test_what_a_person_stopped_survives_the_purge(office: Office) -> None:
    """CET-5: the suppression list holds only a keyed hash, and stays."""
    who = office.customers[0]
    request = office.file("opt_out", stop=["email"])
    request = office.carry_out(request)
    assert request.status is Status.FULFILLED
    sweep_to_the_end(office)
    with pytest.raises(RequestNotFound):
        office.now(request)
    hashed = office.svc.hash(Identifier.of(IdentifierKind.EMAIL, who["email"]))
    assert [s.scope for s in office.svc.store.suppressions(hashed)] == ["email"]


def test_somebody_purged_asks_for_their_links_and_hears_of_none(office: Office) -> None:

    answered(office)
    sweep_to_the_end(office)
    errands.leave(office.svc, Errand.LINKS, office.customers[0]["email"])
    assert "/track/" not in office.text(office.mails()[0])


def test_a_lapsed_request_can_be_reopened_until_it_is_purged(office: Office) -> None:
    request = office.file("correction", corrections=[{"field": "shop.accounts.city", "value": "Newtown"}])
    office.ask_for_proof(request)
    lapse(office.svc, request.reference)
    office.clock.forward(MONTH)
    assert upkeep.purge_due(office.svc)["settled"] == 1
    following.reopen(office.svc, office.link("track"))
    again = office.now(request)
    assert (again.status, again.closed_at, again.purge_at) == (Status.RECEIVED, None, None)
    assert office.svc.open(again).corrections[0].value == "Newtown"
    office.clock.forward(YEARS)
    assert upkeep.purge_due(office.svc) == {"settled": 0, "purged": 0, "reminded": 0, "failed": 0}


def test_a_purge_cut_short_goes_on_the_next_day(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    request, other = answered(office), office.file("opt_out", stop=["post"])
    office.carry_out(other)
    office.clock.forward(MONTH)
    upkeep.purge_due(office.svc)
    office.clock.forward(YEARS)
    forget = office.svc.packages.forget

    def down(reference: str) -> None:
        if reference == request.reference:
            raise ServiceUnavailable("s3")
        forget(reference)

    with monkeypatch.context() as patched:
        patched.setattr(office.svc.packages, "forget", down)
        assert upkeep.purge_due(office.svc) == {"settled": 0, "purged": 1, "reminded": 0, "failed": 1}
    assert upkeep.purge_due(office.svc) == {"settled": 0, "purged": 1, "reminded": 0, "failed": 0}
    assert request.reference not in held(office)


def test_a_run_does_so_many_and_the_next_one_the_rest(office: Office) -> None:
    for scope in ("email", "post", "phone"):
        office.carry_out(office.file("opt_out", stop=[scope]))
    office.clock.forward(MONTH)
    assert upkeep.purge_due(office.svc, most=2)["settled"] == 2
    assert upkeep.purge_due(office.svc, most=2)["settled"] == 1


def test_the_schedule_runs_it(office: Office) -> None:
    request = office.carry_out(office.file("opt_out", stop=["email"]))
    office.clock.forward(MONTH)
    with bootstrap.override(office.svc), Client(app) as client:
        event = client.events.generate_cw_event("aws.events", "Scheduled Event", {}, [])
        done = client.lambda_.invoke("purge_what_is_due", event).payload
    assert done == {"settled": 1, "purged": 0, "reminded": 0, "failed": 0}
    assert office.now(request).purge_at


def test_a_request_whose_key_is_lost_is_purged_in_time_all_the_same(office: Office) -> None:
    request = answered(office)
    office.svc.vault.forget(request.reference)
    office.clock.forward(MONTH)
    assert upkeep.purge_due(office.svc) == {"settled": 1, "purged": 0, "reminded": 0, "failed": 0}
    office.clock.forward(YEARS)
    assert upkeep.purge_due(office.svc) == {"settled": 0, "purged": 1, "reminded": 0, "failed": 0}
    assert request.reference not in held(office)
