"""What Microkitten promises, each promise walked from its form to what stands in the shop's database."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from chalice.test import Client

from app import app
from chalicelib import bootstrap, links
from chalicelib.adapters.memory import SteadyChance
from chalicelib.adapters.memory_store import MemoryStore
from tests.promises.conftest import Desk
from tests.promises.evidence import (
    Clerk,
    Seen,
    changed,
    keys,
    never_mailed,
    plain,
    recording,
    signed_in,
    stop_link,
    tables,
    whole,
    written,
)
from tests.web import samples

BUSINESS = "microkitten"
ZONE = ZoneInfo("America/Los_Angeles")
SERVICE = "otis.brackenbury@example.com"


@pytest.fixture(scope="module", autouse=True)
def seen(desk: Desk) -> Seen:
    return recording(desk)


@pytest.fixture(scope="module")
def clerk(desk: Desk) -> Clerk:
    return signed_in(desk, SERVICE)


def buyer(desk: Desk, where: str, *given: Any) -> dict[str, Any]:
    """A customer with an order, other than those of run.json."""
    shown = [c["email"] for c in desk.customers]
    who = desk.rows(
        "SELECT c.*, o.number AS order_number, o.total, o.id AS order_id FROM store.customers c "
        f"JOIN store.orders o ON o.customer_id = c.id WHERE NOT c.email = ANY(%s) AND {where} "
        "ORDER BY c.id, o.id LIMIT 1",
        shown,
        *given,
    )[0]
    points = {"order_number": who["order_number"], "order_total": str(who["total"]), "postcode": who["postcode"]}
    return who | {"answers": points}


def test_mkt_1_identity_is_confirmed_before_help(desk: Desk, clerk: Clerk) -> None:
    """Whether customer service files for a caller or the customer does: the same questions, and nothing before them."""
    who, walk = buyer(desk, "c.phone IS NOT NULL"), desk.walk
    before = tables(desk)
    mistyped = {"field": "store.customers.street", "value": "8 Whisker Walk"}
    by_service = clerk.file(
        "correction", channel="phone", received_on=datetime.now(ZONE).date(), email=who["email"], **mistyped
    )
    herself = walk.file("access", who["email"])
    asked = written(BUSINESS, "business")["rights"]["correction"]["questions"]
    for reference in (by_service, herself):
        link = walk.link(who["email"], "verify", reference)
        page = walk.get(link).text
        assert re.findall(r'name="answer\.(\w+)"', page) == asked
        assert not [v for v in (who["name"], who["street"], who["phone"], *who["answers"].values()) if v in page]
        walk.post(link, {"confirm": "yes", "answer.order_number": "K000-0000"})
        walk.link(who["email"], "verify", reference, not_in=frozenset({link}))
        assert all(never_mailed(desk, m["email"], reference, "review") for m in desk.run["staff"])
    assert changed(before, tables(desk)) == {}
    walk.prove(who["email"], by_service, who["answers"])
    walk.decide(walk.reviewer(by_service), by_service, "approve")
    walk.until(walk.link(who["email"], "track", by_service), "fulfilled")
    assert changed(before, tables(desk)) == {"store.customers": {who["id"]}}
    assert keys(desk, "SELECT street FROM store.customers WHERE id = %s", who["id"]) == {"8 Whisker Walk"}


def test_mkt_1_nobody_looks_through_the_letters_before_identity_is_confirmed(desk: Desk) -> None:
    """Then somebody does, by hand, and what they copy is in the package, with what they typed."""
    who = buyer(desk, "c.phone IS NOT NULL")
    reference = desk.walk.file("access", who["email"])
    wrong = dict.fromkeys(who["answers"], "nothing like it")
    first = desk.walk.prove(who["email"], reference, wrong)
    track = desk.walk.link(who["email"], "track", reference)
    desk.walk.until(track, "verifying")
    desk.walk.link(who["email"], "verify", reference, not_in=frozenset({first}))  # the first one is spent
    assert not [m for m in desk.walk.mails(SERVICE) if reference in m["subject"] and "/task/" in m["text"]]

    desk.walk.prove(who["email"], reference, who["answers"])
    task = desk.walk.task(reference)
    assert who["email"] not in desk.walk.get(task).text
    assert who["email"] in desk.walk.post(task, {"show": "yes"}).text
    scan = b"%PDF-1.7 a letter of thanks"
    desk.walk.answer_task(task, "done", files={"Thanks.pdf": scan}, **{"found.letters": "A letter of thanks"})
    assert desk.walk.answer_task(task, "none").status == 303
    assert "something is there" in desk.walk.get(task).text
    desk.walk.decide(desk.walk.reviewer(reference), reference, "approve")
    desk.walk.until(track, "fulfilled")
    with desk.walk.package(who["email"], reference) as package:
        assert package.read("attached/letters/Thanks.pdf") == scan
        assert "A letter of thanks" in package.read("index.html").decode()


def test_mkt_2_nobody_was_told_for_their_own_advertising(desk: Desk) -> None:
    """The Californian's answer is none, to anybody's mailbox and without questions, and says what that is not."""
    lavinia, walk = desk.customers[0], desk.walk
    reference = walk.file("california_disclosure", lavinia["email"], residence="US-CA")
    assert 'name="answer.' not in walk.get(walk.link(lavinia["email"], "verify", reference)).text
    walk.prove(lavinia["email"], reference)
    walk.decide(walk.reviewer(reference), reference, "approve")
    mail = walk.answer_mail(lavinia["email"], reference, "The answer is: none")
    year = datetime.now(ZONE).year - 1
    assert f"In {year} we gave no personal information to any other company" in mail["text"]
    assert "This does not speak of companies that work for us" in mail["text"]
    recipients = written(BUSINESS, "sharing")["recipients"].values()
    assert not [r["name"] for r in recipients if r["name"] in mail["text"]]


def test_mkt_2_who_helps_us_and_for_what(desk: Desk) -> None:
    """Access lists each company that holds this person's data with its purpose, and each choice with its day."""
    lavinia, walk = desk.customers[0], desk.walk
    reference, ended = desk.answered("access", lavinia, residence="US-CA")
    assert ended["status"] == "fulfilled"
    with walk.package(lavinia["email"], reference) as package:
        data, page = json.loads(package.read("data.json")), plain(package.read("index.html").decode())
    sharing = written(BUSINESS, "sharing")["recipients"]
    assert {r["id"]: r["purpose"] for r in data["recipients"]} == {id: r["purpose"] for id, r in sharing.items()}
    for company in sharing.values():
        assert company["name"] in page
        assert company["purpose"] in page
    agreed = desk.rows("SELECT * FROM notices.consents WHERE email = %s", lavinia["email"])
    assert len(agreed) == 3
    notices = next(s for s in data["sources"] if s["id"] == "notices")["collections"]
    told = next(c for c in notices if c["id"] == "consents")["records"]
    assert {(c["kind"], c["agreed_on"], c["wording"]) for c in told} == {
        (row["kind"], str(row["agreed_on"]), row["wording"]) for row in agreed
    }


