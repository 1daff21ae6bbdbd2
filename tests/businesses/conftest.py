"""A business of one's own to spoil, and a real PostgreSQL to hold data maps against."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from chalicelib.businesses.loader import SHIPPED


@pytest.fixture(scope="session")
def database_url(new_database: Callable[[], str]) -> str:
    return new_database()


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A business of one's own, for now the same as Jeffers."""
    return Path(shutil.copytree(SHIPPED / "jeffers", tmp_path / "mine"))
