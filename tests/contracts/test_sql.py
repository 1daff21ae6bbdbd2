"""What only a database can do to a source: types, constraints, locks, lost connections."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from chalicelib.domain.datamap import SourceMap
from chalicelib.domain.identity import Identifier
from chalicelib.domain.plan import Doing
from chalicelib.errors import PlanDrifted, SourceMisread, SourceUnavailable
from chalicelib.sources.cursor import PAGE
from chalicelib.sources.sql import SqlSource, engine_for, schema_of

from .shop import MAP, ROWS, SqlShop, all_of, places, told, who

ANN = who(email="ann@example.com")


@pytest.fixture
def url(new_database: Callable[[], str]) -> str:
    return new_database()


@pytest.fixture
def shop(url: str) -> Iterator[SqlShop]:
    made = SqlShop(url)
    made.fill(ROWS)
    yield made
    made.engine.dispose()


def test_the_schema_is_told_with_types_and_what_may_be_empty(shop: SqlShop, url: str) -> None:
    schema = schema_of(url)
    assert set(schema["shop"]) == {"members", "orders", "order_lines", "newsletter"}
    assert schema["shop"]["order_lines"] == {
        "order_id": ("bigint", False), "line": ("smallint", False), "what": ("text", True), "note": ("text", True),
    }  # fmt: skip
    assert "pg_catalog" not in schema


def test_a_value_that_does_not_fit_is_misread_and_nothing_is_done(shop: SqlShop) -> None:
    before = shop.snapshot()
    found = {r.collection: r for r in all_of(shop.source, ANN)}
    plan = [told(found["newsletter"], Doing.DELETE), told(found["members"], Doing.CHANGE, name="secret" * 40)]
    with pytest.raises(SourceMisread) as misread:
        shop.source.carry_out(plan)
    assert "secret" not in str(misread.value)
    assert shop.snapshot() == before


def test_a_row_that_others_point_at_is_misread_and_the_constraint_named(shop: SqlShop) -> None:
    """The map left out what hangs on the record."""
    (ann,) = [r for r in all_of(shop.source, ANN) if r.collection == "members"]
    with pytest.raises(SourceMisread, match="orders_member_id_fkey") as misread:
        shop.source.carry_out([told(ann, Doing.DELETE)])
    assert "(1)" not in str(misread.value)


def test_a_record_that_someone_is_just_changing_is_waited_for_and_then_drifts(shop: SqlShop) -> None:
    plan = [told(r, Doing.DELETE) for r in all_of(shop.source, ANN) if r.collection == "newsletter"]
    ended: list[BaseException | None] = []

    def erase() -> None:
        try:
            shop.source.carry_out(plan)
            ended.append(None)
        except PlanDrifted as drift:
            ended.append(drift)

    with shop.engine.begin() as other:
        other.execute(sa.text("UPDATE shop.newsletter SET state = 'new' WHERE email = 'ann@example.com'"))
        erasing = threading.Thread(target=erase)
        erasing.start()
        erasing.join(0.3)
        assert not ended
    erasing.join(5)
    assert isinstance(ended[0], PlanDrifted)
    assert len(shop.rows("newsletter")) == 2


def test_a_lock_is_not_waited_for_without_end(url: str, shop: SqlShop) -> None:
    quick = sa.make_url(url).update_query_dict({"options": "-c lock_timeout=100"}).render_as_string(hide_password=False)
    source = SqlSource("shop", MAP, engine_for(quick))
    plan = [told(r, Doing.DELETE) for r in all_of(source, ANN)]
    with shop.engine.begin() as other:
        other.execute(sa.text("LOCK TABLE shop.members"))
        with pytest.raises(SourceUnavailable):
            source.carry_out(plan)
    source.carry_out(plan)


def test_a_database_that_does_not_answer_is_unavailable() -> None:
    nowhere = "postgresql://someone:hidden@127.0.0.1:1/none"
    with pytest.raises(SourceUnavailable) as unavailable:
        all_of(SqlSource("shop", MAP, engine_for(nowhere)), ANN)
    assert "hidden" not in str(unavailable.value)
    with pytest.raises(SourceUnavailable):
        schema_of(nowhere)


def test_connections_that_the_server_ended_are_made_anew(shop: SqlShop) -> None:
    all_of(shop.source, ANN)
    with engine_for(shop.engine.url.render_as_string(hide_password=False)).connect() as other:
        other.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    assert all_of(shop.source, ANN)


def test_a_mended_table_is_read_without_a_new_start(shop: SqlShop) -> None:
    all_of(shop.source, ANN)
    with shop.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE shop.members RENAME COLUMN name TO full_name"))
    with pytest.raises(SourceMisread, match="members has no column name"):
        all_of(shop.source, ANN)
    with shop.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE shop.members RENAME COLUMN full_name TO name"))
    assert all_of(shop.source, ANN)


def test_a_column_whose_type_changed_is_read_after_one_retry(shop: SqlShop) -> None:
    """The statements are of the old type: the step that meets it fails once, as if the source were away."""
    number = who(customer_number="7001")
    for _ in range(10):
        all_of(shop.source, number)
    with shop.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE shop.members ALTER COLUMN number TYPE text"))
    with pytest.raises(SourceUnavailable, match="just changed"):
        all_of(shop.source, number)
    assert all_of(shop.source, number)


def source_over(shop: SqlShop, ddl: str, fields: str, page: int = PAGE) -> SqlSource:
    """A source of one table, made by `ddl`, where people are known by `who`."""
    with shop.engine.begin() as connection:
        connection.exec_driver_sql(ddl)
    said = {f: {"label": f, "category": "user"} for f in fields.split()}
    things = {"title": "T", "identity": {"email": "who"}, "fields": said}
    made = {"kind": "sql", "title": "T", "where": "shop", "collections": {"things": things}}
    return SqlSource("things", SourceMap.model_validate(made), shop.engine, page)


def test_values_of_every_type_come_as_json_and_go_back_as_their_type(shop: SqlShop) -> None:
    """A fixed text is stored as the column's type stores it, and reading back sees that."""
    source = source_over(
        shop,
        """CREATE TYPE shop.mood AS ENUM ('good', 'bad');
        CREATE TABLE shop.things (id uuid PRIMARY KEY, who text, day date, at timestamptz, cents numeric(8,2),
            state char(4), fine boolean, mood shop.mood, tags text[], more jsonb, raw bytea, number double precision);
        INSERT INTO shop.things VALUES ('0190aaaa-0000-7000-8000-000000000001', 'Ann@example.com', '2024-02-29',
            '2024-02-29 10:00+02', 1.5, 'CA', true, 'good', '{a,b}', '{"a": [1, null]}', '\\x00ff', 0.5)""",
        "id who day at cents state fine mood tags more raw number",
    )
    (found,) = all_of(source, ANN)
    assert found.values == {
        "id": "0190aaaa-0000-7000-8000-000000000001", "who": "Ann@example.com", "day": "2024-02-29",
        "at": "2024-02-29T08:00:00+00:00", "cents": "1.50", "state": "CA  ", "fine": True, "mood": "good",
        "tags": ["a", "b"], "more": {"a": [1, None]}, "raw": "00ff", "number": 0.5,
    }  # fmt: skip
    blank = told(found, Doing.BLANK, day="1900-01-01", at="1900-01-01", cents="0", state="", fine="false", mood="bad")
    source.carry_out([blank])
    assert source.not_done([blank]) == []
    source.carry_out([blank])
    (blanked,) = source.read([("things", found.key)])
    assert (blanked.values["cents"], blanked.values["state"], blanked.values["fine"]) == ("0.00", "    ", False)
    source.carry_out([told(blanked, Doing.DELETE)])
    assert all_of(source, ANN) == []