def test_mkt_2_a_choice_can_be_taken_back(desk: Desk) -> None:
    """One kind by the link in its own mail, or all by the form; what was not chosen stays unchosen."""
    walk = desk.walk
    one, other = desk.rows(
        "SELECT * FROM notices.choices WHERE sales AND new_things AND email <> %s ORDER BY id DESC LIMIT 2",
        desk.customers[0]["email"],
    )
    before = tables(desk)
    assert walk.post(stop_link(desk, one["email"], ["kind:sales"]), {"List-Unsubscribe": "One-Click"}).status == 200
    reference = walk.file_by_form("opt_out", other["email"], [("stop", "email")])
    walk.until(walk.link(other["email"], "track", reference), "fulfilled")
    walk.until(walk.link(one["email"], "track"), "fulfilled")
    after = {row["id"]: row for row in desk.rows("SELECT * FROM notices.choices")}
    assert after[one["id"]] == one | {"sales": False}
    assert after[other["id"]] == other | {"sales": False, "new_things": False, "partner_offers": False}
    change = changed(before, tables(desk))
    theirs = keys(desk, "SELECT id FROM notices.consents WHERE email IN (%s, %s)", one["email"], other["email"])
    assert change.pop("notices.consents", set()) <= theirs  # where the shop may note the day it was taken back
    assert change == {"notices.choices": {one["id"], other["id"]}}
    mail = walk.answer_mail(other["email"], reference, "These mails will still come")
    kinds = written(BUSINESS, "business")["kinds"].values()
    still = mail["text"].split("These mails will still come:")[1]
    assert [k["title"] for k in kinds if k["title"] in still] == [k["title"] for k in kinds if "why_not" in k]


