"""The promises of a request store: one transaction for every change, counted once, nothing half done."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from chalicelib.adapters.dynamodb import DynamoStore
from chalicelib.adapters.memory import MemoryStore, SetClock
from chalicelib.domain.audit import first_broken
from chalicelib.domain.plan import Doing, Kept, Outcome, OutcomeState
from chalicelib.domain.request import advance, amend, reference_from
from chalicelib.domain.status import Status
from chalicelib.errors import (
    AlreadyFiled,
    LimitReached,
    LinkExpired,
    LinkMissing,
    MailUncertain,
    RequestChanged,
    RequestNotFound,
)
from chalicelib.links import LIFETIMES, Purpose, token_hash
from chalicelib.ports import Hold, RequestStore, Suppression, Wait

from .made import NOW, filed, link

numbers = itertools.count(1)


@pytest.fixture
def store(where: str, clock: SetClock, request: pytest.FixtureRequest) -> RequestStore:
    if where == "memory":
        return MemoryStore(clock)
    aws = request.getfixturevalue("aws")
    return DynamoStore(aws.client("dynamodb"), aws.settings["RIGHTSDESK_TABLE"], clock)


@pytest.fixture
def reference() -> str:
    return reference_from(next(numbers))


def at_once(acts: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each gave or raised, all started at the same instant."""
    gate = Barrier(len(acts))

    def act(one: Callable[[], Any]) -> Any:
        gate.wait()
        try:
            return one()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(act, acts))


# A request and its events


def test_a_filed_request_is_read_back_whole(store: RequestStore, reference: str) -> None:
    request, event = filed(reference)
    store.create(request, event)
    assert store.get(reference) == request
    assert store.events(reference) == [event]


def test_a_request_without_personal_data_is_read_back_too(store: RequestStore, reference: str) -> None:
    request, event = filed(reference, sealed=b"")
    store.create(request, event)
    assert store.get(reference).sealed == b""


def test_an_unknown_reference_is_not_found(store: RequestStore) -> None:
    with pytest.raises(RequestNotFound):
        store.get("R-0000-0000")
    assert store.events("R-0000-0000") == []


def test_a_taken_reference_is_refused(store: RequestStore, reference: str) -> None:
    store.create(*filed(reference))
    with pytest.raises(RequestChanged):
        store.create(*filed(reference), links=[link(f"taken-{reference}")])
    with pytest.raises(LinkMissing):
        store.link(token_hash(f"taken-{reference}"))


def test_the_same_form_twice_is_one_request_and_nothing_half_stored(store: RequestStore, reference: str) -> None:
    store.create(*filed(reference), once=f"form {reference}")
    second = reference_from(next(numbers))
    with pytest.raises(AlreadyFiled) as refused:
        store.create(*filed(second), once=f"form {reference}", links=[link(f"second-{reference}")])
    assert refused.value.reference == reference
    with pytest.raises(RequestNotFound):
        store.get(second)
    assert store.events(second) == []
    with pytest.raises(LinkMissing):
        store.link(token_hash(f"second-{reference}"))


def test_a_form_sent_twice_at_once_is_one_request(store: RequestStore, reference: str) -> None:
    tries = [reference_from(next(numbers)) for _ in range(8)]
    results = at_once([lambda r=r: store.create(*filed(r), once=f"form {reference}") for r in tries])
    assert results.count(None) == 1
    winner = tries[results.index(None)]
    assert all(isinstance(e, AlreadyFiled) and e.reference == winner for e in results if e is not None)


def test_a_form_is_forgotten_in_the_end(store: RequestStore, clock: SetClock, reference: str) -> None:
    store.create(*filed(reference), once=f"form {reference}")
    clock.forward(timedelta(days=31))
    store.create(*filed(reference_from(next(numbers))), once=f"form {reference}")


