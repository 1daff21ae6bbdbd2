"""A real Chromium: where it is, how it starts, and what axe says of a page that is open in it.

Nothing leaves the machine: whatever a page asks for elsewhere is refused and remembered. Leaves to others: which pages
(stand, journeys), what they should say (tests/web).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--font-render-hinting=none",
]  # fmt: skip
PHONE, DESKTOP = {"width": 320, "height": 640}, {"width": 1280, "height": 800}
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PATIENCE = 30_000
"""Milliseconds until a page that does not come is an error."""


def found() -> str | None:
    """The path of Chromium: `CHROMIUM` names it, or it has a usual name."""
    return os.environ.get("CHROMIUM") or next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def browser() -> Iterator[Browser]:
    """Chromium, without a window."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found(), args=QUIET)
        try:
            yield chromium
        finally:
            chromium.close()


@contextmanager
def visitor(chromium: Browser, **how: Any) -> Iterator[Page]:
    """A person at a new profile: `how` as Playwright's `new_context`. Fails if a page asked for anything elsewhere."""
    context = chromium.new_context(**{"viewport": PHONE, "locale": "en-US", "reduced_motion": "reduce", **how})
    context.set_default_timeout(PATIENCE)
    elsewhere = _kept_here(context)
    try:
        yield context.new_page()
        assert elsewhere == [], "a page asks for something elsewhere"
    finally:
        context.close()


def _kept_here(context: BrowserContext) -> list[str]:
    asked: list[str] = []

    def refuse(route: Any) -> None:
        asked.append(route.request.url)
        route.abort()

    context.route(lambda url: not url.startswith(("http://127.0.0.1:", "data:", "blob:")), refuse)
    return asked


@cache
def _axe() -> str:
    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()


def wrong(page: Page, *, good_practice: bool = True) -> list[str]:
    """What breaks WCAG 2.2 AA on this page, or axe's own good practice, one line each."""
    page.evaluate(_axe())  # under the page's own policy no script tag would run
    tags = WCAG + ["best-practice"] * good_practice
    options = {
        "resultTypes": ["violations"],
        "runOnly": {"type": "tag", "values": tags},
        "rules": {"target-size": {"enabled": True}},
    }
    said = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{rule['id']}: {rule['help']}: {node['html'][:160]} ({node['failureSummary'].splitlines()[-1].strip()})"
        for rule in said["violations"]
        for node in rule["nodes"]
    ]


def sideways(page: Page) -> int:
    """By how many CSS pixels the page is wider than its window: it must not be (WCAG 1.4.10)."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