def test_mkt_3_a_cookie_is_who_one_is(desk: Desk) -> None:
    """A browser that never signed in is named by its cookie: partner sites stop recognising it, and it alone."""
    walk = desk.walk
    visitors = desk.places()["site.visitors"]
    browser = next(v for v in visitors if "email" not in v and v["partner_sites"])
    before = tables(desk)
    writer = "a.visitor@example.com"
    reference = walk.file(
        "opt_out", writer, stop=["sharing"], identifier=browser["cookie_id"], identifier_kind="cookie"
    )
    walk.until(walk.link(writer, "track", reference), "fulfilled")
    assert changed(before, tables(desk)) == {"site.visitors": {browser["cookie_id"]}}
    assert tables(desk)["site.visitors"][browser["cookie_id"]] == browser | {"partner_sites": False}


def test_mkt_3_visits_are_shown_and_forgotten(desk: Desk) -> None:
    """What a signed-in browser looked at is in the package under its cookie, and gone with a deletion."""
    site = desk.places()
    signed_in = sorted({v["email"].lower() for v in site["site.visitors"] if "email" in v})
    who = buyer(desk, "c.email = ANY(%s)", signed_in)
    walk = desk.walk
    cookies = {v["cookie_id"] for v in site["site.visitors"] if v.get("email", "").lower() == who["email"]}
    visits = {v["id"] for v in site["site.visits"] if v["cookie_id"] in cookies}
    reference, ended = desk.answered("access", who)
    assert ended["status"] == "fulfilled"
    with walk.package(who["email"], reference) as package:
        site = next(s for s in json.loads(package.read("data.json"))["sources"] if s["id"] == "site")["collections"]
    assert {c["id"]: c["count"] for c in site} == {"visitors": len(cookies), "visits": len(visits)}
    assert {r["cookie_id"] for c in site for r in c["records"]} == cookies

    before = tables(desk)
    orders = keys(desk, "SELECT id FROM store.orders WHERE customer_id = %s", who["id"])
    reference, ended = desk.answered("deletion", who)
    assert ended["status"] == "fulfilled"
    change = changed(before, tables(desk))
    assert change["site.visitors"] == cookies
    assert change["site.visits"] == visits
    assert not cookies & tables(desk)["site.visitors"].keys()
    assert change["store.customers"] == {who["id"]}
    assert change.get("store.orders", set()) <= orders
    # Whoever else is in the shop is untouched.
    mine = {row["id"] for row in before["store.messages"].values() if row["email"] == who["email"]}
    assert change.get("store.messages", set()) <= mine
    for table in ("notices.choices", "notices.consents"):
        assert all(before[table][k]["email"].lower() == who["email"] for k in change.get(table, ()))
    assert all(before["store.order_lines"][k]["order_id"] in orders for k in change.get("store.order_lines", ()))
    assert all(before["store.gifts"][k]["order_id"] in orders for k in change.get("store.gifts", ()))
    walk.answer_mail("whiskerlink-privacy@example.com", reference, "/task/")


def test_mkt_4_gift_recipients_are_masked_for_the_buyer(desk: Desk) -> None:
    """The buyer's package has the gift and the card; whom it went to only by first letters."""
    lavinia, walk = desk.customers[0], desk.walk
    gift = desk.rows(
        "SELECT g.* FROM store.gifts g JOIN store.orders o ON o.id = g.order_id WHERE o.email = %s", lavinia["email"]
    )[0]
    reference, _ = desk.answered("access", lavinia)
    text = whole(walk.package(lavinia["email"], reference))
    assert gift["item"] in text
    assert not [v for k, v in gift.items() if k.startswith("recipient_") and v and len(v) > 2 and v in text]
    assert "s•••@•••" in text


