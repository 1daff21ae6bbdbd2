"""Links too old, at Chromium: each says what it was for and leads to a new one. The clock is set, not waited for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser

from chalicelib.adapters.memory import SetClock
from chalicelib.links import LIFETIMES, Purpose
from tests.browser import chromium, stand
from tests.web.conftest import Desk, desk

__all__ = ["desk"]
MAILED = (Purpose.VERIFY, Purpose.CONSENT, Purpose.TRACK, Purpose.RESULTS, Purpose.HEAR_AGAIN)


@pytest.mark.parametrize("purpose", MAILED, ids=lambda purpose: purpose.value)
def test_an_expired_link_leads_to_a_new_one(browser: Browser, desk: Desk, purpose: Purpose) -> None:
    """A page that anybody may see, with one thing to do; nothing changes by opening it."""
    link = desk.link(purpose, desk.file().reference)
    clock = desk.svc.clock
    assert isinstance(clock, SetClock)
    clock.forward(LIFETIMES[purpose] + timedelta(minutes=1))
    before = desk.state()
    with chromium.visitor(browser, color_scheme="dark") as page:
        page.context.route(f"{stand.AT}/**", lambda route: _answer(desk, route))
        page.goto(stand.AT + link)
        assert "old" in page.locator("h1").inner_text()
        assert chromium.wrong(page) == []
        page.locator("main a.button").click()
        page.wait_for_load_state()
        assert chromium.wrong(page) == []
        assert page.locator("form [name=email]").count() == 1
    assert desk.state() == before


def _answer(desk: Desk, route: Any) -> None:
    said = desk.get(route.request.url.removeprefix(stand.AT), accept=route.request.headers.get("accept", "*/*"))
    route.fulfill(status=said.status_code, headers={k: str(v) for k, v in said.headers.items()}, body=said.body)
