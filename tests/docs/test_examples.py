"""What the pages show works: the tiny business loads, the code runs and does what the page says."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest
import sqlalchemy as sa
from chalice.test import Client

from chalicelib import bootstrap
from chalicelib.businesses.check import unexplained
from chalicelib.businesses.loader import FILES, load
from chalicelib.businesses.model import Business
from chalicelib.domain.identity import Identifier
from chalicelib.domain.request import Channel, Personal, Right
from chalicelib.errors import InvalidRequest
from chalicelib.services import Services
from chalicelib.sources.sql import engine_for, schema_of
from chalicelib.usecases import intake, one_click
from local.serving import serving
from local.walk import Walker
from tests.docs.pages import code, firsts

DESK = "https://privacy.example.com"
WHO = "robin@example.com"


def run(page: str, mark: str) -> dict[str, Any]:
    """The names that a page's block of Python makes."""
    made: dict[str, Any] = {}
    exec(compile(code(page, f"tested: {mark}"), page, "exec"), made)
    return made


@pytest.fixture
def mine(tmp_path: Path) -> str:
    """The README's business, as its reader would write it."""
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in FILES:
        (folder / name).write_text(code("README.md", f"file: {name}"))
    return str(folder)


@pytest.fixture
def business(mine: str) -> Business:
    return load(mine)


@pytest.fixture
def desk(mine: str) -> Services:
    """Made as docs/testing.md says."""
    svc: Services = run("docs/testing.md", "services")["desk"](mine)
    return svc


@pytest.fixture
def database(new_database: Callable[[], str]) -> str:
    """The README's database, with one customer in it and two orders: one to keep, one too old to."""
    url = new_database()
    engine = engine_for(url)
    with engine.begin() as connection:
        for statement in code("README.md", "tested: schema").split(";\n"):
            connection.execute(sa.text(statement))
        connection.execute(sa.text(f"INSERT INTO shop.customers VALUES (1, '{WHO}', 'Robin Reed', '90001', true)"))
        orders = "INSERT INTO shop.orders VALUES (1, 1, 'A-17', CURRENT_DATE - 90), (2, 1, 'A-9', '2015-03-02')"
        connection.execute(sa.text(orders))
    engine.dispose()
    return url


def test_the_tiny_business_explains_its_database(business: Business, database: str) -> None:
    assert business.id == "mine"
    assert unexplained(business.datamap, schema_of(database)) == []


def test_the_tiny_business_runs_whole(mine: str, database: str) -> None:
    """`BUSINESS=./mine DATABASE_URL=…`: access, then deletion, from form to answer."""
    with serving(mine, DATABASE_URL=database) as run:
        walk = Walker(run)
        for right in ("access", "deletion"):
            reference = walk.file_by_form(right, WHO)
            track = walk.link(WHO, "track", reference)
            walk.prove(WHO, reference, {"postcode": "90001", "order_number": "A-17"})
            walk.decide(walk.reviewer(reference), reference, "approve")
            walk.until(track, "fulfilled")
        walk.answer_mail(WHO, reference, "sales and tax records")
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT name, postcode FROM shop.customers").fetchall() == [(None, None)]
        assert connection.execute("SELECT number FROM shop.orders").fetchall() == [("A-17",)]


def test_a_member_token_stands_for_the_proof(desk: Services) -> None:
    member = run("docs/member-page.md", "member_token")
    now = desk.now().timestamp()
    token = _at(now, lambda: member["member_token"](desk.secrets.get("member"), desk.business.id, WHO, now - 60))
    request = intake.file_request(desk, Right.ACCESS, Personal(email=WHO), member_token=token)
    assert request.channel is Channel.MEMBER_PAGE
    assert request.proof.suffices
    assert f'value="{token}"' in member["button"](DESK, "access", WHO, token)


