"""The signed question, the way back and the ledger's page, over HTTP."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from chalicelib.domain.identity import Identifier
from chalicelib.domain.ledger import Entry, EntryKind, EntryState, Line, Secret
from chalicelib.domain.plan import Doing
from chalicelib.links import Purpose
from chalicelib.usecases import ledger, screening, signed, suppression
from tests.web.conftest import EMAIL, Desk

ROUTE = "POST /api/suppressions/check"
PATH = "/api/suppressions/check"
BODY = json.dumps({"identifiers": [{"kind": "email", "value": EMAIL}, {"kind": "phone", "value": "415 555 0100"}]})


def ask(desk: Desk, body: str | bytes = BODY, **wrong: str) -> Any:
    raw = body.encode() if isinstance(body, str) else body
    said = {
        "timestamp": str(int(desk.svc.now().timestamp())),
        "nonce": "n" * 16,
        "route": ROUTE,
        "kind": "application/json",
    }
    said |= wrong
    key = said.get("key", "").encode() or desk.svc.secrets.get("check")
    signature = said.get("signature") or signed.sign(key, said["route"], said["timestamp"], said["nonce"], raw)
    return desk.post(
        PATH, said.get("sent", "").encode() or raw, said["kind"], x_rightsdesk_timestamp=said["timestamp"],
        x_rightsdesk_nonce=said["nonce"], x_rightsdesk_signature=signature,
    )  # fmt: skip


def test_a_signed_question_is_answered_in_one_shape(desk: Desk) -> None:
    suppression.suppress(desk.svc, [Identifier.of("email", EMAIL)], ["email"])
    answer = ask(desk)
    assert answer.status_code == 200
    known, unknown = json.loads(answer.body)["results"]
    assert list(known) == list(unknown) == screening.scopes_of(desk.svc.business)
    assert known["email"]
    assert not any(unknown.values())
    assert EMAIL not in answer.body.decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "another key, which is not the desk's"},
        {"signature": "0" * 64},
        {"signature": "é"},
        {"route": "POST /api/requests"},
        {"sent": '{"identifiers": [{"kind": "email", "value": "other@example.com"}]}'},
        {"timestamp": "0"},
        {"timestamp": "1" * 12},
        {"timestamp": "soon"},
        {"nonce": "short"},
        {"nonce": "n" * 65},
    ],
)
def test_what_is_not_signed_as_agreed_is_refused_alike(desk: Desk, wrong: dict[str, str]) -> None:
    before = desk.state()
    answer = ask(desk, **wrong)
    assert answer.status_code == 401
    assert json.loads(answer.body)["error"] == "signature_invalid"
    assert desk.state() == before, "a stranger writes nothing"


def test_a_question_is_answered_once_and_only_while_it_is_fresh(desk: Desk) -> None:
    asked_at = str(int(desk.svc.now().timestamp()))
    assert ask(desk).status_code == 200
    assert ask(desk).status_code == 401
    assert ask(desk, nonce="m" * 16).status_code == 200
    from datetime import timedelta

    desk.svc.clock.forward(timedelta(seconds=300))  # type: ignore[attr-defined]
    assert ask(desk, timestamp=asked_at).status_code == 401, "the nonce is remembered as long as the question is fresh"
    assert ask(desk, timestamp=asked_at, nonce="o" * 16).status_code == 200
    desk.svc.clock.forward(timedelta(seconds=1))  # type: ignore[attr-defined]
    assert ask(desk, timestamp=asked_at, nonce="p" * 16).status_code == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("{}", 422),
        ('{"identifiers": []}', 422),
        ('{"identifiers": "all"}', 422),
        ('{"identifiers": [{"kind": "shoe size", "value": "44"}]}', 422),
        ('{"identifiers": [{"kind": "email", "value": ""}]}', 422),
        ('{"identifiers": [{"kind": "email", "value": "x"}], "reveal": true}', 422),
        (json.dumps({"identifiers": [{"kind": "email", "value": "x"}] * 501}), 422),
        ("[]", 400),
        ("no json", 400),
        (b"\xff", 400),
        ("x" * 300_000, 413),
    ],
)
def test_a_malformed_question_is_told_what_is_wrong(desk: Desk, body: str | bytes, status: int) -> None:
    answer = ask(desk, body)
    assert answer.status_code == status
    assert b"44" not in answer.body, "never what stood there"


def test_five_hundred_at_once(desk: Desk) -> None:
    body = json.dumps({"identifiers": [{"kind": "email", "value": f"p{n}@example.com"} for n in range(500)]})
    assert len(json.loads(ask(desk, body).body)["results"]) == 500


def test_a_get_of_a_stop_link_no_longer_says_what_its_address_stopped(desk: Desk) -> None:
    from chalicelib.usecases.one_click import mint_stop_token

    suppression.suppress(desk.svc, [Identifier.of("email", EMAIL)], ["email"])
    token = mint_stop_token(desk.svc.secrets.get("stop"), EMAIL, ["email"])
    assert json.loads(desk.get(f"/stop/{token}", accept="application/json").body) == {"would_stop": ["email"]}


# -- the way back -----------------------------------------------------------------------------------------------------


def test_a_person_asks_to_hear_again_and_only_the_mailed_button_lifts(desk: Desk) -> None:
    suppression.suppress(desk.svc, [Identifier.of("email", EMAIL)], ["email"])
    page = desk.get("/hear-again").body.decode()
    assert 'name="scope" value="email"' in page
    assert b"Please look at your email" in desk.post("/hear-again", [("email", EMAIL), ("scope", "email")]).body
    link = re.search(r"/hear-again/[\w-]+", desk.mailer.sent[-1].message.decode().replace("=\r\n", ""))
    assert link
    before = desk.state()
    assert b"Let me hear of it again" in desk.get(link[0]).body
    assert desk.state() == before
    assert EMAIL not in desk.get(link[0]).body.decode()
    assert desk.post(link[0], {"confirm": "yes"}).status_code == 200
    assert not any(screening.check(desk.svc, Identifier.of("email", EMAIL)).values())


@pytest.mark.parametrize("fields", [[("email", "kim")], [("email", EMAIL)], [("email", EMAIL), ("scope", "fax")]])
def test_a_wrong_form_comes_back_with_its_fault(desk: Desk, fields: list[tuple[str, str]]) -> None:
    answer = desk.post("/hear-again", fields)
    assert answer.status_code == 422
    assert b'role="alert"' in answer.body
    assert not desk.mailer.sent


# -- the ledger's page ------------------------------------------------------------------------------------------------


@pytest.fixture
def came_back(desk: Desk) -> Entry:
    now = desk.svc.now()
    entry = Entry(
        reference="R-7K2M-Q4TX", source="shop", kind=EntryKind.GONE, digest="d" * 64, at=now, due=now, records=1,
        state=EntryState.RETURNED, found=[Line(collection="customers", doing=Doing.DELETE, count=1)], plan="p" * 64,
    )  # fmt: skip
    ledger.begin(desk.svc, entry, Secret(who=[Identifier.of("email", EMAIL)]))
    return entry


def staff(desk: Desk) -> str:
    member = desk.svc.business.deciders("deletion")[0]  # type: ignore[arg-type]
    session = desk.link(Purpose.SESSION, None, member.id).rpartition("/")[2]
    return f"staff={session}"


def test_staff_see_counts_and_nobody(desk: Desk, came_back: Entry) -> None:
    where = f"/staff/ledger/{came_back.reference}"
    assert desk.get(where).headers["Location"].endswith("/staff/sign-in")
    page = desk.get(where, cookie=staff(desk)).body.decode()
    assert "Delete it again" in page
    assert EMAIL not in page
    said = json.loads(desk.get(where, cookie=staff(desk), accept="application/json").body)
    assert said["entries"][0]["state"] == "returned"
    assert "sealed" not in said["entries"][0]
    assert desk.get("/staff/ledger/R-0000-0000", cookie=staff(desk)).status_code == 404


def test_staff_decide_once(desk: Desk, came_back: Entry) -> None:
    where, cookie = f"/staff/ledger/{came_back.reference}", staff(desk)
    form = {"entry": came_back.name, "plan": str(came_back.plan), "do": "erase"}
    assert desk.post(where, form).headers["Location"].endswith("/staff/sign-in")
    assert desk.post(where, form, cookie=cookie, sec_fetch_site="cross-site").status_code == 403
    assert desk.post(where, {**form, "plan": "other"}, cookie=cookie).status_code == 409
    assert desk.post(where, {**form, "do": "shred"}, cookie=cookie).status_code == 422
    assert desk.post(where, form, cookie=cookie).status_code == 303
    assert desk.svc.store.entries(came_back.reference)[0].state is EntryState.ERASING
    assert desk.post(where, {**form, "do": "leave"}, cookie=cookie).status_code == 409, "it is decided"
