"""What a database would refuse of a correction, said beforehand in PostgreSQL's and SQLite's own words on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from chalicelib.domain.datamap import SourceMap
from chalicelib.domain.identity import Identifier
from chalicelib.domain.plan import Doing, Record, Refusal
from chalicelib.errors import SourceMisread, SourceRefuses, SourceUnavailable
from chalicelib.sources.sql import SqlSource, engine_for

from .shop import told

MAP = SourceMap.model_validate(
    {
        "kind": "sql", "title": "Members", "where": "club",
        "collections": {"members": {"title": "Members", "identity": {"email": "email"}, "fields": {
            name: {"label": name, "category": "user", "correct": "text"}
            for name in ("id", "email", "state", "born", "nick", "tier")
        }}},
    }
)  # fmt: skip
TABLES = """
CREATE TABLE {0}tiers (name text PRIMARY KEY);
CREATE TABLE {0}members (
    id int PRIMARY KEY, email text NOT NULL UNIQUE, state varchar(2) CHECK (length(state) <= 2), born date,
    nick text CHECK (nick <> 'root'), tier text REFERENCES {0}tiers (name) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO {0}tiers VALUES ('gold');
INSERT INTO {0}members VALUES (1, 'ann@example.com', 'CA', '1990-05-01', 'ann', 'gold');
INSERT INTO {0}members VALUES (2, 'bob@example.com', 'NV', '1991-05-01', 'bob', 'gold');
"""


@pytest.fixture(params=["postgres", "sqlite"])
def club(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlSource]:
    if request.param == "sqlite":
        engine, schema = engine_for(f"sqlite:///{tmp_path}/club.db"), ""
    else:
        new_database: Callable[[], str] = request.getfixturevalue("new_database")
        engine, schema = engine_for(new_database()), "club."
    with engine.begin() as connection:
        if schema:
            connection.exec_driver_sql("CREATE SCHEMA club")
        for statement in TABLES.format(schema).split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)
    yield SqlSource("club", MAP, engine)
    engine.dispose()


def ann(club: SqlSource) -> Record:
    (found,) = club.find([Identifier.of("email", "ann@example.com")]).records
    return found


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("email", "bob@example.com", Refusal.TAKEN), ("nick", "root", Refusal.RULE), ("email", None, Refusal.MISSING),
        ("state", "California", Refusal.TOO_LONG), ("born", "the first of May", Refusal.WRONG_KIND),
        ("tier", "platinum", Refusal.NO_SUCH),
    ],
)  # fmt: skip
def test_a_value_that_would_be_refused_is_known_before_it_is_written(
    club: SqlSource, field: str, value: str | None, why: Refusal
) -> None:
    if club._engine.dialect.name == "sqlite":
        if field in ("born", "tier"):
            pytest.skip("SQLite keeps any text as a date, and looks at a deferred key at the end only")
        why = Refusal.RULE if why is Refusal.TOO_LONG else why  # it knows no lengths, but a check
    before = ann(club)
    assert club.refuses([told(before, Doing.CHANGE, **{field: value})]) == {("members", field): why}
    assert ann(club) == before


def test_what_it_takes_is_not_refused_and_not_written_either(club: SqlSource) -> None:
    before = ann(club)
    change = told(before, Doing.CHANGE, email="ann.new@example.com", state="OR", born="1990-05-02", nick="a")
    assert club.refuses([change]) == {}
    assert ann(club) == before
    club.carry_out([change])
    assert club.not_done([change]) == []


def test_one_value_refused_does_not_hide_the_next(club: SqlSource) -> None:
    change = told(ann(club), Doing.CHANGE, email="bob@example.com", nick="root", state="OR")
    assert set(club.refuses([change])) == {("members", "email"), ("members", "nick")}


def test_a_value_taken_meanwhile_is_refused_when_it_is_written_and_names_no_value(club: SqlSource) -> None:
    with pytest.raises(SourceRefuses) as refused:
        club.carry_out([told(ann(club), Doing.CHANGE, email="bob@example.com")])
    assert "bob" not in str(refused.value)


def test_a_table_that_is_gone_is_no_refusal_of_a_value(club: SqlSource) -> None:
    change = told(ann(club), Doing.CHANGE, nick="a")
    with club._engine.begin() as connection:
        connection.execute(sa.text(f"DROP TABLE {'club.' if connection.dialect.name == 'postgresql' else ''}members"))
    with pytest.raises((SourceMisread, SourceUnavailable)) as gone:
        club.refuses([change])
    assert not isinstance(gone.value, SourceRefuses)
