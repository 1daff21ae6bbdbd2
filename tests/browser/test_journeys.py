"""Customers and staff at Chromium, on the laptop run: by keyboard, without JavaScript, impatient, twice, too late."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser

from local.serving import serving
from local.walk import Walker
from tests.browser import chromium
from tests.browser.person import Person, customer, references
from tests.outside.visitor import Visitor

pytestmark = pytest.mark.slow
ARRIVE = Callable[..., Person]


@pytest.fixture(scope="module")
def walk(browser: Browser) -> Iterator[Walker]:
    with serving("jeffers") as run:
        yield Walker(run)


@pytest.fixture
def arrive(browser: Browser, walk: Walker) -> Iterator[ARRIVE]:
    """Somebody new comes: `how` as chromium.visitor."""
    with ExitStack() as stack:

        def come(**how: Any) -> Person:
            page = stack.enter_context(chromium.visitor(browser, **how))
            return Person(page, walk, judges=how.get("java_script_enabled", True))

        yield come


def fresh(name: str) -> str:
    return f"{name}{time.monotonic_ns()}@example.com"


def test_access_from_the_start_page_to_the_file_by_keyboard_alone(arrive: ARRIVE, walk: Walker) -> None:
    who, one = customer(walk, 0), arrive()
    one.open("/")
    one.enter('a[href$="right=access"]')
    assert one.page.locator("[required]").count() <= 3
    one.type_into("[name=email]", who["email"])
    one.enter("form button")
    assert "look at your email" in one.heading()

    one.open(walk.link(who["email"], "verify"))
    for point in re.findall(r'name="answer\.([\w-]+)"', one.page.content()):
        one.type_into(f'[name="answer.{point}"]', who["answers"].get(point, ""))
    if one.page.locator("[name=declare]").count():
        one.tab_to("[name=declare]")
        one.page.keyboard.press("Space")
        one.type_into("[name=signature]", who["name"])
    one.enter("[name=confirm]")
    (reference,) = references(walk, who["email"])

    staff = arrive(color_scheme="dark", viewport=chromium.DESKTOP)
    staff.open(walk.link(walk.reviewer(reference), "review", reference))
    assert who["email"] not in staff.page.content()
    staff.enter("[name=show]")
    assert who["email"] in staff.page.content()
    staff.enter("[name=decision][value=approve] ~ button")
    assert "Approve" in staff.page.locator(".note").first.inner_text()

    one.open(walk.link(who["email"], "results", reference))
    one.tab_to("form button")
    with one.page.expect_download() as file:
        one.page.keyboard.press("Enter")
    assert file.value.suggested_filename.endswith(".zip")
    one.open(walk.link(who["email"], "track", reference))
    assert one.heading().startswith("Done")


def test_a_deletion_and_its_undoing_without_javascript(arrive: ARRIVE, walk: Walker) -> None:
    who, one = customer(walk, 1), arrive(java_script_enabled=False, color_scheme="dark")
    known = references(walk, who["email"])
    one.open("/requests/new?right=deletion")
    one.page.get_by_label("Your email address").fill("nobody")
    one.press("Send")
    assert one.page.title().startswith("Error: ")
    assert one.page.locator("[name=email]").input_value() == "nobody", "what was typed stays"
    one.page.get_by_label("Your email address").fill(who["email"])
    one.press("Send")
    one.prove(walk.link(who["email"], "verify"), who["answers"])
    (reference,) = references(walk, who["email"]) - known

    staff = arrive(java_script_enabled=False)
    staff.open(walk.link(walk.reviewer(reference), "review", reference))
    staff.page.get_by_text("Ask back").click()
    staff.page.locator("#explanation-ask").fill("Do you mean all of it?")
    staff.press("Send the question")
    track = walk.link(who["email"], "track", reference)
    walk.until(track, "asked")
    one.open(track)
    one.page.get_by_label("Your answer").fill("Yes. 🐴 شكرا")
    one.press("Send my answer")
    one.open(track)
    one.press("That wasn’t me")
    assert walk.until(track, "frozen")["status"] == "frozen"


def test_stopping_mail_on_a_phone_in_the_dark(arrive: ARRIVE, walk: Walker) -> None:
    """Nothing ticked is said beside what to tick; once it is done, the way back is the form again."""
    email, one = fresh("stop"), arrive(color_scheme="dark")
    one.open("/requests/new?right=opt_out")
    one.page.get_by_label("Your email address").fill(email)
    one.press("Stop it")
    assert one.page.locator("#stop .fault").is_visible()
    one.page.locator("[name=stop]").first.check()
    one.press("Stop it")
    assert one.heading().startswith("Done")
    walk.link(email, "track")
    one.page.go_back()
    one.look()
    assert len(references(walk, email)) == 1


def test_double_click_and_the_way_back_make_one_request(arrive: ARRIVE, walk: Walker) -> None:
    email, one = fresh("twice"), arrive()
    one.open("/requests/new?right=concern")
    one.page.get_by_label("Your email address").fill(email)
    one.page.get_by_label("What worries you?").fill("Too many catalogs, O’Brien <b>🐾 كثيرة")
    one.page.get_by_role("button", name="Send", exact=True).dblclick()
    one.page.wait_for_url("**/requests/received*")
    walk.link(email, "verify")
    one.page.reload()
    one.look()
    assert len(references(walk, email)) == 1
    one.page.go_back()
    assert one.page.locator("form").count() == 1, "no dead end, no question whether to send again"
    one.page.go_forward()
    one.look()
    assert len(references(walk, email)) == 1


def test_two_tabs_decide_once(arrive: ARRIVE, walk: Walker) -> None:
    who = customer(walk, 0)
    reference = walk.file("access", who["email"], scope="categories")
    walk.prove(who["email"], reference, who["answers"])
    link = walk.link(walk.reviewer(reference), "review", reference)
    one, other = arrive(), arrive(viewport=chromium.DESKTOP)
    one.open(link)
    other.open(link)
    other.page.get_by_text("Refuse", exact=True).first.click()
    other.page.locator("#ground-refuse").select_option("other")
    other.page.locator("#explanation-refuse").fill("Because.")
    one.press("Approve")
    other.press("Refuse")
    assert walk.until(walk.link(who["email"], "track", reference))["status"] == "fulfilled"
    other.open(link)
    assert other.page.get_by_role("button", name="Refuse").count() == 0


def test_a_mail_scanner_that_opens_every_link_in_a_browser_changes_nothing(arrive: ARRIVE, walk: Walker) -> None:
    who = customer(walk, 3)
    reference = walk.file("deletion", who["email"])
    lead = walk.run["staff"][0]["email"]
    walk.post("/staff/sign-in", {"email": lead})
    sign_in, track = walk.link(lead, "staff/sign-in"), walk.link(who["email"], "track", reference)
    Visitor(walk.run).settled(1)
    mails = walk.get(f"{walk.run['mail_url']}/api/messages").json()
    before = walk.status(track)
    links = {u for m in mails for u in re.findall(rf"{walk.run['base_url']}/[^\s\"<]+", m["text"] + m["html"])}
    scanner = arrive()
    for link in sorted(links):
        scanner.page.goto(link)
        scanner.page.goto(link)
        assert scanner.page.locator("h1").count() == 1
    assert walk.status(track) == before
    assert len(walk.get(f"{walk.run['mail_url']}/api/messages").json()) == len(mails)
    staff = arrive()
    staff.open(sign_in)
    staff.press("Sign in")
    assert staff.heading() == "Open requests", "the scanner did not use it up"


def test_staff_sign_in_file_for_a_caller_find_it_and_look_round(arrive: ARRIVE, walk: Walker) -> None:
    """A link that signed somebody in signs nobody else in."""
    lead, caller = walk.run["staff"][0]["email"], fresh("caller")
    staff, other = arrive(viewport=chromium.DESKTOP), arrive()
    staff.open("/staff/sign-in")
    staff.page.get_by_label("Work email address").fill(lead)
    used = frozenset(re.findall(r"\S+/staff/sign-in/\S+", " ".join(m["text"] for m in walk.mails(lead))))
    staff.press("Mail me a link")
    link = walk.link(lead, "staff/sign-in", not_in=used)
    staff.open(link)
    staff.press("Sign in")
    other.open(link)
    if other.page.get_by_role("button", name="Sign in").count():
        other.press("Sign in")
    assert "Open requests" not in other.page.content()

    staff.page.get_by_role("link", name="File for a caller").click()
    staff.look()
    staff.page.get_by_role("link", name="See my data").click()
    staff.look()
    staff.page.get_by_label("How it reached you").select_option("phone")
    staff.page.get_by_label("The day it came").fill(time.strftime("%Y-%m-%d"))
    staff.page.get_by_label("Their email address").fill(caller)
    staff.press("Send")
    walk.link(caller, "verify")
    (reference,) = references(walk, caller)
    for path in ("/staff", "/staff/mail", "/staff/metrics"):
        staff.open(path)
    staff.open("/staff")
    staff.page.get_by_label("Reference").fill(reference.lower())
    staff.press("Find")
    staff.press(f"Open {reference}")
    assert reference in staff.page.content()


def test_the_gallery_paints_a_mail_light_and_dark(arrive: ARRIVE, walk: Walker) -> None:
    one = arrive(viewport=chromium.DESKTOP)
    one.open(f"{walk.run['mail_url']}/gallery?mail=refused")
    ground = "frame => getComputedStyle(frame).backgroundColor"
    light, dark = (one.page.locator(f'iframe[src$="{scheme}"]').evaluate(ground) for scheme in ("light", "dark"))
    assert light == "rgb(255, 255, 255)"
    assert dark != light
    one.open(f"{walk.run['mail_url']}/")


def test_a_spent_or_broken_link_says_what_to_do(arrive: ARRIVE, walk: Walker) -> None:
    who, one = customer(walk, 3), arrive()
    reference = walk.file("access", who["email"])
    link = walk.link(who["email"], "verify", reference)
    one.prove(link, who["answers"])
    one.open(link)
    assert one.page.get_by_role("button", name="Yes, it was me").count() == 0, "a spent link shows what happened"
    for path in ("verify", "track", "results", "review"):
        one.open(f"/{path}/{'x' * 43}")
        assert one.page.get_by_role("link", name="Send me a new link").count() == 1 or path == "review"
    one.open("/links")
    one.page.get_by_label("Your email address").fill(who["email"])
    one.press("Send my links")
    assert "look at your email" in one.heading()
