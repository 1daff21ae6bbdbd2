"""One Chromium for the session. Without one the tests here are skipped, and tests/conftest.py says so in one line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import chromium


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not chromium.found():
        pytest.skip("no Chromium")
    with chromium.browser() as started:
        yield started
