"""A source behind HTTP, beyond what every source promises: endpoints that are slow, broken, or give too much."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from chalicelib.domain.datamap import SourceMap
from chalicelib.domain.plan import Doing
from chalicelib.errors import SourceAwaited, SourceMisread, SourceUnavailable
from local.peers import Answer, Ask

from .shop import MAP, ROWS, HttpShop, all_of, told, who

ANN = who(email="ann@example.com")
There = tuple[str, dict[str, Ask]]


class Between:
    """Stands between the source and its endpoint: `change` makes of each call and true answer what is answered."""

    def __init__(self, peers: There) -> None:
        self.shop = HttpShop(*peers)
        self.shop.fill(ROWS)
        self.there, self.calls = peers[1], list[dict[str, Any]]()
        self.endpoint = self.there[HttpShop.HOST]

    def change(self, change: Callable[[dict[str, Any], int, dict[str, Any]], tuple[int, Any]]) -> None:
        def ask(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
            status, kind, answer = self.endpoint(method, path, headers, body)
            self.calls.append(json.loads(body))
            status, said = change(self.calls[-1], status, json.loads(answer))
            return status, kind, json.dumps(said).encode()

        self.there[HttpShop.HOST] = ask

    def actions(self) -> list[str]:
        return [call["action"] for call in self.calls]


@pytest.fixture
def between(peers: There) -> Between:
    return Between(peers)


def test_every_page_is_followed(between: Between) -> None:
    between.change(lambda call, status, said: (status, said))
    assert len(all_of(between.shop.source, ANN)) == 9
    assert between.actions() == ["find"] * 5
    assert [call["cursor"] for call in between.calls] == [None, "2", "4", "6", "8"]


def test_pages_that_do_not_end_are_left(between: Between) -> None:
    between.change(lambda call, status, said: (status, {**said, "cursor": "2"}))
    with pytest.raises(SourceMisread, match="do not end"):
        all_of(between.shop.source, ANN)


@pytest.mark.parametrize("whose", ["bob@example.com", None])
def test_records_of_somebody_else_are_refused_whole(between: Between, whose: str | None) -> None:
    """Rule 4: an endpoint that gives too much gives nothing."""
    bobs = next(r for r in all_of(between.shop.source, who(email="bob@example.com")) if r.collection == "members")
    extra = {"collection": "members", "key": list(bobs.key), "version": "1", "values": {**bobs.values, "email": whose}}
    between.change(lambda call, status, said: (status, {**said, "records": [*said["records"], extra]}))
    with pytest.raises(SourceMisread, match="not the person's") as misread:
        all_of(between.shop.source, ANN)
    assert "bob" not in str(misread.value)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda r: {**r, "collection": "secrets"},
        lambda r: {**r, "key": ["99"]},
        lambda r: {**r, "key": None},
        lambda r: {**r, "version": None},
        lambda r: {**r, "values": {}},
        lambda r: {k: v for k, v in r.items() if k != "values"},
        lambda r: "ann@example.com",
    ],
)
def test_a_record_that_is_not_as_the_map_says_is_misread(between: Between, spoil: Callable[[Any], Any]) -> None:
    between.change(lambda call, status, said: (status, {**said, "records": [spoil(r) for r in said["records"]]}))
    with pytest.raises(SourceMisread, match="not as the data map says") as misread:
        all_of(between.shop.source, ANN)
    assert "ann" not in str(misread.value)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((200, "text/html", b"<h1>ann@example.com</h1>"), "web page"),
        ((404, "application/json", b"{}"), "status 404"),
        ((401, "application/json", b"{}"), "status 401"),
        ((200, "application/json", b'{"records": ['), "broken JSON"),
        ((200, "application/json", b'{"id": "x", "records": []}'), "something else"),
        ((422, "application/json", b'{"collection": "ann@example.com"}'), "something is not there"),
    ],
)
def test_an_endpoint_that_breaks_is_named_and_quoted_never(between: Between, answer: Answer, why: str) -> None:
    between.there[HttpShop.HOST] = lambda *_: answer
    with pytest.raises(SourceMisread, match=why) as misread:
        all_of(between.shop.source, ANN)
    assert "ann@" not in str(misread.value)
    assert "docs/peers.md" in str(misread.value)


def test_an_endpoint_that_is_down_is_tried_again(between: Between) -> None:
    between.change(lambda call, status, said: (503, {}) if len(between.calls) < 3 else (status, said))
    assert len(all_of(between.shop.source, ANN)) == 9
    between.there[HttpShop.HOST] = lambda *_: (503, "text/html", b"")
    with pytest.raises(SourceUnavailable, match="503"):
        all_of(between.shop.source, ANN)


def test_an_apply_whose_answer_was_lost_is_made_once(between: Between) -> None:
    """The endpoint has done it; the answer breaks off; the same id again gets the same answer."""
    plan = [told(r, Doing.CHANGE, name="Anne") for r in all_of(between.shop.source, ANN) if r.collection == "members"]
    lost = iter([True])

    def change(call: dict[str, Any], status: int, said: dict[str, Any]) -> tuple[int, Any]:
        return (502, {}) if call["action"] == "apply" and next(lost, False) else (status, said)

    between.change(change)
    between.shop.source.carry_out(plan)
    applied = [call for call in between.calls if call["action"] == "apply"]
    assert len(applied) == 2
    assert applied[0] == applied[1]
    assert between.shop.source.not_done(plan) == []


def test_an_endpoint_that_says_done_and_did_not_is_found_out(between: Between) -> None:
    """Rule 8: only what is read back counts."""
    plan = [told(r, Doing.DELETE) for r in all_of(between.shop.source, ANN) if r.collection == "newsletter"]
    between.there[HttpShop.HOST] = lambda method, path, headers, body: (
        (200, "application/json", json.dumps({"id": json.loads(body)["id"], "status": "done"}).encode())
        if json.loads(body)["action"] == "apply"
        else between.endpoint(method, path, headers, body)
    )
    between.shop.source.carry_out(plan)
    assert between.shop.source.not_done(plan) == plan


def test_a_slow_endpoint_is_asked_until_it_has_it(between: Between) -> None:
    slow: dict[str, tuple[int, Any]] = {}

    def change(call: dict[str, Any], status: int, said: dict[str, Any]) -> tuple[int, Any]:
        if call["action"] != "status":
            slow[call["id"]] = status, said
            return 202, {"id": call["id"], "status": "pending"}
        asked = [c for c in between.calls if c["action"] == "status" and c["id"] == call["id"]]
        return slow[call["id"]] if len(asked) > 2 else (202, {"id": call["id"]})

    between.change(change)
    assert len(all_of(between.shop.source, ANN)) == 9
    between.change(lambda call, status, said: (202, {"id": call["id"]}))
    with pytest.raises(SourceAwaited):  # for days, if need be
        all_of(between.shop.source, ANN)


def test_a_change_that_takes_too_long_is_tried_again(between: Between) -> None:
    plan = [told(r, Doing.CHANGE, name="Anne") for r in all_of(between.shop.source, ANN) if r.collection == "members"]
    between.change(lambda call, status, said: (202 if call["action"] in ("apply", "status") else status, said))
    with pytest.raises(SourceUnavailable, match="still working"):
        between.shop.source.carry_out(plan)


def test_nobody_is_asked_about_nobody(between: Between) -> None:
    between.change(lambda call, status, said: (status, said))
    assert all_of(between.shop.source, []) == []
    between.shop.source.carry_out([])
    assert between.calls == []


@pytest.mark.parametrize("wrong", [{"where": "http://shop.example.com"}, {"where": ""}, {"key": ""}, {"kind": "sql"}])
def test_a_map_without_an_https_address_or_a_key_is_refused(wrong: dict[str, str]) -> None:
    said = MAP.model_dump(mode="json") | {"kind": "http", "where": "https://shop.example.com", "key": "shop"}
    SourceMap.model_validate(said)
    with pytest.raises(ValidationError):
        SourceMap.model_validate(said | wrong)
