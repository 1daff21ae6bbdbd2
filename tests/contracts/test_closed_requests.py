"""What becomes of requests that ended: the index of their upkeep, deletion, tallies. Memory and DynamoDB alike."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from chalicelib.adapters import items
from chalicelib.adapters.dynamodb import DynamoStore
from chalicelib.adapters.memory import MemoryStore, SetClock
from chalicelib.domain.plan import Doing, Outcome, OutcomeState
from chalicelib.domain.request import SETTLES_AFTER, Request, Right, advance, amend, reference_from
from chalicelib.domain.status import Status
from chalicelib.domain.tally import Counted, Sum, Sums
from chalicelib.errors import RequestNotFound
from chalicelib.ports import RequestStore, Suppression, Wait

from .made import NOW, filed

numbers = itertools.count(7_000_000)
YEARS = itertools.count(2100)
S = Status


@pytest.fixture
def store(where: str, clock: SetClock, request: pytest.FixtureRequest) -> RequestStore:
    if where == "memory":
        return MemoryStore(clock)
    aws = request.getfixturevalue("aws")
    return DynamoStore(aws.client("dynamodb"), aws.settings["RIGHTSDESK_TABLE"], clock)


@pytest.fixture
def reference() -> str:
    return reference_from(next(numbers))


def ended(store: RequestStore, reference: str, days_ago: int, **facts: object) -> Request:
    """A request withdrawn so long before NOW."""
    request, event = filed(reference, **facts)
    store.create(request, event)
    gone, said = advance(request, S.WITHDRAWN, NOW - timedelta(days=days_ago))
    store.commit(gone, said)
    return gone


def test_what_ended_is_found_by_the_date_of_its_upkeep(store: RequestStore) -> None:
    late, early, later = (reference_from(next(numbers)) for _ in range(3))
    ended(store, late, 4000)
    ended(store, early, 5000)
    ended(store, later, 20)
    due = [r.reference for r in store.closed(due_by=NOW)]
    assert due.index(early) < due.index(late)
    assert later not in due
    assert later in [r.reference for r in store.closed()]
    on_the_day = [r.reference for r in store.closed(due_by=NOW - timedelta(days=20) + SETTLES_AFTER)]
    assert later in on_the_day


def test_what_is_open_or_taken_up_again_is_not_among_them(store: RequestStore, reference: str) -> None:
    request, event = filed(reference)
    store.create(request, event)
    for status in (S.VERIFYING, S.LAPSED):
        request, event = advance(request, status, NOW - timedelta(days=4000))
        store.commit(request, event)
    assert reference in [r.reference for r in store.closed(due_by=NOW)]
    assert reference not in [r.reference for r in store.queue(limit=1000)]
    store.commit(*advance(request, S.RECEIVED, NOW, road=2))
    assert reference not in [r.reference for r in store.closed()]
    assert reference in [r.reference for r in store.queue(limit=1000)]


def test_a_settled_request_waits_for_its_purge(store: RequestStore, reference: str) -> None:
    gone = ended(store, reference, 4000)
    store.commit(*amend(gone, "settled", NOW, purge_at=NOW + timedelta(days=1)))
    assert reference not in [r.reference for r in store.closed(due_by=NOW)]
    assert reference in [r.reference for r in store.closed(due_by=NOW + timedelta(days=1))]


def test_more_than_one_page_is_read(store: RequestStore) -> None:
    wanted = [reference_from(next(numbers)) for _ in range(5)]
    for reference in wanted:
        ended(store, reference, 4000, sealed=bytes(380_000))
    assert set(wanted) <= {r.reference for r in store.closed(due_by=NOW)}


def test_deleted_is_gone_with_all_that_hung_on_it(store: RequestStore, reference: str, where: str) -> None:
    other = reference_from(next(numbers))
    subject = f"subject-{reference}"
    for each in (reference, other):
        ended(store, each, 800, subject_hash=subject)
        store.put_outcome(Outcome(reference=each, source="shop", state=OutcomeState.DONE, sealed=bytes(600_000)))
        store.put_wait(Wait(reference=each, name="proof", token="t", begun_at=NOW))
        store.claim_mail(each, "received", NOW)
    store.suppress([Suppression(hash=subject, scope="email", since=NOW, policy_version="1", key_name="identity")])
    store.delete(reference)
    with pytest.raises(RequestNotFound):
        store.get(reference)
    assert store.events(reference) == []
    assert store.outcomes(reference) == []
    assert store.wait(reference, "proof") is None
    assert store.claim_mail(reference, "received", NOW)
    assert store.of_subject(subject) == [other]
    assert store.get(other).reference == other
    assert store.outcomes(other)
    assert [s.scope for s in store.suppressions(subject)] == ["email"]
    assert reference not in [r.reference for r in store.closed()]
    store.delete(reference)


def test_a_deletion_cut_short_is_found_again(
    store: RequestStore, reference: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not isinstance(store, DynamoStore):
        pytest.skip("in memory it is one step")
    ended(store, reference, 4000, subject_hash=f"s-{reference}")
    write, left = store.table.write, [3]

    def tired(operation: str, **what: object) -> object:
        left[0] -= 1
        if left[0] < 0:
            raise RuntimeError("cut short")
        return write(operation, **what)

    monkeypatch.setattr(store.table, "write", tired)
    store.put_outcome(Outcome(reference=reference, source="shop", state=OutcomeState.DONE))
    with pytest.raises(RuntimeError):
        store.delete(reference)
    monkeypatch.undo()
    assert reference in [r.reference for r in store.closed(due_by=NOW)]
    store.delete(reference)
    assert store.table.family(f"REQ#{reference}") == []


def test_findings_go_and_what_was_done_stays(store: RequestStore, reference: str) -> None:
    for sealed in (bytes(600_000), b"small"):  # the first leaves pieces behind
        done = {"orders": {Doing.DELETE: 2}}
        store.put_outcome(
            Outcome(reference=reference, source="shop", state=OutcomeState.DONE, done=done, sealed=sealed)
        )
    store.drop_findings(reference)
    [left] = store.outcomes(reference)
    assert (left.sealed, left.done) == (b"", {"orders": {Doing.DELETE: 2}})
    if isinstance(store, DynamoStore):
        assert [i["sealed"]["B"] for i in store.table.family(f"REQ#{reference}", "OUTCOME#")] == [b""]
    store.drop_findings(reference)


def test_a_tally_follows_its_request_and_outlives_it(store: RequestStore, reference: str) -> None:
    year = next(YEARS)
    request, event = filed(reference, year=year, tally_id="1f")
    store.create(request, event)
    assert [t.outcome for t in store.tallies(year)] == [Counted.OPEN]
    request, event = advance(request, S.VERIFYING, NOW)
    store.commit(request, event)
    lapsed, event = advance(request, S.LAPSED, NOW)
    store.commit(lapsed, event)
    assert [t.outcome for t in store.tallies(year)] == [Counted.ENDED]
    again, event = advance(lapsed, S.RECEIVED, NOW, road=2)
    store.commit(again, event)
    assert [t.outcome for t in store.tallies(year)] == [Counted.OPEN]
    store.commit(*advance(again, S.WITHDRAWN, NOW))
    store.delete(reference)
    [left] = store.tallies(year)
    assert left.outcome is Counted.ENDED
    assert reference not in str(items.tally_item(left))


def test_what_is_not_counted_has_no_tally(store: RequestStore, reference: str) -> None:
    year = next(YEARS)
    store.create(*filed(reference, year=year))
    assert list(store.tallies(year)) == []


def test_a_year_is_remembered_as_it_was_counted_last(store: RequestStore) -> None:
    year = next(YEARS)
    assert store.sums(year) is None
    for received in (1, 2):
        right = Sum(right=Right.ACCESS, counts={Counted.OPEN: received}, days={3: 1})
        store.put_sums(Sums(year=year, at=NOW, rights=[right]))
    assert store.sums(year) == Sums(year=year, at=NOW, rights=[right])
