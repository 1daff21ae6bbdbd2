"""The pages over the real use cases: a GET changes nothing, a POST acts, every answer is guarded."""

from __future__ import annotations

import json
import re

import pytest

from app import app
from chalicelib.domain.request import Right
from chalicelib.domain.status import Status
from chalicelib.links import Purpose
from chalicelib.usecases import one_click
from tests.web.conftest import EMAIL, Desk

PUBLIC = ["/", "/requests/new", *(f"/requests/new?right={r}" for r in Right), "/requests/received", "/links", "/health",
          "/style.css", "/.well-known/gpc.json", "/staff/sign-in", "/staff", "/staff/requests/new"]  # fmt: skip
DEAD = ["/verify/", "/track/", "/results/", "/stop/", "/review/", "/task/"]
REVIEW = (Status.VERIFYING, Status.GATHERING, Status.IN_REVIEW)


def test_every_route_of_the_contract_is_there() -> None:
    routes = {(path, method) for path, entry in app.routes.items() for method in entry}
    for path in ("/requests", "/api/requests", "/track/{token}/{action}"):
        assert (path, "POST") in routes
    for path in ("/links", "/verify/{token}", "/results/{token}", "/stop/{token}", "/review/{token}", "/task/{token}",
                 "/staff/sign-in", "/staff/sign-in/{token}", "/staff/requests/new"):  # fmt: skip
        assert {(path, "GET"), (path, "POST")} <= routes


@pytest.mark.parametrize("path", [*PUBLIC, *(d + "t" * 43 for d in DEAD)])
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_get_changes_nothing_and_every_answer_is_guarded(desk: Desk, path: str, accept: str) -> None:
    before = desk.state()
    answer = desk.get(path, accept=accept)
    assert answer.status_code in (200, 303, 404)
    assert desk.state() == before
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "max-age" in answer.headers["Strict-Transport-Security"]
    assert "noindex" in answer.headers["X-Robots-Tag"]
    expected = "public, max-age=31536000, immutable" if path == "/style.css" else "no-store"
    assert answer.headers["Cache-Control"] == expected


def test_each_form_shows_only_what_its_right_needs(desk: Desk) -> None:
    names = {r: set(re.findall(r'name="([\w.]+)"', desk.get(f"/requests/new?right={r}").body.decode())) for r in Right}
    assert {"field", "value"} <= names[Right.CORRECTION]
    assert {"stop", "pet"} <= names[Right.OPT_OUT]
    assert {"scope", "period"} <= names[Right.ACCESS]
    assert not {"field", "stop", "scope"} & names[Right.DELETION]
    for right, found in names.items():
        page = desk.get(f"/requests/new?right={right}").body.decode()
        assert page.count(" required") <= 3, "rule 14"
        assert {"email", "right", "form_id"} <= found


def test_a_filed_form_leads_to_what_happens_next(desk: Desk) -> None:
    form = {"right": "access", "email": EMAIL, "form_id": "once-1"}
    answer = desk.post("/requests", form)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/requests/received?right=access")
    again = desk.post("/requests", form)
    assert again.headers["Location"] == answer.headers["Location"], "a double click files once"
    assert b"Please look at your email" in desk.get(answer.headers["Location"]).body


def test_a_wrong_form_comes_back_filled(desk: Desk) -> None:
    answer = desk.post("/requests", {"right": "concern", "email": "kim", "details": "<b>Bella</b>"})
    page = answer.body.decode()
    assert answer.status_code == 422
    assert 'value="kim"' in page
    assert "&lt;b&gt;Bella" in page
    assert 'aria-invalid="true"' in page
    assert 'href="#email"' in page
    assert "<title>Error:" in page


def test_the_api_answers_with_the_clock(desk: Desk) -> None:
    body = json.dumps({"right": "deletion", "email": EMAIL, "residence": "US-CA"}).encode()
    answer = desk.post("/api/requests", body, "application/json")
    assert answer.status_code == 202
    assert set(answer.json_body) == {"reference", "right", "regime", "received_at", "acknowledge_by", "due_at"}


def test_too_many_requests_say_when_to_come_back(desk: Desk) -> None:
    for _ in range(10):
        assert desk.post("/requests", {"right": "access", "email": EMAIL}).status_code == 303
    answer = desk.post("/requests", {"right": "access", "email": EMAIL})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