def test_mkt_4_the_recipient_can_ask_and_be_forgotten(desk: Desk) -> None:
    """He sees his name and address and not what others wrote; then they are gone, and the buyer's order stands."""
    silas, walk = desk.customers[3], desk.walk
    gift = desk.rows("SELECT * FROM store.gifts WHERE recipient_email = %s", silas["email"])[0]
    reference, ended = desk.answered("access", silas)
    assert ended["status"] == "fulfilled"
    text = whole(walk.package(silas["email"], reference))
    assert gift["recipient_street"] in text
    assert gift["card_text"] not in text
    assert desk.customers[0]["email"] not in text
    before = tables(desk)
    reference, ended = desk.answered("deletion", silas)
    assert ended["status"] == "fulfilled"
    assert changed(before, tables(desk)) == {"store.gifts": {gift["id"]}}
    left = desk.rows("SELECT * FROM store.gifts WHERE id = %s", gift["id"])[0]
    assert not [k for k, v in gift.items() if k.startswith("recipient_") and v and left[k] == v]
    assert (left["item"], left["order_id"], left["shipped_on"]) == (gift["item"], gift["order_id"], gift["shipped_on"])
    walk.answer_mail("pawpost-data@example.com", reference, "/task/")


def test_mkt_5_personal_pages_only_over_an_encrypted_connection(desk: Desk, seen: Seen, clerk: Clerk) -> None:
    """Every answer demands HTTPS from then on and is kept by nobody; no address says who somebody is."""
    lavinia, walk = desk.customers[0], desk.walk
    _, track = desk.filed_and_proven("access", lavinia)
    walk.get(track)
    walk.file_by_form("concern", lavinia["email"], [("details", "Why do you know my street?")])
    for page in ("/", "/requests/new?right=deletion", "/links", "/staff", "/staff/sign-in", "/track/no-such-link-here"):
        walk.get(page)
    ours = [a for a in seen.answers if "x-amz-expires" not in a.headers and "content-disposition" not in a.headers]
    assert len(ours) > 10
    for answer in ours:
        seconds = re.search(r"max-age=(\d+)", answer.headers["strict-transport-security"])
        assert seconds
        assert timedelta(seconds=int(seconds[1])) >= timedelta(days=365)
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(clerk.set_cookie.split("; "))
    people = [c["email"] for c in desk.customers] + [c["name"].split()[1] for c in desk.customers] + ["example.com"]
    links = [url for mail in seen.mails() for url in re.findall(r"https?://[^\s\"<>]+", mail["text"] + mail["html"])]
    ways = [url for url in [*seen.urls, *links] if "/privacy" not in url and "example.com/microkitten" not in url]
    assert len(ways) > 20
    assert not [url for url in ways if any(person.lower() in url.lower() for person in people)]


def test_mkt_5_a_session_travels_encrypted_only() -> None:
    """Served where it is meant to be, under https, the cookie of a session never leaves in the clear."""
    made = samples.services()
    svc = replace(
        made, settings=made.settings.model_copy(update={"public_url": "https://privacy.example.com"}),
        store=MemoryStore(made.clock), chance=SteadyChance(),
    )  # fmt: skip
    token = svc.chance.token()
    svc.store.put_links([links.mint(token, links.Purpose.SIGN_IN, svc.business.staff[0].id, None, svc.now())])
    with bootstrap.override(svc), Client(app) as client:
        said = client.http.post(f"/staff/sign-in/{token}").headers
    assert said["Set-Cookie"].startswith("__Host-staff=")
    assert "Secure" in said["Set-Cookie"].split("; ")


def test_mkt_6_only_aggregated_statistics(desk: Desk, clerk: Clerk) -> None:
    """The metrics name nobody, tell no small number, and are for those who are signed in."""
    lavinia, walk, cookie = desk.customers[0], desk.walk, clerk.set_cookie.split(";")[0]
    walk.file("concern", lavinia["email"], name=lavinia["name"], details="About my visits")
    told = walk.get("/staff/metrics", Cookie=cookie)
    assert told.status == 200
    assert "fewer than 5" in told.text
    rows = walk.get("/staff/metrics", Cookie=cookie, Accept="application/json").json()["rights"]
    numbers = [n for row in rows for name, n in row.items() if isinstance(n, int) and not name.endswith("_days")]
    assert not [n for n in numbers if 0 < n < 5]
    assert "fewer than 5" in {row["received"] for row in rows}
    for text in (told.text, walk.get("/staff/metrics?format=csv", Cookie=cookie).text):
        assert not [c for c in desk.customers if c["email"] in text or c["name"] in text]
        assert "R-" not in text
    assert walk.get("/staff/metrics").status == 303
