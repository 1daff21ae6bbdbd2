"""Rule 7: no personal data in the machine's input and history, the tables, object names, subjects or logs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import pytest


@pytest.fixture(scope="module")
def walked() -> tuple[dict[str, Any], str]:
    """Every right of one customer walked; what was found inside, and all that the process logged."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.journeys.inside"], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


def standing(secrets: list[str], said: str) -> list[str]:
    """The secrets that stand in a text as words of their own: five digits within a random number are none."""
    return [s for s in secrets if re.search(rf"(?<!\w){re.escape(s)}(?!\w)", said, re.IGNORECASE)]


def test_a_secret_would_be_found() -> None:
    assert standing(["94271", "Ada"], '{"zip": "94271", "by": "ada@example.com"}') == ["94271", "Ada"]
    assert standing(["94271"], "2026-11-20T10:00:00.942711 a94271f") == []


def test_the_walk_was_one(walked: tuple[dict[str, Any], str]) -> None:
    """Else the tests below would pass on nothing."""
    found, _ = walked
    assert found["executions"] >= 7
    assert len(found["tables"]) > 10_000
    assert "Ask staff to decide" in found["machine"]


@pytest.mark.parametrize("place", ["machine", "tables", "keys", "subjects"])
def test_no_secret_stands_there(walked: tuple[dict[str, Any], str], place: str) -> None:
    found, _ = walked
    assert standing(found["secrets"], str(found[place])) == []


def test_no_secret_and_no_token_is_logged(walked: tuple[dict[str, Any], str]) -> None:
    found, logged = walked
    assert standing(found["secrets"], logged) == []
    for path in ("/verify/", "/track/", "/review/", "/results/"):
        assert path not in logged