def test_a_change_is_stored_with_its_event_and_its_links(store: RequestStore, reference: str) -> None:
    request, event = filed(reference)
    store.create(request, event)
    changed, said = advance(request, Status.VERIFYING, NOW)
    new = link(f"change-{reference}", reference)
    store.commit(changed, said, links=[new])
    assert store.get(reference) == changed
    assert store.events(reference) == [event, said]
    assert store.link(new.hash) == new


def test_a_change_of_an_old_version_leaves_nothing(store: RequestStore, reference: str) -> None:
    request, event = filed(reference)
    old = link(f"old-{reference}", reference)
    store.create(request, event, links=[old])
    store.commit(*advance(request, Status.VERIFYING, NOW))
    with pytest.raises(RequestChanged):
        store.commit(*advance(request, Status.WITHDRAWN, NOW), links=[link(f"new-{reference}")], spend=old)
    assert store.get(reference).status is Status.VERIFYING
    assert len(store.events(reference)) == 2
    assert store.link(old.hash).used_at is None
    with pytest.raises(LinkMissing):
        store.link(token_hash(f"new-{reference}"))


def test_a_change_of_a_request_never_filed_is_refused(store: RequestStore, reference: str) -> None:
    request, _ = filed(reference)
    with pytest.raises(RequestChanged):
        store.commit(*advance(request, Status.VERIFYING, NOW))


def test_eight_at_once_make_one_change_and_one_event(store: RequestStore) -> None:
    """Rule 2, thirty times over, while others write elsewhere in the table."""
    for _ in range(30):
        reference, other = reference_from(next(numbers)), reference_from(next(numbers))
        request, event = filed(reference)
        store.create(request, event)
        acts = [
            lambda who=who, request=request: store.commit(
                *advance(request, Status.VERIFYING, NOW, by=f"staff:{who}"), links=[link(f"{who}-{request.reference}")]
            )
            for who in range(8)
        ]
        results = at_once([*acts, lambda other=other: store.create(*filed(other))])
        assert results.pop() is None
        assert results.count(None) == 1
        assert all(isinstance(error, RequestChanged) for error in results if error is not None)
        winner = results.index(None)
        events = store.events(reference)
        assert [e.by for e in events] == ["customer", f"staff:{winner}"]
        assert first_broken(events) is None
        for who in range(8):
            if who == winner:
                assert store.link(token_hash(f"{who}-{reference}"))
            else:
                with pytest.raises(LinkMissing):
                    store.link(token_hash(f"{who}-{reference}"))
        assert store.get(other).reference == other


def test_many_events_stay_in_order_and_whole(store: RequestStore, reference: str) -> None:
    request, event = filed(reference)
    store.create(request, event)
    for n in range(30):
        request, event = amend(request, f"note-{n}", NOW + timedelta(minutes=n))
        store.commit(request, event)
    events = store.events(reference)
    assert [e.number for e in events] == list(range(1, 32))
    assert first_broken(events) is None


def test_the_queue_shows_what_is_open_due_first(store: RequestStore) -> None:
    early, late, done = (reference_from(next(numbers)) for _ in range(3))
    store.create(*filed(late, due_at=NOW - timedelta(days=8000)))
    store.create(*filed(early, due_at=NOW - timedelta(days=8500)))
    ended, event = filed(done, due_at=NOW - timedelta(days=9000))
    store.create(ended, event)
    store.commit(*advance(ended, Status.WITHDRAWN, NOW))
    shown = [r.reference for r in store.queue()]
    assert done not in shown
    assert shown.index(early) < shown.index(late)
    assert [r.reference for r in store.queue(limit=1)] == [shown[0]]
    assert store.queue(limit=1)[0].sealed == b"\x00sealed\xff"