def test_the_proof_page_asks_and_the_button_proves(desk: Desk) -> None:
    request = desk.file(Right.DELETION, Status.VERIFYING)
    link = desk.link(Purpose.VERIFY, request.reference)
    page = desk.get(link).body.decode()
    assert 'name="answer.postcode"' in page
    assert EMAIL not in page
    assert desk.post(link, {"answer.postcode": "93650"}).status_code == 422, "without the button nothing is confirmed"
    assert desk.post(link, {"confirm": "yes", "answer.shoe_size": "9"}).status_code == 422
    answer = desk.post(link, {"confirm": "yes", "answer.postcode": "93650", "answer.order_number": ""})
    assert answer.status_code == 303
    assert desk.store.get(request.reference).proof.mailbox
    assert b"Thank you" in desk.get(link).body, "opening it again shows what happened"


def test_the_tracker_tells_without_personal_data(desk: Desk) -> None:
    request = desk.file(Right.DELETION, *REVIEW, name="Kim Park")
    link = desk.link(Purpose.TRACK, request.reference)
    before = desk.state()
    page = desk.get(link).body.decode()
    told = desk.get(link, accept="application/json").json_body
    assert desk.state() == before
    assert set(told) == {
        "reference", "right", "status", "reason", "received_at", "due_at", "history"
    }  # fmt: skip
    assert told["status"] == "in_review"
    assert "Kim" not in page + json.dumps(told)
    assert EMAIL not in page + json.dumps(told)
    assert page.count('class="button plain"') == 2, "withdraw and not-me, alike"


def test_taking_it_back_is_one_press(desk: Desk) -> None:
    request = desk.file(Right.DELETION, Status.VERIFYING)
    link = desk.link(Purpose.TRACK, request.reference)
    assert desk.post(f"{link}/withdraw").headers["Location"] == link
    assert desk.store.get(request.reference).status is Status.WITHDRAWN
    assert b"Taken back" in desk.get(link).body


def test_not_me_freezes_and_says_so(desk: Desk) -> None:
    request = desk.file(Right.DELETION, Status.VERIFYING)
    link = desk.link(Purpose.TRACK, request.reference)
    assert b"We have stopped it" in desk.post(f"{link}/not-me").body
    assert desk.store.get(request.reference).status is Status.FROZEN


def test_not_me_after_the_answer_does_not_say_that_nothing_was_done(desk: Desk) -> None:
    request = desk.file(Right.DELETION, Status.FULFILLING, Status.FULFILLED)
    said = desk.post(f"{desk.link(Purpose.TRACK, request.reference)}/not-me").body
    assert b"We have stopped it" not in said
    assert b"Nothing will be sent" not in said


def test_not_me_while_it_is_carried_out_says_that_something_may_be_done(desk: Desk) -> None:
    request = desk.file(Right.DELETION, Status.FULFILLING)
    said = desk.post(f"{desk.link(Purpose.TRACK, request.reference)}/not-me").body
    assert b"what is not done yet is stopped" in said
    assert b"Nothing will be sent" not in said
    assert desk.store.get(request.reference).status is Status.FROZEN


def test_an_empty_reply_is_asked_for_again(desk: Desk) -> None:
    request = desk.file(Right.ACCESS, *REVIEW, Status.ASKED)
    link = desk.link(Purpose.TRACK, request.reference)
    answer = desk.post(f"{link}/reply", {"text": " "})
    assert answer.status_code == 422
    assert b"Write your answer first." in answer.body
    assert desk.post(f"{link}/reply", {"text": "The old one."}).status_code == 303
    assert desk.store.get(request.reference).status is Status.IN_REVIEW


def test_an_unknown_action_is_not_found(desk: Desk) -> None:
    request = desk.file()
    assert desk.post(desk.link(Purpose.TRACK, request.reference) + "/explode").status_code == 404


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
        (b"--b\r\n\r\nOne-Click\r\n--b--", "multipart/form-data; boundary=b"),
        (b"", ""),
    ],
)
def test_one_click_stops_at_once(desk: Desk, body: bytes, kind: str) -> None:
    token = one_click.mint_stop_token(desk.svc.secrets.get("stop"), EMAIL, ["email"])
    before = desk.state()
    assert b"Offers and news by email" in desk.get(f"/stop/{token}").body
    assert desk.state() == before
    assert desk.post(f"/stop/{token}", body, kind).status_code == 200
    assert desk.state() != before


