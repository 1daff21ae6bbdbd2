"""The outer contract, held from outside against a running system."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import quote

import pytest

from local.serving import serving
from tests.outside.visitor import REFERENCE, RIGHTS, STATUSES, Visitor, decent, in_parallel, swept, words

FORM = "application/x-www-form-urlencoded"
TOKENED = ["verify", "track", "results", "stop", "review", "task", "consent", "staff/sign-in"]


@pytest.fixture(scope="module")
def run() -> Iterator[dict[str, Any]]:
    with serving("jeffers", RIGHTSDESK_UNDO_SECONDS="60") as run:
        yield run


@pytest.fixture
def v(run: dict[str, Any]) -> Iterator[Visitor]:
    yield Visitor(run)
    swept(run)


# -- the run -----------------------------------------------------------------------------------------------------------


def test_run_json_has_what_a_program_needs(run: dict[str, Any]) -> None:
    assert {"base_url", "mail_url", "business", "database_url", "staff", "customers"} <= set(run)
    assert run["business"] == "jeffers"
    assert all(re.fullmatch(r"http://127\.0\.0\.1:\d+", run[k]) for k in ("base_url", "mail_url"))
    assert run["database_url"].startswith("postgresql://")
    assert all(s["roles"] and s["email"].endswith("@example.com") for s in run["staff"])
    assert len(run["customers"]) >= 4
    for customer in run["customers"]:
        assert {"email", "name", "residence", "answers", "note"} <= set(customer)
    assert run["customers"][0]["residence"] == "US-CA"


# -- pages that anyone may open ----------------------------------------------------------------------------------------


def test_health_says_ok(v: Visitor) -> None:
    answer = v.get("/health")
    assert (answer.status, answer.json()) == (200, {"status": "ok"})
    assert answer.headers["content-type"].startswith("application/json")


def test_the_first_page_offers_every_right(v: Visitor) -> None:
    page = v.get("/")
    assert page.status == 200
    assert page.headers["content-type"].startswith("text/html")
    for right in RIGHTS:
        assert f"/requests/new?right={right}" in page.text


@pytest.mark.parametrize("right", RIGHTS)
def test_each_form_works_without_javascript_and_asks_little(v: Visitor, right: str) -> None:
    page = v.get(f"/requests/new?right={right}")
    assert page.status == 200
    assert "<script" not in page.text
    assert 'method="post"' in page.text
    assert 'action="/requests"' in page.text
    required = {re.search(r'name="([^"]+)"', tag)[1] for tag in re.findall(r"<[^>]+\brequired\b[^>]*>", page.text)}
    assert "email" in required
    assert len(required) <= 3
    assert 'type="file"' not in page.text
    for identity in set(re.findall(r'<(?:input|select|textarea) id="([^"]+)"', page.text)):
        assert f'for="{identity}"' in page.text, f"{identity} has no label"


def test_the_correction_form_says_which_email_is_meant(v: Visitor) -> None:
    """Two entries that read the same cannot be told apart by the person who chooses."""
    page = v.get("/requests/new?right=correction").text
    select = re.search(r'(?s)<select id="field".*?</select>', page)[0]
    seen: set[tuple[str, str]] = set()
    for group in re.findall(r'(?s)<optgroup label="([^"]*)">(.*?)</optgroup>', select) or [("", select)]:
        for label in re.findall(r'<option value="[^"]+"[^>]*>([^<]*)<', group[1]):
            assert (group[0], label) not in seen, f"{group[0]} {label} stands there twice"
            seen.add((group[0], label))
    assert seen


@pytest.mark.parametrize(
    "right", ["", "nonsense", "%00", "access&right=deletion", "%F0%9F%90%B4", "'%3B--", "a" * 3000]
)
def test_an_unknown_right_is_no_fault(v: Visitor, right: str) -> None:
    answer = decent(v.get(f"/requests/new?right={right}"))
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("path", ["/", "/requests/new?right=access", "/requests/received", "/links", "/staff/sign-in"])
def test_pages_carry_the_headers_that_protect_them(v: Visitor, path: str) -> None:
    headers = v.get(path).headers
    assert "no-store" in headers["cache-control"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert "max-age=" in headers["strict-transport-security"]
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]


@pytest.mark.parametrize("purpose", TOKENED)
@pytest.mark.parametrize(
    "token", ["x", "%00", "..%2f..%2fetc%2fpasswd", "a" * 43, "a" * 4000, "%FF%FE", "%F0%9F%90%B4", "'--"]
)
def test_a_broken_token_is_a_kind_404(v: Visitor, purpose: str, token: str) -> None:
    url = f"/{purpose}/{token}"
    if v.get("/consent/x").status == 403 and purpose == "consent":
        pytest.skip("there is no consent page yet")
    expected = (200,) if purpose == "staff/sign-in" else (404, 410)  # a button; what it does fails
    for method in ("GET",) if purpose == "track" else ("GET", "POST"):
        page = decent(v.call(method, url))
        # a form without a choice is told so first
        fine = expected if method == "GET" else (422,) if purpose in ("review", "task") else ()
        assert page.status in (404, 410, *fine), (method, url, page.text[:200])
        assert page.headers["content-type"].startswith("text/html")
        if method == "POST" and page.status != 422 and purpose != "stop":  # the way back: links again, or sign in again
            assert "/links" in page.text or "/staff/sign-in" in page.text
        told = decent(v.call(method, url, Accept="application/json"))
        assert told.status in (404, 410, *fine)
        if told.status >= 400:
            assert told.headers["content-type"].startswith("application/json")
            assert told.json()["error"]


@pytest.mark.parametrize("act", ["withdraw", "not-me", "undo", "reply", "appeal", "reopen", "nonsense"])
def test_acts_on_a_broken_tracker_are_404(v: Visitor, act: str) -> None:
    assert decent(v.post(f"/track/{'a' * 43}/{act}", {"text": "x"})).status in (403, 404)


@pytest.mark.parametrize(
    "path", ["/nope", "/requests/", "/verify", "/verify/", "/track/a/b/c", "/.env", "/%2e%2e/", "//evil.example/"]
)
def test_an_unknown_page_is_a_4xx(v: Visitor, path: str) -> None:
    assert 400 <= decent(v.get(path)).status < 500


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "FOO"])
def test_other_methods_do_no_harm(v: Visitor, method: str) -> None:
    email = v.fresh()
    reference = v.file("access", email)
    track, verify = v.link(email, "track", reference), v.link(email, "verify", reference)
    before = v.status(track)
    for url in ("/", "/requests", "/api/requests", track, verify, track + "/withdraw", "/health", "/staff"):
        status = v.call(method, url, Content_Length="0").status
        assert status < 500 or (status == 501 and method == "FOO")
    assert v.status(track) == before


# -- filing ------------------------------------------------------------------------------------------------------------


def minimal(right: str) -> dict[str, Any]:
    more: dict[str, Any] = {
        "correction": {"field": ["shop.accounts.phone"], "value": ["(415) 555-0199"]},
        "opt_out": {"stop": ["email"]},
        "concern": {"details": "You keep too much."},
    }.get(right, {})
    return {"right": right, **more}


@pytest.mark.parametrize("right", RIGHTS)
def test_the_api_takes_each_right(v: Visitor, right: str) -> None:
    email, before = v.fresh(), datetime.now(UTC)
    answer = v.api({**minimal(right), "email": email})
    assert answer.status == 202, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    said = answer.json()
    assert set(said) == {"reference", "right", "regime", "received_at", "acknowledge_by", "due_at"}
    assert REFERENCE.fullmatch(said["reference"])
    assert said["right"] == right
    received, due = datetime.fromisoformat(said["received_at"]), datetime.fromisoformat(said["due_at"])
    assert before - timedelta(seconds=2) <= received <= datetime.now(UTC) + timedelta(seconds=2)
    assert received < due <= received + timedelta(days=92)
    tracked = v.status(v.link(email, "track", said["reference"]))
    assert set(tracked) == {"reference", "right", "status", "reason", "received_at", "due_at", "history"}
    assert tracked["status"] in STATUSES
    assert (tracked["reference"], tracked["received_at"]) == (said["reference"], said["received_at"])
    times = [datetime.fromisoformat(h["at"]) for h in tracked["history"]]
    assert all(set(h) == {"at", "what"} for h in tracked["history"])
    assert times == sorted(times)
    assert all(t.tzinfo for t in times)


@pytest.mark.parametrize("right", RIGHTS)
def test_the_form_leads_to_what_happens_next(v: Visitor, right: str) -> None:
    email = v.fresh()
    fields = minimal(right)
    pairs = [(k, x) for k, values in fields.items() for x in ([values] if isinstance(values, str) else values)]
    answer = v.post("/requests", [*pairs, ("email", email)])
    assert answer.status == 303
    where = answer.headers["location"]
    assert where.split("?")[0] in ("/requests/received", v.base + "/requests/received")
    assert email not in where
    assert not re.search(r"[\w-]{30,}", where), "no token in the address"
    page = v.get(where)
    assert page.status == 200
    assert email not in page.text
    v.link(email, "track")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "right"),
        ({"right": "everything", "email": "a@example.com"}, "right"),
        ({"right": "access"}, "email"),
        ({"right": "access", "email": ""}, "email"),
        ({"right": "access", "email": "nobody"}, "email"),
        ({"right": "access", "email": "a@b@example.com"}, "email"),
        ({"right": "access", "email": "a@example.com, b@example.com"}, "email"),
        ({"right": "access", "email": "a@example.com\r\nBcc: b@example.com"}, "email"),
        ({"right": "access", "email": "a\u0000@example.com"}, "email"),
        ({"right": "access", "email": "a" * 250 + "@example.com"}, "email"),
        ({"right": "access", "email": {"a": "b"}}, "email"),
        ({"right": "access", "email": 7}, "email"),
        ({"right": "access", "email": ["a@example.com", "b@example.com"]}, "email"),
        ({"right": ["access"], "email": "a@example.com"}, "right"),
        ({"right": "access", "email": ["a@example.com"]}, "email"),
        ({"right": "access", "email": "a@example.com", "details": ["a"]}, "details"),
        ({"right": "access", "email": "a@example.com", "details": "x" * 2001}, "details"),
        ({"right": "access", "email": "a@example.com", "details": "a\u0000b"}, "details"),
        ({"right": "access", "email": "a@example.com", "details": "\u202eover"}, "details"),
        ({"right": "access", "email": "a@example.com", "details": "\ud83d"}, "details"),
        ({"right": "access", "email": "a@example.com", "name": True}, "name"),
        ({"right": "access", "email": "a@example.com", "name": "A\r\nBcc: b@example.com"}, "name"),
        ({"right": "access", "email": "a@example.com", "name": "x" * 5000}, "name"),
        ({"right": "access", "email": "a@example.com", "residence": "Mars"}, "residence"),
        ({"right": "access", "email": "a@example.com", "residence": "XX-YY"}, "residence"),
        ({"right": "access", "email": "a@example.com", "residence": "US-ZZ"}, "residence"),
        ({"right": "access", "email": "a@example.com", "colour": "red"}, "colour"),
        ({"right": "access", "email": "a@example.com", "received_at": "2020-01-01"}, "received_at"),
        ({"right": "access", "email": "a@example.com", "received_on": "2020-01-01"}, "received_on"),
        ({"right": "access", "email": "a@example.com", "channel": "phone"}, "channel"),
        ({"right": "access", "email": "a@example.com", "relationship": "neighbour"}, "relationship"),
        ({"right": "access", "email": "a@example.com", "scope": "all of it"}, "scope"),
        ({"right": "access", "email": "a@example.com", "period": "yesterday"}, "period"),
        ({"right": "access", "email": "a@example.com", "period": "2026-02-30/2026-03-01"}, "period"),
        ({"right": "access", "email": "a@example.com", "period": "2026-06-30/2026-01-01"}, "period"),
        ({"right": "access", "email": "a@example.com", "identifier": "5", "identifier_kind": "x"}, "identifier_kind"),
        ({"right": "correction", "email": "a@example.com"}, "field"),
        ({"right": "correction", "email": "a@example.com", "field": ["shop.accounts.phone"], "value": []}, "value"),
        ({"right": "correction", "email": "a@example.com", "field": "shop.accounts.password", "value": "x"}, "field"),
        ({"right": "correction", "email": "a@example.com", "field": ["shop.accounts.id"], "value": ["1"]}, "field"),
        ({"right": "opt_out", "email": "a@example.com"}, "stop"),
        ({"right": "opt_out", "email": "a@example.com", "stop": ["everything"]}, "stop"),
        ({"right": "opt_out", "email": "a@example.com", "stop": ["kind:soap"]}, "stop"),
        ({"right": "opt_out", "email": "a@example.com", "stop": "kind:"}, "stop"),
        ({"right": "concern", "email": "a@example.com"}, "details"),
    ],
)  # fmt: skip
def test_the_api_says_which_field_is_wrong(v: Visitor, body: dict[str, Any], field: str) -> None:
    before = len(v.everything())
    answer = decent(v.api(body))
    assert answer.status == 422, answer.text
    said = answer.json()
    assert said["error"] == "invalid_request"
    assert field in said["fields"]
    assert all(isinstance(m, str) and m for m in said["fields"].values())
    assert len(v.everything()) == before


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/json"),
        (b"\x00", "application/json"),
        (b"\xff\xfe\x00", "application/json"),
        (b'{"right":', "application/json"),
        (b"[]", "application/json"),
        (b'"access"', "application/json"),
        (b"null", "application/json"),
        (b"NaN", "application/json"),
        (b'{"right":NaN,"email":Infinity}', "application/json"),
        (b"[" * 100_000, "application/json"),
        (b'{"right":' * 40_000 + b"1" + b"}" * 40_000, "application/json"),
        (b'{"right":"access","email":"\xe9@example.com"}', "application/json"),
        (b'{"right":"access","right":"deletion","email":"twice@example.com"}', "application/json"),
        (b'{"right":1e400,"email":"a@example.com"}', "application/json"),
        (b'{"right":' + b"9" * 10_000 + b"}", "application/json"),
        (b"right=access&email=typed@example.com", FORM),
        (b"right=access&email=typed@example.com", "text/plain"),
        (b"right=access&email=typed@example.com", ""),
        (b'{"right":"access","email":"typed@example.com"}', "text/plain"),
        (b'{"right":"access","email":"typed@example.com"}', "application/json-but-not-quite"),
        (b'{"right":"access","email":"typed@example.com"}', "multipart/form-data; boundary=x"),
        (b"\x1f\x8b\x08", "application/json"),
    ],
)
def test_bad_bodies_to_the_api_are_4xx_in_json(v: Visitor, body: bytes, content_type: str) -> None:
    before = len(v.everything())
    answer = decent(v.call("POST", "/api/requests", body, Content_Type=content_type))
    assert 400 <= answer.status < 500, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json()["error"]
    assert len(v.everything()) == before


@pytest.mark.parametrize(
    "path", ["/requests", "/api/requests", "/links", "/staff/sign-in", f"/verify/{'a' * 43}", f"/review/{'a' * 43}"]
)
def test_ten_megabytes_are_refused(v: Visitor, path: str) -> None:
    kind = "application/json" if "/api" in path else FORM
    answer = decent(v.call("POST", path, b"email=" + b"x" * 10_000_000, Content_Type=kind))
    assert 400 <= answer.status < 500
    assert v.get("/health").status == 200


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\xff\xff", b"right=%ff&email=%00", b"right=access&email=%E9%40example.com", b"&&&===",
        b"right=access;email=a@example.com",
        b"right=access&right=deletion&email=a%40example.com",
        b"right=access&email=a%40example.com&email=b%40example.com",
        b"right=access&email=a%40example.com&colour=red", b"right[]=access&email[]=a%40example.com", b"%" * 500,
        b"right=access&email=a%40example.com&details=" + b"x" * 2001, b"a=1&" * 20_000,
    ],
)  # fmt: skip
def test_bad_forms_show_a_page_that_helps(v: Visitor, body: bytes) -> None:
    before = len(v.everything())
    answer = decent(v.call("POST", "/requests", body, Content_Type=FORM))
    assert 400 <= answer.status < 500, answer.text[:300]
    assert answer.headers["content-type"].startswith("text/html")
    assert len(v.everything()) == before


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "multipart/form-data; boundary=x", "", "x"])
def test_the_form_takes_only_forms(v: Visitor, content_type: str) -> None:
    answer = decent(v.call("POST", "/requests", b"right=access&email=typed@example.com", Content_Type=content_type))
    assert answer.status in (400, 415, 422)


def test_a_wrong_form_comes_back_filled_with_the_error_beside_its_field(v: Visitor) -> None:
    typed = {
        "right": "access",
        "email": "not an address",
        "name": 'Zoë "Z" <b>',
        "details": "first\nsecond & <third>",
        "residence": "US-OR",
    }
    answer = v.post("/requests", {**typed, "scope": "categories", "period": "recent"})
    assert answer.status == 422
    assert 'value="not an address"' in answer.text
    assert "Zoë &#34;Z&#34; &lt;b&gt;" in answer.text
    assert "second &amp; &lt;third&gt;" in answer.text
    assert re.search(r'<option value="US-OR"[^>]*selected', answer.text)
    assert re.search(r'value="categories"[^>]*checked', answer.text)
    assert re.search(r'value="recent"[^>]*checked', answer.text)
    field = re.search(r'<input id="email"[^>]*>', answer.text)[0]
    assert 'aria-invalid="true"' in field
    described = re.search(r'aria-describedby="([^"]+)"', field)[1].split()
    assert any(re.search(rf'id="{d}"[^>]*>[^<]*full email', answer.text) for d in described)
    assert 'href="#email"' in answer.text, "summed on top, with a link to the field"


def test_a_wrong_correction_and_opt_out_come_back_filled(v: Visitor) -> None:
    answer = v.post(
        "/requests", [("right", "correction"), ("email", "x"), ("field", "shop.accounts.city"), ("value", "Óbidos")]
    )
    assert answer.status == 422
    assert re.search(r'<option value="shop.accounts.city"[^>]*selected', answer.text)
    assert 'value="Óbidos"' in answer.text
    answer = v.post(
        "/requests", [("right", "opt_out"), ("email", "x"), ("stop", "post"), ("stop", "kind:offers"), ("pet", "Fig")]
    )
    assert answer.status == 422
    assert re.search(r'value="post"[^>]*checked', answer.text)
    assert re.search(r'value="kind:offers"[^>]*checked', answer.text)
    assert 'value="Fig"' in answer.text


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "X"}, {"name": "李"}, {"name": "🐴"}, {"name": "مريم"},
        {"name": "O'Brien-Ó Súilleabháin, Jr."}, {"name": "  "},
        {"details": "x" * 2000}, {"details": "🐎" * 2000}, {"details": "tab\tand\r\nnewline"},
        {"details": "שלום\u200f, 👩\u200d🌾"},
        {"residence": "US-CA"}, {"residence": "GB"}, {"residence": "DE"}, {"residence": ""}, {"name": None},
        {"period": "recent"}, {"period": "all"}, {"period": "2025-01-01/2025-12-31"}, {"scope": "categories"},
        {"identifier": "J000001", "identifier_kind": "customer_number"},
        {"relationship": "agent", "subject_name": "A", "subject_email": "s@example.com"},
        {"relationship": "parent", "subject_name": "Cleo"},
        {"details": "Robert'); DROP TABLE accounts;--"}, {"form_id": "abc"},
    ],
)  # fmt: skip
def test_unusual_but_good_input_is_taken(v: Visitor, fields: dict[str, Any]) -> None:
    answer = decent(v.api({"right": "access", "email": v.fresh(), **fields}))
    assert answer.status == 202, answer.text


@pytest.mark.parametrize(
    "email",
    ["UPPER.Case@EXAMPLE.com", "plus+tag@example.com", "  spaced@example.com ", "o'neil@example.com", "a@example.com"],
)
def test_unusual_but_good_addresses_are_taken(v: Visitor, email: str) -> None:
    assert decent(v.api({"right": "access", "email": email})).status == 202


def test_too_many_get_429_with_retry_after_and_opt_outs_never_do(v: Visitor) -> None:
    email, seen = v.fresh(), None
    for _ in range(30):
        seen = v.api({"right": "access", "email": email})
        if seen.status != 202:
            break
    assert seen is not None
    assert seen.status == 429
    assert int(seen.headers["retry-after"]) > 0
    assert seen.json()["error"]
    page = v.post("/requests", {"right": "access", "email": email})
    assert page.status == 429
    assert int(page.headers["retry-after"]) > 0
    assert page.headers["content-type"].startswith("text/html")
    for _ in range(5):
        assert v.api({"right": "opt_out", "email": email, "stop": ["email"]}).status == 202, "a stop is never too much"


# -- mail --------------------------------------------------------------------------------------------------------------


def test_the_mailbox_for_programs(v: Visitor) -> None:
    email = v.fresh()
    v.file("access", email)
    v.link(email, "verify")
    mails = v.everything()
    for mail in mails:
        assert {"id", "from", "to", "subject", "text", "html", "sent_at"} <= set(mail)
        assert isinstance(mail["to"], list)
        assert datetime.fromisoformat(mail["sent_at"]).tzinfo
    times = [datetime.fromisoformat(m["sent_at"]) for m in mails]
    assert all(later >= earlier - timedelta(seconds=3) for later, earlier in pairwise(times))
    assert v.mails(email)
    assert all(m["to"] == [email] for m in v.mails(email))
    assert v.mails("no.such@example.com") == []
    assert v.get(f"{v.run['mail_url']}/").status == 200
    assert len({m["id"] for m in mails}) == len(mails)


def test_each_mail_carries_each_link_once_absolute_and_of_one_purpose(v: Visitor) -> None:
    customer = v.customer(1)
    reference, staff = v.in_review("access", customer)
    v.decide(staff, reference, "approve")
    v.link(customer["email"], "results", reference)
    mails = v.everything()
    assert mails
    for mail in mails:
        links = re.findall(rf"{re.escape(v.base)}/([a-z/-]+)/[\w=-]+", mail["text"])
        assert len(links) == len(set(links)) or mail["subject"] == "Your links", (mail["subject"], links)
        hrefs = re.findall(r'href="([^"]+)"', mail["html"])
        ours = [h for h in hrefs if re.search(r"/(?:verify|track|results|review|stop|task|consent|staff)", h)]
        assert all(h.startswith(v.base + "/") for h in ours)
        assert sorted(ours) == sorted(re.findall(rf"{re.escape(v.base)}/\S+", mail["text"])), mail["subject"]
        to_customer = not any(mail["to"][0] == s["email"] for s in v.run["staff"])
        if to_customer and REFERENCE.search(mail["subject"]):
            assert links.count("track") == 1, mail["subject"]
        assert "?" not in "".join(ours), "no query, no address in a link"
        assert "<img" not in mail["html"]
        assert "<script" not in mail["html"]


def inbound(v: Visitor, message: str | bytes) -> int:
    data = message.encode() if isinstance(message, str) else message
    return decent(v.call("POST", f"{v.run['mail_url']}/api/inbound", data, Content_Type="message/rfc822")).status


def test_a_mail_to_the_business_opens_a_request(v: Visitor) -> None:
    email = v.fresh()
    status = inbound(
        v, f"From: {email}\r\nTo: jeffers-privacy@example.com\r\nSubject: California Privacy Rights\r\n"
        "Message-ID: <one@example.com>\r\n\r\nPlease tell me whom you told about me.\r\n",
    )  # fmt: skip
    assert 200 <= status < 300
    assert v.status(v.link(email, "track"))["right"] == "california_disclosure"


def test_remove_by_mail_stops_and_is_confirmed_once(v: Visitor) -> None:
    email = v.fresh()
    for n in range(4):
        inbound(
            v, f"From: {email}\r\nTo: jeffers-privacy@example.com\r\nSubject: REMOVE\r\n"
            f"Message-ID: <{n}.{email}>\r\n\r\n",
        )  # fmt: skip
    assert v.status(v.link(email, "track"))["right"] == "opt_out"
    assert len(v.settled_for(email)) == 1


def test_mail_in_somebodys_name_bombs_nobody(v: Visitor) -> None:
    """Forty mails at once, each another: a few are answered, the rest wait for staff."""
    victim = v.fresh()

    def sending(n: int) -> Callable[[Visitor], int]:
        return lambda each: inbound(
            each, f"From: {victim}\r\nTo: jeffers-privacy@example.com\r\nSubject: Hi {n}\r\n"
            f"Message-ID: <{n}.{victim}>\r\n\r\nDelete my account, quokka {n}.\r\n",
        )  # fmt: skip

    assert set(in_parallel(v.run, [sending(n) for n in range(40)])) == {202}
    assert 1 <= len(v.settled_for(victim)) <= 3
    assert not any("quokka" in mail["text"] for mail in v.mails(victim))


def test_what_nobody_can_read_by_rule_waits_for_signed_in_staff(v: Visitor) -> None:
    inbound(v, f"From: {v.fresh()}\r\nTo: jeffers-privacy@example.com\r\nSubject: Pony\r\n\r\nIt is a sad pony.\r\n")
    notes = [m for s in v.run["staff"] for m in v.settled_for(s["email"]) if "/staff/mail" in m["text"]]
    assert notes
    assert not any("ony" in note["subject"] + note["text"] + note["html"] for note in notes)
    assert v.get("/staff/mail").status == 303


@pytest.mark.parametrize(
    "message",
    [
        b"", b"\x00\xff\xfe", b"no headers at all", b"From: \r\n\r\n", b"From: <>\r\nSubject: x\r\n\r\nbounce",
        b"From: a@example.com\r\nSubject: =?utf-8?b?!!!!?=\r\n\r\n\xff\xfe",
        b"From: a@example.com\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n" * 50,
        b"From: a@example.com, b@example.com\r\nSubject: delete\r\n\r\ndelete my data",
        b"From: a@example.com\r\nContent-Type: text/plain; charset=klingon\r\n\r\nQapla'",
        b"From: a@example.com\r\nContent-Type: text/html\r\n\r\n<script>alert(1)</script>",
        b"From: =?utf-8?q?=00=0d=0aBcc:b@example.com?= <crlf@example.com>\r\nSubject: x\r\n\r\nshow me my data",
    ],
)  # fmt: skip
def test_broken_mail_breaks_nothing(v: Visitor, message: bytes) -> None:
    inbound(v, message)
    assert v.get("/health").status == 200


def test_an_automatic_reply_is_never_answered(v: Visitor) -> None:
    email = v.fresh()
    inbound(
        v, f"From: {email}\r\nTo: jeffers-privacy@example.com\r\nSubject: Out of office: delete my data\r\n"
        "Auto-Submitted: auto-replied\r\n"
        "Message-ID: <auto@example.com>\r\n\r\nPlease delete my data. I am on holiday.\r\n",
    )  # fmt: skip
    assert v.settled_for(email) == []


# -- the road ----------------------------------------------------------------------------------------------------------


def test_access_to_the_end_and_every_get_twenty_times(v: Visitor) -> None:
    customer = v.customer(0)
    email = customer["email"]
    reference = v.file("access", email)
    track, verify = v.link(email, "track", reference), v.link(email, "verify", reference)

    def unmoved(*urls: str) -> None:
        before, mails = v.status(track), v.settled()
        for url in urls:
            first = v.get(url)
            assert first.status == 200, url
            for _ in range(19):
                assert v.get(url).status == 200
        assert v.status(track) == before
        assert v.settled(0.3) == mails

    unmoved(track, verify)
    assert v.post(verify, {}).status == 422, "a confirmation is a choice, not a click"
    v.prove(email, reference, customer["answers"])
    staff = v.reviewer(reference)
    review = v.link(staff, "review", reference)
    unmoved(track, verify, review)
    page = v.get(review).text
    for secret in (email, customer["name"], *customer["answers"].values()):
        assert secret not in page, "GET shows no personal data"
    shown = v.post(review, {"show": "yes"})
    assert shown.status == 200
    assert customer["name"] in shown.text
    v.decide(staff, reference, "approve")
    assert v.until(track)["status"] == "fulfilled"
    results = v.link(email, "results", reference)
    unmoved(track, verify, review, results)
    for secret in (email, customer["name"], *customer["answers"].values()):
        assert secret not in v.get(results).text
    for _ in range(3):
        names = v.package(email, reference).namelist()
        assert "index.html" in names
        assert any(n.endswith(".json") for n in names)
        assert any(n.endswith(".csv") for n in names)


def test_categories_and_periods(v: Visitor) -> None:
    customer = v.customer(1)
    reference, staff = v.in_review("access", customer, scope="categories")
    v.decide(staff, reference, "approve")
    everything = b"".join(map((z := v.package(customer["email"], reference)).read, z.namelist())).decode()
    assert customer["answers"]["order_number"] not in everything, "kinds only"
    reference, staff = v.in_review("access", customer, period="2001-01-01/2001-12-31")
    v.decide(staff, reference, "approve")
    v.until(v.link(customer["email"], "track", reference))


def test_withdraw_is_final_and_reopen_and_undo_do_not_revive_it(v: Visitor) -> None:
    email = v.fresh()
    reference = v.file("deletion", email)
    track, verify = v.link(email, "track", reference), v.link(email, "verify", reference)
    answer = v.post(track + "/withdraw", {})
    assert answer.status == 303
    assert answer.headers["location"].endswith(track.removeprefix(v.base))
    assert v.until(track)["status"] == "withdrawn"
    for act in ("withdraw", "reopen", "undo", "reply", "appeal"):
        decent(v.post(f"{track}/{act}", {"text": "more"} if act in ("reply", "appeal") else {}))
        assert v.status(track)["status"] == "withdrawn", act
    v.post(verify, {"confirm": "yes"})
    assert v.status(track)["status"] == "withdrawn"
    assert v.get(verify).status == 200, "opening it again shows what happened"


@pytest.mark.parametrize("act", ["undo", "reply", "appeal", "reopen"])
def test_an_act_that_does_not_fit_changes_nothing(v: Visitor, act: str) -> None:
    email = v.fresh()
    reference = v.file("access", email)
    track = v.link(email, "track", reference)
    before = v.status(track)
    decent(v.post(f"{track}/{act}", {"text": "now?"} if act in ("reply", "appeal") else {}))
    assert v.status(track) == before


def test_not_me_stops_everything(v: Visitor) -> None:
    customer = v.customer(2)
    email = customer["email"]
    reference, staff = v.in_review("deletion", customer)
    track, results_before = v.link(email, "track", reference), len(v.mails(email))
    review = v.link(staff, "review", reference)
    plan = v.plan(review)
    assert v.post(track + "/not-me", {}).status in (200, 303)
    decent(v.post(review, {"decision": "approve", "plan": plan}))
    new = v.link(email, "track", reference, not_in=frozenset({track}))
    assert v.status(new)["status"] == "frozen"
    assert v.get(track).status in (200, 404, 410)
    assert len(v.settled_for(email)) == results_before + 1, "one mail: it is on hold"
    assert any("me" in m["subject"] and reference in m["subject"] for m in v.mails(staff)), "staff are told"


def test_ask_reply_refuse_appeal(v: Visitor) -> None:
    customer = v.customer(1)
    email = customer["email"]
    reference, staff = v.in_review("access", customer)
    v.decide(staff, reference, "ask", explanation="Which shop was it?")
    track = v.link(email, "track", reference)
    v.until(track, "asked")
    v.answer_mail(email, reference, "Which shop was it?")
    old = v.link(staff, "review", reference)
    for bad in ({}, {"text": ""}, {"text": "x" * 5000}, {"text": "a\x00b"}):
        assert decent(v.post(track + "/reply", bad)).status in (400, 422), bad
    assert v.status(track)["status"] == "asked"
    assert v.post(track + "/reply", {"text": "The one in <b>Dothan</b>"}).status == 303
    v.until(track, "in_review", "gathering")
    review = v.link(staff, "review", reference, not_in=frozenset({old}))
    assert "&lt;b&gt;Dothan" in v.post(review, {"show": "yes"}).text
    assert v.post(review, {"decision": "refuse", "plan": v.plan(review)}).status == 422, "a refusal names its ground"
    assert v.post(review, {"decision": "refuse", "ground": "nonsense", "plan": v.plan(review)}).status == 422
    assert v.post(review, {"decision": "perhaps", "plan": v.plan(review)}).status in (400, 422)
    v.decide(
        staff,
        reference,
        "refuse",
        ground="claim_not_covered",
        explanation="We never kept that.",
        not_in=frozenset({old}),
    )
    assert v.until(track)["status"] == "refused"
    mail = v.answer_mail(email, reference, "We never kept that.")
    assert "appeal" in mail["text"].lower()
    answer = v.post(track + "/appeal", {"text": "You did keep it."})
    assert answer.status == 303
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        asked = [
            m for s in v.run["staff"] if s["email"] != staff for m in v.mails(s["email"]) if "/review/" in m["text"]
        ]
        if any("appeal" in (m["subject"] + m["text"]).lower() for m in asked):
            break
        time.sleep(0.05)
    else:
        pytest.fail("no other member of staff was asked to decide the appeal")


def test_extend_tells_the_reason_and_the_new_day_once(v: Visitor) -> None:
    customer = v.customer(1)
    reference, staff = v.in_review("access", customer)
    track = v.link(customer["email"], "track", reference)
    due = v.status(track)["due_at"]
    review = v.link(staff, "review", reference)
    assert v.post(review, {"decision": "extend", "plan": v.plan(review)}).status == 422, "an extension has a reason"
    v.decide(staff, reference, "extend", explanation="The archive is in a barn.")
    v.answer_mail(customer["email"], reference, "archive is in a barn")
    deadline = time.monotonic() + 5
    while v.status(track)["due_at"] == due and time.monotonic() < deadline:
        time.sleep(0.05)
    assert v.status(track)["due_at"] > due


def test_a_deletion_can_be_undone_in_time(v: Visitor) -> None:
    customer = v.customer(4)
    reference, staff = v.in_review("deletion", customer)
    v.decide(staff, reference, "approve")
    track = v.link(customer["email"], "track", reference)
    v.until(track, "cooling_off")
    v.get(track + "/undo")
    assert v.status(track)["status"] == "cooling_off", "a GET undoes nothing"
    assert v.post(track + "/undo", {}).status == 303
    assert v.until(track)["status"] == "withdrawn"
    reference, staff = v.in_review("access", customer)
    v.decide(staff, reference, "approve")
    package = v.package(customer["email"], reference)
    assert customer["answers"]["order_number"] in b"".join(map(package.read, package.namelist())).decode()


def test_a_concern_is_answered_in_the_words_of_staff(v: Visitor) -> None:
    email = v.fresh()
    reference = v.file("concern", email, details="Your <i>camera</i> worries me")
    v.prove(email, reference)
    staff = v.reviewer(reference)
    review = v.link(staff, "review", reference)
    assert "camera" not in v.get(review).text
    assert "&lt;i&gt;camera" in v.post(review, {"show": "yes"}).text
    assert v.post(review, {"decision": "approve", "plan": v.plan(review)}).status in (409, 422), "an answer has words"
    v.decide(staff, reference, "approve", explanation="We took the camera down.")
    v.answer_mail(email, reference, "We took the camera down.")
    assert v.until(v.link(email, "track", reference))["status"] == "fulfilled"


@pytest.mark.parametrize(
    "stop",
    [
        "email",
        "post",
        "phone",
        "sharing",
        "kind:newsletter",
        "kind:offers",
        "kind:loyalty",
        "kind:catalog",
        "kind:calls",
    ],
)
def test_an_opt_out_is_done_at_once_without_proof(v: Visitor, stop: str) -> None:
    email = v.fresh()
    said = v.api({"right": "opt_out", "email": email, "stop": [stop]})
    assert said.status == 202
    reference = said.json()["reference"]
    assert v.until(v.link(email, "track", reference))["status"] == "fulfilled"
    mail = v.answer_mail(email, reference)
    assert "/verify/" not in mail["text"]
    assert "still come" in mail["text"]


def test_all_stops_and_the_pet_at_once_by_form(v: Visitor) -> None:
    email = v.fresh()
    reference = v.file_by_form(
        "opt_out", email, [("stop", "email"), ("stop", "post"), ("stop", "phone"), ("stop", "sharing"), ("pet", "Fig")]
    )
    assert v.until(v.link(email, "track", reference))["status"] == "fulfilled"
    assert "Fig" not in v.answer_mail(email, reference)["text"], "what a stranger typed is not mailed"


def test_links_again_say_the_same_to_everyone(v: Visitor) -> None:
    known, unknown = v.fresh(), v.fresh()
    reference = v.file("access", known)
    track = v.link(known, "track", reference)
    pages = [v.post("/links", {"email": e}) for e in (known, unknown, v.customer(3)["email"])]
    assert {p.status for p in pages} <= {200, 303}
    assert len({p.text for p in pages}) == 1
    new = v.link(known, "track", not_in=frozenset({track}))
    assert v.status(new)["reference"] == reference
    assert decent(v.post("/links", {"email": "nonsense"})).status == 422


def test_the_tracker_speaks_html_and_json(v: Visitor) -> None:
    email = v.fresh()
    reference = v.file("access", email, name="Quillon Farthing", details="about my mare")
    track = v.link(email, "track", reference)
    page = v.get(track)
    assert page.headers["content-type"].startswith("text/html")
    assert "no-store" in page.headers["cache-control"]
    assert reference in words(page.text)
    for secret in (email, "Quillon", "my mare"):
        assert secret not in page.text
        assert secret not in v.get(track, Accept="application/json").text
    both = v.get(track, Accept="text/html;q=0.9, application/json;q=0.1")
    assert both.headers["content-type"].startswith("text/html")


def test_a_post_answers_in_json_where_asked(v: Visitor) -> None:
    email = v.fresh()
    reference = v.file("access", email)
    track = v.link(email, "track", reference)
    answer = v.post(track + "/withdraw", {}, Accept="application/json")
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json()["status"] == "withdrawn"


# -- staff -------------------------------------------------------------------------------------------------------------


def test_staff_sign_in_by_mailed_link_and_nobody_else(v: Visitor) -> None:
    staff, stranger = v.run["staff"][0]["email"], v.fresh()
    pages = [v.post("/staff/sign-in", {"email": e}) for e in (staff, stranger)]
    assert pages[0].text == pages[1].text
    link = v.link(staff, "staff/sign-in")
    assert v.settled_for(stranger) == []
    for path in ("/staff", "/staff/requests/new"):
        answer = v.get(path)
        assert answer.status in (303, 401, 403)
        assert v.get(path, Cookie="staff=nonsense").status in (303, 401, 403)
    for _ in range(5):
        assert v.get(link).status == 200
        assert "set-cookie" not in v.get(link).headers
    answer = v.post(link, {})
    assert answer.status == 303
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite" in cookie
    again = v.post(link, {})
    assert "set-cookie" not in again.headers, "a sign-in link works once"
    queue = v.get("/staff", Cookie=cookie.split(";")[0])
    assert queue.status == 200
    assert not [c["email"] for c in v.run["customers"] if c["email"] in queue.text]


def test_staff_file_for_a_caller(v: Visitor) -> None:
    email, cookie = v.fresh(), v.signed_in(v.run["staff"][1]["email"])
    day = date.today() - timedelta(days=2)  # noqa: DTZ011
    fields = {"right": "access", "email": email, "channel": "phone", "received_on": day.isoformat()}
    assert v.post("/staff/requests/new", fields).status in (303, 401, 403), "not without signing in"
    assert v.settled_for(email) == []
    for bad in ("2001-01-01", (day + timedelta(days=5)).isoformat(), "yesterday", "2026-02-30", "\x00"):
        answer = decent(v.post("/staff/requests/new", {**fields, "received_on": bad}, Cookie=cookie))
        assert answer.status == 422, bad
    answer = decent(v.post("/staff/requests/new", fields, Cookie=cookie))
    assert answer.status in (200, 303), words(answer.text)[:400]
    tracked = v.status(v.link(email, "track"))
    assert abs(datetime.fromisoformat(tracked["received_at"]) - datetime.now(UTC)) < timedelta(days=3.5)
    assert datetime.fromisoformat(tracked["received_at"]) < datetime.now(UTC) - timedelta(days=1)


def test_quoted_input_in_queries_is_escaped(v: Visitor) -> None:
    cookie = v.signed_in(v.run["staff"][0]["email"])
    for text in ("<script>x</script>", '"><img src=x>', "R-0000-0000", "%", "\x00", "'; drop table", "a" * 5000):
        for name in ("q", "reference", "find", "email"):
            page = decent(v.get(f"/staff?{name}={quote(text)}", Cookie=cookie))
            assert "<script>x" not in page.text
            assert "<img src=x" not in page.text


def test_nothing_said_is_stored(v: Visitor) -> None:
    """After all the bad input above: the mailbox has no mail to the addresses that were only in bad input."""
    v.settled()
    for email in ("typed@example.com", "b@example.com", "twice@example.com"):
        assert not [m for m in [*v.run["seen"], *v.everything()] if email in m["to"]], email
    assert json.loads(v.get("/health").body) == {"status": "ok"}