def test_the_queue_shows_an_answer_until_it_is_posted(store: RequestStore) -> None:
    reference = reference_from(next(numbers))
    request, event = filed(reference, due_at=NOW - timedelta(days=9500))
    store.create(request, event)
    ended, event = advance(request, Status.WITHDRAWN, NOW, to_post=True)
    store.commit(ended, event)
    assert reference in {r.reference for r in store.queue()}
    store.commit(*amend(ended, "posted", NOW, to_post=False))
    assert reference not in {r.reference for r in store.queue()}


# What hangs on a request


def test_one_outcome_per_source_the_last_one(store: RequestStore, reference: str) -> None:
    kept = Kept(ground="tax", law="a law", until=NOW.date())
    for source in ("shop", "crm", "shop"):
        store.put_outcome(Outcome(reference=reference, source=source, state=OutcomeState.FOUND))
    last = Outcome(
        reference=reference, source="shop", state=OutcomeState.DONE, done={"orders": {Doing.BLANK: 2}},
        kept=[("orders", kept, 2)], sealed=b"\xfe\x00",
    )  # fmt: skip
    store.put_outcome(last)
    outcomes = store.outcomes(reference)
    assert [o.source for o in outcomes] == ["crm", "shop"]
    assert outcomes[1] == last
    assert store.outcome(reference, "shop") == last
    assert store.outcome(reference, "sho") is None


def test_a_large_outcome_is_whole_and_a_small_one_after_it_too(store: RequestStore, reference: str) -> None:
    """A person of many years has more than one item of DynamoDB holds."""
    for sealed in (bytes(range(256)) * 6000, b"small", b""):
        store.put_outcome(Outcome(reference=reference, source="shop", state=OutcomeState.FOUND, sealed=sealed))
        store.put_outcome(Outcome(reference=reference, source="shop-2", state=OutcomeState.FOUND, sealed=b"other"))
        assert {o.source: o.sealed for o in store.outcomes(reference)} == {"shop": sealed, "shop-2": b"other"}
        one = store.outcome(reference, "shop")
        assert one is not None
        assert one.sealed == sealed


def test_a_wait_is_found_by_name(store: RequestStore, reference: str) -> None:
    wait = Wait(reference=reference, name="decision", token="t" * 600, begun_at=NOW)
    assert store.wait(reference, "decision") is None
    store.put_wait(wait)
    assert store.wait(reference, "decision") == wait


# Links


def test_a_link_is_spent_once_however_many_try(store: RequestStore, reference: str) -> None:
    request, event = filed(reference)
    one_use = link(f"once-{reference}", reference)
    store.create(request, event, links=[one_use])
    changed, said = advance(request, Status.VERIFYING, NOW)
    store.commit(changed, said, spend=one_use)
    assert store.link(one_use.hash).used_at == NOW
    with pytest.raises(RequestChanged):
        store.commit(*amend(changed, "again", NOW), spend=one_use)
    assert len(store.events(reference)) == 2


def test_a_link_nobody_stored_is_not_spent(store: RequestStore, reference: str) -> None:
    request, event = filed(reference)
    store.create(request, event)
    with pytest.raises(RequestChanged):
        store.commit(*advance(request, Status.VERIFYING, NOW), spend=link(f"never-{reference}"))


def test_a_dead_link_says_so_for_a_month_and_is_gone_then(store: RequestStore, clock: SetClock, reference: str) -> None:
    dead = link(f"dead-{reference}")
    store.put_links([dead])
    clock.forward(LIFETIMES[Purpose.VERIFY] + timedelta(days=1))
    with pytest.raises(LinkExpired):
        store.link(dead.hash).check(Purpose.VERIFY, clock.now())
    clock.forward(timedelta(days=30))
    with pytest.raises(LinkMissing):
        store.link(dead.hash)


# Mails


def test_a_mail_is_claimed_by_one(store: RequestStore, reference: str) -> None:
    results = at_once([lambda: store.claim_mail(reference, "received", NOW)] * 10)
    assert results.count(True) == 1
    assert all(r is True or isinstance(r, MailUncertain) for r in results)
    store.mail_sent(reference, "received", "id-1")
    assert store.claim_mail(reference, "received", NOW) is False
    store.release_mail(reference, "received")
    assert store.claim_mail(reference, "received", NOW) is False


