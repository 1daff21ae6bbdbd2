"""Whatever is typed, a person is told what to do about it, beside the field; nothing ends in a fault of ours."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain.request import Relationship, Right
from chalicelib.errors import InvalidRequest
from chalicelib.web import forms
from tests.web.conftest import FORM, Desk

GOOD: dict[str, list[str]] = {"right": ["access"], "email": ["kim@example.com"]}


def faults(**fields: Any) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as caught:
        forms.parse({**GOOD, **{name: v if isinstance(v, list) else [v] for name, v in fields.items()}})
    return caught.value.fields


def test_two_fields_are_enough() -> None:
    typed = forms.parse(GOOD)
    assert (typed.right, typed.personal.email, typed.relationship) == (
        Right.ACCESS,
        "kim@example.com",
        Relationship.SELF,
    )


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("right", "everything", "Choose what you want"),
        ("email", "kim", "full email address"),
        ("email", "kim@example.com\r\nBcc: all@example.com", "line breaks"),
        ("email", "Kim <kim@example.com>", "full email address"),
        ("email", "k" * 300 + "@example.com", "at most 254"),
        ("name", "Kim\x00", "control characters"),
        ("name", "Kim\u202eyob", "control characters"),
        ("name", "k" * 201, "at most 200"),
        ("details", "d" * 2001, "at most 2,000 characters. This has 2,001"),
        ("details", "bell\x07", "control characters"),
        ("residence", "California", "from the list"),
        ("identifier_kind", "passport", "one of what is offered"),
        ("relationship", "friend", "one of what is offered"),
        ("scope", "all", "one of what is offered"),
        ("period", "yesterday", "two dates"),
        ("period", "2026-06-30/2026-01-01", "before the last"),
        ("identifier", "17", ""),
        ("received_at", "2020-01-01", "do not know this field"),
        ("status", "fulfilled", "do not know this field"),
        ("email", ["kim@example.com", "lee@example.com"], "once"),
        ("pet", "p" * 201, "at most 200"),
        ("member_token", "m" * 5000, "at most 4,096"),
    ],
)
def test_a_fault_stands_beside_its_field(field: str, value: Any, says: str) -> None:
    told = faults(**{field: value})
    place = "identifier_kind" if field == "identifier" else field
    assert says in told[place]
    assert not any(str(v) in told[place] for v in ([value] if isinstance(value, str) and len(value) > 20 else []))


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(InvalidRequest) as caught:
        forms.parse({"right": ["deletion"], "residence": ["?"], "colour": ["red"]})
    assert set(caught.value.fields) == {"email", "residence", "colour"}


def test_someone_else_is_named() -> None:
    assert "name of the person" in faults(relationship="parent")["subject_name"]
    assert "who you are" in faults(subject_name="Robin")["relationship"]
    typed = forms.parse({**GOOD, "relationship": ["parent"], "subject_name": ["Robin"]})
    assert typed.personal.subject_name == "Robin"


def test_rows_of_a_correction_go_together_and_empty_ones_are_none() -> None:
    rows = {"field": ["shop.customers.street", "", ""], "value": ["9 Oak Avenue", "", ""]}
    typed = forms.parse({**GOOD, "right": ["correction"], **rows})
    assert [(c.field, c.value) for c in typed.personal.corrections] == [("shop.customers.street", "9 Oak Avenue")]
    assert "one new value for each" in faults(right="correction", field=["a.b.c"], value=["1", "2"])["value"]


def test_what_is_meant_is_kept() -> None:
    typed = forms.parse({
        **GOOD, "details": ["  Two\r\nlines "], "residence": ["us-ca"], "stop": ["email", "kind:offers"],
        "form_id": ["once-1"], "period": ["2026-01-01/2026-06-30"], "name": ["Zoë O’Hara"],
        "email": ["Kim+x@EXAMPLE.com"],
    })  # fmt: skip
    assert typed.personal.details == "Two\nlines"
    assert typed.personal.residence == "US-CA"
    assert typed.personal.stop == ["email", "kind:offers"]
    assert typed.once
    assert typed.personal.email == "Kim+x@example.com"


def test_a_double_click_is_one_form_and_an_edited_form_another() -> None:
    """Who goes back, mends the address and sends again has sent something new."""
    first, again, edited = (
        forms.parse({**GOOD, "form_id": ["f"], "email": [e]}).once
        for e in ("kim@example.com", "kim@example.com", "kim.park@example.com")
    )
    assert first == again != edited
    assert forms.parse(GOOD).once is None


@pytest.mark.parametrize("domain", ["example.com", "shop.test", "mail.example.org"])
def test_reserved_domains_may_be_used(domain: str) -> None:
    assert forms.email(f"kim@{domain}").endswith(domain)


def test_staff_give_the_day_and_may_do_without_email() -> None:
    letter = {"right": ["opt_out"], "channel": ["post"], "received_on": ["2026-11-18"], "stop": ["post"]}
    with pytest.raises(InvalidRequest) as caught:
        forms.parse_staff(letter)
    assert set(caught.value.fields) == {"email"}
    found = {"identifier": ["17"], "identifier_kind": ["customer_number"], "postal_address": ["5 Elm\nFresno"]}
    typed, channel, day = forms.parse_staff({**letter, **found})
    assert (typed.personal.email, channel, day.isoformat()) == (None, "post", "2026-11-18")
    with pytest.raises(InvalidRequest) as caught:
        forms.parse_staff({**GOOD, "channel": ["web"], "received_on": ["last week"]})
    assert set(caught.value.fields) == {"channel", "received_on"}


@pytest.mark.parametrize(
    ("body", "kind", "status", "error"),
    [
        (b"right=access&email=%ff", FORM, 400, "unreadable"),
        (b"a=1&" * 300, FORM, 400, "unreadable"),
        (b"x" * 300_000, FORM, 413, "too_large"),
        (b"right=access", "text/plain", 415, "wrong_content_type"),
        (b'{"right":"access"}', "application/json", 415, "wrong_content_type"),
        (b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x", 415, "wrong_content_type"),
        (b"right=access", "", 415, "wrong_content_type"),
        (b"", FORM, 422, "invalid_request"),
    ],
)
def test_bytes_that_are_no_form(desk: Desk, body: bytes, kind: str, status: int, error: str) -> None:
    before = desk.state()
    answer = desk.post("/requests", body, kind, accept="application/json")
    assert answer.status_code == status
    assert answer.json_body["error"] == error
    assert answer.json_body["message"]
    page = desk.post("/requests", body, kind)
    assert page.status_code == status
    assert b"<h1>" in page.body
    assert desk.state() == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400), (b"nonsense", 400), (b"[]", 400), (b'"x"', 400), (b"\xff", 400), (b"[" * 100_000, 400),
        (b"{}", 422), (b'{"right": 1}', 422), (b'{"right": "access", "email": {"a": 1}}', 422),
        (b'{"right": "access", "email": "kim@example.com", "stop": [1]}', 422),
        (b'{"right": "access", "email": "kim@example.com", "surprise": "x"}', 422),
        (b'{"right": "access", "email": "kim@example.com", "details": "\\u0000"}', 422),
        (b'{"right": "access", "email": "kim@example.com", "name": "\\ud800"}', 422),
        (b'{"a": "' + b"x" * 300_000 + b'"}', 413),
    ],
)  # fmt: skip
def test_json_that_is_no_request(desk: Desk, body: bytes, status: int) -> None:
    before = desk.state()
    answer = desk.post("/api/requests", body, "application/json")
    assert answer.status_code == status
    assert set(answer.json_body) >= {"error", "message"}
    assert (status == 422) == ("fields" in answer.json_body)
    assert desk.state() == before


POSTS = [
    "/requests", "/api/requests", "/links", "/verify/{t}", "/track/{t}/reply", "/track/{t}/nonsense", "/results/{t}",
    "/stop/{t}", "/review/{t}", "/task/{t}", "/staff/sign-in", "/staff/sign-in/{t}", "/staff/requests/new",
]  # fmt: skip
KINDS = [FORM, "application/json", "application/octet-stream", "text/plain", "", "x" * 50]
NAMES = st.sampled_from(["right", "email", "field", "value", "stop", "confirm", "decision", "text", "show", "details"])
FIELDS = st.lists(st.tuples(NAMES | st.text(max_size=8), st.text(max_size=30)), max_size=8)
AS_FORM = FIELDS.map(lambda pairs: urlencode(pairs, errors="replace").encode())
AS_JSON = FIELDS.map(lambda pairs: json.dumps(dict(pairs)).encode())
BODIES = st.binary(max_size=300) | AS_FORM | AS_JSON
QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=150, deadline=None, suppress_health_check=QUIET)
@given(st.sampled_from(POSTS), BODIES, st.sampled_from(KINDS), st.text("abc-._~", max_size=20), st.booleans())
def test_no_body_is_ever_our_fault(desk: Desk, path: str, body: bytes, kind: str, token: str, plain: bool) -> None:
    accept = "application/json" if plain else "text/html"
    answer = desk.post(path.replace("{t}", token or "x"), body, kind, accept=accept)
    assert answer.status_code < 500
    assert b"Traceback" not in answer.body