def test_a_member_who_corrects_gets_the_form_with_the_token_in_it(desk: Services) -> None:
    from app import app

    member = run("docs/member-page.md", "member_token")
    now = desk.now().timestamp()
    token = _at(now, lambda: member["member_token"](desk.secrets.get("member"), "mine", WHO, now))
    typed = urlencode({"right": "correction", "email": WHO, "member_token": token})
    headers = {"content-type": "application/x-www-form-urlencoded"}
    with bootstrap.override(desk), Client(app) as client:
        page = client.http.post("/requests", headers=headers, body=typed.encode())
    assert page.status_code == 422
    assert f'name="member_token" value="{token}"' in page.body.decode()
    assert WHO in page.body.decode()


@pytest.mark.parametrize(("minutes", "email"), [(16, WHO), (1, "somebody.else@example.com")])
def test_a_member_token_that_is_stale_or_somebody_elses_is_refused(desk: Services, minutes: int, email: str) -> None:
    member = run("docs/member-page.md", "member_token")
    now = desk.now().timestamp()
    token = _at(now, lambda: member["member_token"](desk.secrets.get("member"), "mine", email, now - 60 * minutes))
    with pytest.raises(InvalidRequest) as refused:
        intake.file_request(desk, Right.ACCESS, Personal(email=WHO), member_token=token)
    assert set(refused.value.fields) == {"member_token"}


def test_the_claims_are_those_the_page_names(desk: Services) -> None:
    import jwt

    member = run("docs/member-page.md", "member_token")
    token = member["member_token"](desk.secrets.get("member"), "mine", WHO, time.time())
    claims = jwt.decode(token, options={"verify_signature": False})
    assert set(claims) == set(firsts("docs/member-page.md", "table: claims"))


def _at(now: float, make: Callable[[], Any]) -> Any:
    """The page's code reads the clock; the desk's stands still in a test."""
    real = time.time
    time.time = lambda: now
    try:
        return make()
    finally:
        time.time = real


def test_a_stop_link_made_as_the_page_says_stops(desk: Services) -> None:
    made = run("docs/stop-links.md", "stop_link")
    link = made["stop_link"](DESK, desk.secrets.get("stop"), WHO, ["email"])
    token = link.removeprefix(f"{DESK}/stop/")
    assert WHO not in link
    assert one_click.stop_page(desk, token) == ("email",)
    assert one_click.stop_by_token(desk, token) == ("email",)
    assert [s.scope for s in desk.store.suppressions(desk.hash(Identifier.of("email", WHO)))] == ["email"]
    assert one_click.stop_by_token(desk, token) == ("email",)


def test_the_pages_recipe_and_ours_open_each_others_links(desk: Services) -> None:
    ours = one_click.mint_stop_token(desk.secrets.get("stop"), WHO, ["kind:offers"])
    assert one_click.stop_page(desk, ours) == ("kind:offers",)
    mail = run("docs/stop-links.md", "stop_link")["with_one_click"](EmailMessage(), f"{DESK}/stop/{ours}")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_client_made_as_the_page_says_asks_the_desk(desk: Services) -> None:
    """The page's whole client, its `urlopen` led to the desk in this process."""
    import io
    from contextlib import closing

    from app import app

    client = run("docs/suppression.md", "ask")
    one_click.stop_by_token(desk, one_click.mint_stop_token(desk.secrets.get("stop"), WHO, ["email"]))
    with bootstrap.override(desk), Client(app) as browser:

        def urlopen(asked: Any) -> Any:
            assert asked.full_url == f"{DESK}/api/suppressions/check"
            answer = browser.http.post("/api/suppressions/check", headers=dict(asked.header_items()), body=asked.data)
            assert answer.status_code == 200, answer.body
            return closing(io.BytesIO(answer.body))

        client["urlopen"] = urlopen
        key, both = desk.secrets.get("check"), ["other@example.com", WHO.upper()]
        ask = lambda scope: client["stopped"](DESK, key, both, scope)  # noqa: E731
        now = desk.now().timestamp()
        assert _at(now, lambda: ask("email")) == {WHO.upper()}
        assert _at(now, lambda: ask("everything")) == set()


def test_a_desk_in_memory_files_a_request(desk: Services) -> None:
    request = intake.file_request(desk, Right.DELETION, Personal(email=WHO))
    assert desk.store.get(request.reference).received_at == datetime(2026, 11, 2, 17, 0, tzinfo=UTC)
    assert desk.now() == request.received_at