def test_a_token_that_a_mail_program_encoded_still_works(desk: Desk) -> None:
    token = one_click.mint_stop_token(desk.svc.secrets.get("stop"), EMAIL, ["email"])
    encoded = "".join(f"%{ord(c):02X}" for c in token)
    assert desk.get(f"/stop/{encoded}").status_code == 200


def test_a_form_without_a_right_offers_the_choice(desk: Desk) -> None:
    answer = desk.post("/requests", {"email": EMAIL})
    assert answer.status_code == 422
    assert b"Choose what you want to ask." in answer.body
    assert b'href="/requests/new?right=deletion"' in answer.body


def test_a_link_of_another_purpose_opens_nothing(desk: Desk) -> None:
    request = desk.file()
    track = desk.link(Purpose.TRACK, request.reference)
    answer = desk.get(track.replace("/track/", "/results/"))
    assert answer.status_code == 404
    assert b'href="/links"' in answer.body


def test_the_card_shows_nothing_personal_until_asked(desk: Desk) -> None:
    request = desk.file(Right.CONCERN, Status.VERIFYING, Status.GATHERING, Status.IN_REVIEW, details="My dog Bella")
    link = desk.link(Purpose.REVIEW, request.reference, "dana")
    before = desk.state()
    page = desk.get(link).body.decode()
    assert desk.state() == before
    assert "Bella" not in page
    assert EMAIL not in page
    shown = desk.post(link, {"show": "yes"})
    assert b"My dog Bella" in shown.body
    assert desk.store.events(request.reference)[-1].what == "viewed"
    assert desk.post(link, {"decision": "perhaps"}).status_code == 422
    assert desk.post(link, {"decision": "refuse"}).status_code == 422
    empty = desk.post(link, {"decision": "approve", "plan": ""})
    assert empty.status_code == 409
    assert b"Write the answer that the customer will get." in empty.body
    assert b'name="decision"' in empty.body, "the card is there to decide again"
    answer = desk.post(link, {"decision": "refuse", "ground": "other", "explanation": "Because.", "plan": ""})
    assert answer.headers["Location"] == link
    assert b"<strong>Refused</strong>" in desk.get(link).body


def test_staff_sign_in_by_mail_and_see_the_queue(desk: Desk) -> None:
    desk.file(Right.ACCESS)
    assert desk.get("/staff").headers["Location"] == "/staff/sign-in"
    same = [desk.post("/staff/sign-in", {"email": e}).body for e in ("dana@pawsome.example.com", EMAIL)]
    assert same[0] == same[1], "nobody learns who is staff"
    link = desk.link(Purpose.SIGN_IN, None, "dana")
    before = desk.state()
    assert desk.get(link).status_code == 200
    assert desk.state() == before
    cookie = desk.post(link).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Secure" not in cookie, "this desk is served over plain HTTP"
    cookie = cookie.partition(";")[0]
    assert b"Signed in as Dana" in desk.get("/staff", cookie=cookie).body
    assert b"Nothing is open" in desk.get("/staff?reference=R-NOPE", cookie=cookie).body
    assert desk.post(link).status_code == 410, "it works once"


def test_staff_file_for_a_caller(desk: Desk) -> None:
    cookie = desk.post(desk.link(Purpose.SIGN_IN, None, "dana")).headers["Set-Cookie"].partition(";")[0]
    assert desk.post("/staff/requests/new", {"right": "access"}).headers["Location"] == "/staff/sign-in"
    wrong = desk.post("/staff/requests/new", {"right": "access", "channel": "phone"}, cookie=cookie)
    assert wrong.status_code == 422
    assert b"Give the day it came." in wrong.body
    call = {"right": "access", "channel": "phone", "received_on": "2026-11-19", "email": EMAIL}
    assert desk.post("/staff/requests/new", call, cookie=cookie).headers["Location"].startswith("/staff?reference=R-")


def test_the_browser_signal_is_honoured_and_shown(desk: Desk) -> None:
    page = desk.get("/requests/new?right=opt_out", sec_gpc="1").body.decode()
    assert re.search(r'value="sharing" checked', page)
    assert "opt-out request honoured" in page
    assert "opt-out request honoured" not in desk.get("/", sec_gpc="true").body.decode()
    assert desk.get("/.well-known/gpc.json").json_body == {"gpc": True, "lastUpdate": "2026-03-01"}


def test_everyone_gets_the_same_page_for_lost_links(desk: Desk) -> None:
    desk.file()
    assert desk.post("/links", {"email": EMAIL}).body == desk.post("/links", {"email": "nobody@example.com"}).body