def test_a_mail_that_did_not_leave_is_claimed_again(store: RequestStore, reference: str) -> None:
    assert store.claim_mail(reference, "answer", NOW)
    store.release_mail(reference, "answer")
    assert store.claim_mail(reference, "answer", NOW)
    assert store.claim_mail(reference, "another", NOW)


def test_mails_of_which_nobody_knows_are_claimed_again_once_staff_say_so(store: RequestStore, reference: str) -> None:
    assert store.claim_mail(reference, "answer", NOW)
    assert store.claim_mail(reference, "notice", NOW)
    store.mail_sent(reference, "notice", "id-1")
    assert store.claim_mail(f"{reference}-other", "answer", NOW)
    store.release_uncertain(reference)
    assert store.claim_mail(reference, "answer", NOW)
    assert store.claim_mail(reference, "notice", NOW) is False
    with pytest.raises(MailUncertain):
        store.claim_mail(f"{reference}-other", "answer", NOW)


# Counters and claims


def test_forty_at_once_count_to_the_limit_and_no_further(store: RequestStore, reference: str) -> None:
    ends = NOW + timedelta(hours=1)
    results = at_once([lambda: store.count("tries", reference, limit=5, ends=ends)] * 40)
    assert sorted(r for r in results if isinstance(r, int)) == [1, 2, 3, 4, 5]
    refused = [r for r in results if isinstance(r, LimitReached)]
    assert len(refused) == 35
    assert {r.retry_at for r in refused} == {ends}


def test_the_next_window_counts_from_one(store: RequestStore, reference: str) -> None:
    assert store.count("tries", reference, limit=1, ends=NOW) == 1
    assert store.count("tries", reference, limit=1, ends=NOW + timedelta(hours=1)) == 1
    assert store.count("other", reference, limit=1, ends=NOW) == 1
    with pytest.raises(LimitReached):
        store.count("tries", reference, limit=1, ends=NOW)


def test_a_limit_of_none_lets_nobody(store: RequestStore, reference: str) -> None:
    with pytest.raises(LimitReached):
        store.count("never", reference, limit=0, ends=NOW)


def test_what_is_taken_back_can_be_counted_again(store: RequestStore, reference: str) -> None:
    store.uncount("tries", reference, ends=NOW)
    assert store.count("tries", reference, limit=1, ends=NOW) == 1
    store.uncount("tries", reference, ends=NOW)
    store.uncount("tries", reference, ends=NOW)
    assert store.count("tries", reference, limit=1, ends=NOW) == 1
    with pytest.raises(LimitReached):
        store.count("tries", reference, limit=1, ends=NOW)


def test_twenty_claim_and_one_holds(store: RequestStore, reference: str) -> None:
    results = at_once([lambda me=me: store.claim("year", reference, f"R-{me}") for me in range(20)])
    assert len(set(results)) == 1
    holder = results[0]
    assert store.claim("year", reference, holder) == holder
    store.release("year", reference, "R-somebody-else")
    assert store.claim("year", reference, "R-new") == holder
    store.release("year", reference, holder)
    assert store.claim("year", reference, "R-new") == "R-new"


# Who asked to be left alone, and whose requests there are


def test_turns_are_told_in_the_order_taken_each_holder_once(store: RequestStore, reference: str) -> None:
    later = NOW + timedelta(days=3)
    assert store.take_turn("access", reference, "first", later) == [later]
    assert store.take_turn("access", reference, "second", NOW) == [later, NOW]
    assert store.take_turn("access", reference, "first", later) == [later]
    assert store.take_turn("another", reference, "second", NOW) == [NOW]