def test_a_key_that_does_not_tell_rows_apart_is_misread(shop: SqlShop) -> None:
    """Else the approval of one record would erase two."""
    source = source_over(
        shop, "CREATE TABLE shop.things (id int, who text); INSERT INTO shop.things VALUES (1, 'ann@example.com')",
        "id who",
    )  # fmt: skip
    assert places(all_of(source, ANN)) == {("things", ("1",))}
    for row in ("1, 'ann@example.com'", "NULL, 'bob@example.com'"):
        with shop.engine.begin() as connection:
            connection.exec_driver_sql(f"INSERT INTO shop.things VALUES ({row})")
    for by in (ANN, who(email="bob@example.com")):
        with pytest.raises(SourceMisread, match="does not tell its rows apart"):
            all_of(source, by)


def test_a_page_is_never_the_reason_to_pass_a_record_by(shop: SqlShop) -> None:
    """By key, an empty or a doubled one would fall between two pages: it is misread there too."""
    source = source_over(
        shop, "CREATE TABLE shop.things (id int, who text); INSERT INTO shop.things "
        "SELECT n, 'ann@example.com' FROM generate_series(1, 9) n", "id who", page=4,
    )  # fmt: skip
    assert len(all_of(source, ANN)) == 9
    for row, mend in (("NULL", "id IS NULL"), ("4", "ctid = (SELECT max(ctid) FROM shop.things)")):
        with shop.engine.begin() as connection:
            connection.exec_driver_sql(f"INSERT INTO shop.things VALUES ({row}, 'ann@example.com')")
        with pytest.raises(SourceMisread, match="does not tell its rows apart"):
            all_of(source, ANN)
        with shop.engine.begin() as connection:
            connection.exec_driver_sql(f"DELETE FROM shop.things WHERE {mend}")


def test_a_person_is_found_by_index_among_very_many(shop: SqlShop) -> None:
    """Through a join, beside another way, page after page: no table is read whole."""
    with shop.engine.begin() as connection:
        connection.exec_driver_sql(
            """CREATE INDEX ON shop.members (lower(email)); CREATE INDEX ON shop.orders (member_id);
            CREATE INDEX ON shop.orders (lower(guest_email));
            INSERT INTO shop.members (id, email) SELECT n, n || '@example.org' FROM generate_series(100, 30000) n;
            INSERT INTO shop.orders (id, member_id) SELECT n, n FROM generate_series(100, 30000) n;
            ANALYZE shop.members; ANALYZE shop.orders"""
        )
        own = shop.source._statements(connection)["orders"]  # type: ignore[attr-defined]
        given = own.reaching({"email": ["ann@example.com"]})
        for more in ({}, {"after_0": "10"}):
            find = own.find(given, on=bool(more))
            said = find.compile(connection).string
            parameters = find.compile(connection).construct_params({**given, **more, "most": 5001})
            plan = connection.exec_driver_sql("EXPLAIN " + said, parameters).scalars().all()
            assert not [step for step in plan if "Seq Scan" in step], plan


@pytest.mark.parametrize("kind", ["uuid", "text"])
def test_an_identifier_may_be_a_uuid(shop: SqlShop, kind: str) -> None:
    """A cookie's id, as the visit log holds it."""
    id = "0190AAAA-0000-7000-8000-000000000001"
    source = source_over(
        shop, f"CREATE TABLE shop.things (id int PRIMARY KEY, who {kind}); INSERT INTO shop.things VALUES (1, '{id}')",
        "id who",
    )  # fmt: skip
    assert len(all_of(source, [Identifier.of("email", id)])) == 1
    assert all_of(source, [Identifier.of("email", "no uuid")]) == []
