"""The log of 11 CCR 7101 and the metrics of 7102, from what the road itself left behind."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from chalicelib.domain.decision import Ground
from chalicelib.domain.tally import FEW, Counted
from chalicelib.errors import RequestNotFound
from chalicelib.usecases import answering, following, metrics, records

from .conftest import Office


def test_the_log_says_when_how_what_and_with_what_answer(office: Office) -> None:
    request = office.to_review("access")
    office.clock.forward(timedelta(days=3))
    office.decide(request, "approve")
    entry = records.entry_of(office.svc, office.carry_out(request))
    assert (entry.received, entry.answered) == (date(2026, 11, 2), date(2026, 11, 5))
    assert (entry.right, entry.manner, entry.regime) == ("access", "web", "us-ca-ccpa")
    assert entry.response.startswith("fulfilled")
    assert entry.denied == ()


def test_the_log_names_the_basis_of_a_refusal(office: Office) -> None:
    request = office.to_review("access")
    office.decide(request, "refuse", ground=Ground.SUSPECTED_FRAUD)
    answering.send_answer(office.svc, request.reference)
    entry = records.entry_of(office.svc, office.now(request))
    assert (entry.response, entry.denied) == ("refused: suspected_fraud", ("suspected_fraud",))


def test_the_log_names_the_basis_of_what_was_kept(office: Office) -> None:
    request = office.to_review("deletion")
    office.decide(request, "approve")
    request = office.carry_out(request)
    assert request.in_part
    assert records.entry_of(office.svc, request).denied
    [tally] = office.svc.store.tallies(2026)
    assert tally.outcome is Counted.PART


def test_the_log_has_every_request_once_and_nothing_personal(office: Office) -> None:
    who = office.customers[0]
    requests = [office.file("access", name=who["name"]), office.file("concern", details="About my mare")]
    office.ask_for_proof(requests[1])
    following.withdraw(office.svc, office.link("track"))
    entries = list(records.log(office.svc))
    assert sorted(e.reference for e in entries) == sorted(r.reference for r in requests)
    assert not any(said in repr(entries) for said in (who["email"], who["name"], "mare"))


def test_a_trail_that_was_altered_is_told_apart(office: Office) -> None:
    request = office.file("access")
    office.ask_for_proof(request)
    assert records.broken_at(office.svc, request.reference) is None
    stored = office.svc.store._events[request.reference]  # type: ignore[attr-defined]
    honest = list(stored)
    stored[0] = stored[0].model_copy(update={"by": "staff:dana"})
    assert records.broken_at(office.svc, request.reference) == 1
    stored[:] = honest[:-1]
    assert records.broken_at(office.svc, request.reference) == len(honest)
    with pytest.raises(RequestNotFound):
        records.broken_at(office.svc, "R-0000-0000")


def test_the_metrics_count_what_came_and_hide_what_is_small(office: Office) -> None:
    for n in range(6):
        office.clock.forward(timedelta(days=1))
        office.carry_out(office.file("opt_out", who=office.customers[n % 4], stop=["email"]))
    office.file("access")
    rows = {row["right"]: row for row in metrics.as_rows(metrics.of_year(office.svc, 2026)[0])}
    assert (rows["opt_out"]["received"], rows["opt_out"]["whole"], rows["opt_out"]["median_days"]) == (6, 6, 0)
    assert (rows["access"]["received"], rows["access"]["open"], rows["access"]["mean_days"]) == (FEW, FEW, None)
    assert rows["deletion"]["received"] == 0
    assert metrics.as_csv(metrics.of_year(office.svc, 2026)[0]).splitlines()[0] == ",".join(metrics.COLUMNS)


def test_once_counted_the_metrics_read_no_tally(office: Office) -> None:
    """However many are stored; what came since the daily count waits for the next."""
    for n in range(5):
        office.file("opt_out", who=office.customers[n % 4], stop=["email"])
    assert metrics.count_open_years(office.svc) == {"2024": 0, "2025": 0, "2026": 5}
    counted = office.clock.now()
    office.clock.forward(timedelta(hours=1))
    office.file("opt_out", who=office.customers[0], stop=["post"])
    found, at = metrics.of_year(office.svc, 2026)
    assert ({m.right.value: m.received for m in found}["opt_out"], at) == (5, counted)
    assert metrics.count_open_years(office.svc)["2026"] == 6
    assert {m.right.value: m.received for m in metrics.of_year(office.svc, 2026)[0]}["opt_out"] == 6


def test_an_appeal_is_no_request_more(office: Office) -> None:
    request = office.to_review("access")
    office.decide(request, "refuse", ground=Ground.EXEMPT)
    answering.send_answer(office.svc, request.reference)
    following.appeal(office.svc, office.link("track"), "Please look again")
    assert office.now(request).appealed_by
    assert len(list(office.svc.store.tallies(2026))) == 1


def test_a_tally_holds_nothing_that_leads_to_the_request(office: Office) -> None:
    request = office.file("access")
    [tally] = office.svc.store.tallies(2026)
    assert set(tally.model_dump()) == {"id", "year", "right", "outcome", "days", "month", "late"}
    assert request.reference not in repr(tally)


def test_new_years_eve_counts_where_the_business_is(office: Office) -> None:
    office.clock.at = office.clock.at.replace(year=2027, month=1, day=1, hour=3)
    office.file("access")
    assert len(list(office.svc.store.tallies(2026))) == 1