def test_a_turn_given_back_counts_no_longer(store: RequestStore, reference: str) -> None:
    for holder in ("a", "b", "c"):
        store.take_turn("access", reference, holder, NOW)
    store.give_back_turn("access", reference, "b")
    store.give_back_turn("access", reference, "b")
    store.give_back_turn("access", f"nobody-{reference}", "b")
    assert len(store.take_turn("access", reference, "c", NOW)) == 2
    assert len(store.take_turn("access", reference, "b", NOW)) == 3
    for holder in ("a", "b", "c"):
        store.give_back_turn("access", reference, holder)
    assert store.take_turn("access", reference, "d", NOW) == [NOW]


def test_twenty_at_once_take_twenty_turns(store: RequestStore, reference: str) -> None:
    takes = [lambda n=n: len(store.take_turn("access", reference, f"holder-{n}", NOW)) for n in range(20)]
    assert sorted(at_once(takes)) == list(range(1, 21))


def test_an_opt_out_keeps_its_first_date(store: RequestStore, reference: str) -> None:
    def entry(scope: str, days: int) -> Suppression:
        since = NOW + timedelta(days=days)
        return Suppression(hash=f"h-{reference}", scope=scope, since=since, policy_version="1", key_name="identity")

    store.suppress([entry("post", 0), entry("email", 0)])
    store.suppress([entry("email", 9), entry("phone", 9)])
    assert store.suppressions(f"h-{reference}") == [entry("email", 0), entry("phone", 9), entry("post", 0)]
    store.lift_suppression(f"h-{reference}", "email")
    assert [s.scope for s in store.suppressions(f"h-{reference}")] == ["phone", "post"]
    assert store.suppressions("nobody") == []


def test_a_request_is_found_by_whom_it_names_from_the_moment_it_is_filed(store: RequestStore, reference: str) -> None:
    subject, asker = f"subject-{reference}", f"asker-{reference}"
    first, event = filed(reference, subject_hash=subject)
    store.create(first, event)
    other = reference_from(next(numbers))
    later, event = filed(other, subject_hash=subject, asker_hash=asker, received_at=NOW + timedelta(days=1))
    store.create(later, event)
    assert store.of_subject(subject) == [other, reference], "newest first"
    assert store.of_subject(asker) == [other]
    assert store.of_subject("nobody") == []


def test_what_was_not_filed_is_not_found(store: RequestStore, reference: str) -> None:
    """A reference that is taken, or a form sent twice: nothing of the second stands, its place in the index neither."""
    store.create(*filed(reference), once=f"form-{reference}")
    with pytest.raises(RequestChanged):
        store.create(*filed(reference, subject_hash=f"late-{reference}"))
    with pytest.raises(AlreadyFiled):
        store.create(*filed(reference_from(next(numbers)), subject_hash=f"late-{reference}"), once=f"form-{reference}")
    assert store.of_subject(f"late-{reference}") == []


def test_a_legal_hold_stands_until_it_is_released(store: RequestStore, reference: str) -> None:
    subject = f"held-{reference}"
    first = Hold(subject=subject, since=NOW, by="dana", reference="R-1")
    later = Hold(subject=subject, since=NOW + timedelta(days=1), by="ruth", reference="R-2")
    assert store.hold_of(subject) is None
    assert store.hold(first) == first
    assert store.hold(later) == first, "the first date stands"
    assert store.hold_of(subject) == first
    assert store.hold_of("nobody") is None
    store.release_hold(subject)
    store.release_hold(subject)
    assert store.hold_of(subject) is None
    assert store.hold(later) == later


def test_of_many_who_set_a_hold_at_once_one_is_first(store: RequestStore, reference: str) -> None:
    subject = f"held-{reference}"
    holds = [Hold(subject=subject, since=NOW, by=f"staff-{n}", reference=reference) for n in range(8)]
    standing = at_once([lambda hold=hold: store.hold(hold) for hold in holds])
    assert {h.by for h in standing} == {store.hold_of(subject).by}
