"""What the request store on DynamoDB makes of AWS's faults, and of its pages: moto throttles nobody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.adapters.dynamodb import DynamoStore
from chalicelib.adapters.memory import SetClock
from chalicelib.errors import RequestChanged, ServiceUnavailable
from chalicelib.ports import Suppression

from .faulty import NO_ANSWER, NO_CONNECTION, SECRET, Faulty, refusal
from .made import NOW, Aws, filed, link


def cancelled(*codes: str) -> ClientError:
    fault = refusal("TransactionCanceledException")
    fault.response["CancellationReasons"] = [{"Code": code} for code in codes]
    return fault


def store_with(*faults: Exception) -> tuple[DynamoStore, Faulty]:
    client = Faulty(*faults, after={})
    return DynamoStore(client, "table", SetClock()), client


CALLS: list[Callable[[DynamoStore], Any]] = [
    lambda s: s.create(*filed("R-1")),
    lambda s: s.commit(*filed("R-1")),
    lambda s: s.get("R-1"),
    lambda s: s.events("R-1"),
    lambda s: s.queue(),
    lambda s: s.put_links([link("t")]),
    lambda s: s.link("h"),
    lambda s: s.take_turn("n", "k", "R-1", NOW),
    lambda s: s.give_back_turn("n", "k", "R-1"),
    lambda s: s.claim_mail("R-1", "m", NOW),
    lambda s: s.count("n", "k", limit=1, ends=NOW),
    lambda s: s.claim("n", "k", "me"),
    lambda s: s.suppressions("h"),
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("fault", [refusal("ThrottlingException"), refusal("Odd", 503), NO_CONNECTION, NO_ANSWER])
def test_what_may_pass_is_retryable_and_quotes_nothing(call: Callable[[DynamoStore], Any], fault: Exception) -> None:
    store, _ = store_with(fault)
    with pytest.raises(ServiceUnavailable) as told:
        call(store)
    assert SECRET not in str(told.value)


@pytest.mark.parametrize("call", CALLS)
def test_what_will_not_pass_is_a_surprise(call: Callable[[DynamoStore], Any]) -> None:
    store, _ = store_with(refusal("AccessDeniedException"))
    with pytest.raises(ClientError):
        call(store)


def test_a_conflict_is_tried_again() -> None:
    """On AWS two transactions at once may both be turned away."""
    store, client = store_with(cancelled("TransactionConflict", "None"), cancelled("None", "TransactionConflict"))
    store.commit(*filed("R-1"))
    assert client.calls == 3


def test_a_conflict_then_the_truth() -> None:
    store, _ = store_with(cancelled("TransactionConflict"), cancelled("ConditionalCheckFailed", "None"))
    with pytest.raises(RequestChanged):
        store.commit(*filed("R-1"))


def test_a_conflict_that_stays_is_for_later() -> None:
    store, _ = store_with(*[cancelled("TransactionConflict")] * 9)
    with pytest.raises(ServiceUnavailable):
        store.commit(*filed("R-1"))


def test_a_transaction_that_cannot_be_is_a_surprise() -> None:
    store, client = store_with(cancelled("ValidationError", "None"))
    with pytest.raises(ClientError):
        store.commit(*filed("R-1"))
    assert client.calls == 1


def test_answers_of_more_than_one_page_are_read_to_the_end(aws: Aws) -> None:
    store = DynamoStore(aws.client("dynamodb"), aws.settings["RIGHTSDESK_TABLE"], SetClock())
    large = {"sealed": bytes(90_000), "due_at": NOW - timedelta(days=20_000)}
    for n in range(25):
        store.create(*filed(f"R-PAGE-{n:04d}", **large))
    shown = [r.reference for r in store.queue(limit=24)]
    assert len(shown) == 24
    assert all(r.startswith("R-PAGE") for r in shown)
    entries = [
        Suppression(hash="many", scope=f"{n:04d}", since=NOW, policy_version="x" * 9000, key_name="k")
        for n in range(150)
    ]
    store.suppress(entries)
    assert store.suppressions("many") == entries


def test_nothing_is_ever_scanned(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    client = aws.client("dynamodb")
    monkeypatch.setattr(client, "scan", lambda **_: pytest.fail("a scan"))
    store = DynamoStore(client, aws.settings["RIGHTSDESK_TABLE"], SetClock())
    store.create(*filed("R-SCAN-0001"))
    store.queue()
    store.events("R-SCAN-0001")
    store.outcomes("R-SCAN-0001")
    store.of_subject("h")
