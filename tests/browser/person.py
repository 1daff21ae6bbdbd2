"""A person at Chromium in front of a running system: pages by browser, mails by the mailbox.

Every page that is come to is judged by axe on the way. Leaves to others: what the road is (local/walk).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

from local.walk import Walker
from tests.browser import chromium

STOPS = 120
"""Presses of Tab after which a page has no such thing."""


@dataclass
class Person:
    page: Page
    walk: Walker
    judges: bool = True
    """Off where scripts are: axe is one."""

    def open(self, url: str) -> Page:
        self.page.goto(url if "://" in url else self.walk.run["base_url"] + url)
        self.look()
        return self.page

    def look(self) -> None:
        """The page is whole, and nobody is shut out of it."""
        assert self.page.locator("h1").count() == 1
        if self.judges:
            assert chromium.wrong(self.page) == [], self.page.url
            assert chromium.sideways(self.page) == 0, self.page.url

    def heading(self) -> str:
        return self.page.locator("h1").inner_text()

    def press(self, label: str) -> None:
        """Click a button by its words, and look at what comes."""
        self.page.get_by_role("button", name=label, exact=True).first.click()
        self.page.wait_for_load_state()
        self.look()

    # -- by keyboard alone ------------------------------------------------------------------------------------------

    def tab_to(self, selector: str) -> None:
        """Press Tab until the keyboard is there. Fails if it never comes there."""
        for _ in range(STOPS):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
        raise AssertionError(f"Tab does not reach {selector} on {self.page.url}")

    def type_into(self, selector: str, text: str) -> None:
        self.tab_to(selector)
        self.page.keyboard.type(text)

    def enter(self, selector: str) -> None:
        """Go to a link or button and press Enter; the page that follows."""
        self.tab_to(selector)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        self.look()

    # -- facts ------------------------------------------------------------------------------------------------------

    def prove(self, link: str, answers: dict[str, str]) -> None:
        """The mailed page, answered with a pointer."""
        self.open(link)
        for point, said in answers.items():
            field = self.page.locator(f'[name="answer.{point}"]')
            if field.count():
                field.fill(said)
        if self.page.locator("[name=declare]").count():
            self.page.locator("[name=declare]").check()
            self.page.locator("[name=signature]").fill("Signed by the customer")
        self.press("Yes, it was me")


def references(walk: Walker, email: str) -> set[str]:
    """The requests that mails to this address are about."""
    subjects = " ".join(mail["subject"] for mail in walk.mails(email))
    return set(re.findall(r"R-[0-9A-Z]{4}-[0-9A-Z]{4}", subjects))


def customer(walk: Walker, number: int) -> dict[str, Any]:
    return dict(walk.run["customers"][number])
