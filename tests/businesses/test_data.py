"""The invented customers are the same every time, plentiful and plainly invented."""

from __future__ import annotations

import re

import pytest

from chalicelib.businesses.loader import load, shipped
from local.data import Maker, world

EMAIL = re.compile(r"[\w.+-]+@[\w.-]+")
PHONE = re.compile(r"\(\d{3}\) \d{3}-\d{4}")


@pytest.mark.parametrize("business", shipped())
def test_generation_is_deterministic(business: str) -> None:
    assert world(business) == world(business)


@pytest.mark.parametrize("business", shipped())
def test_there_is_enough_to_look_real(business: str) -> None:
    rows, customers = world(business)
    assert sum(map(len, rows.values())) > 2000
    assert len(rows) >= 8
    by_program = {name for name, source in load(business).datamap.sources.items() if not source.by_hand}
    assert {t.split(".")[0] for t in rows} == by_program
    assert len(customers) >= 4
    assert len({c["email"] for c in customers}) == len(customers)


@pytest.mark.parametrize("business", shipped())
def test_every_address_and_number_is_an_example(business: str) -> None:
    rows, _ = world(business)
    values = [v for table in rows.values() for row in table for v in row.values() if isinstance(v, str)]
    assert all(address.endswith("@example.com") for v in values for address in EMAIL.findall(v))
    assert all(") 555-" in number for v in values for number in PHONE.findall(v))


@pytest.mark.parametrize("business", shipped())
def test_every_row_of_a_table_has_its_columns(business: str) -> None:
    rows, _ = world(business)
    for table, records in rows.items():
        assert len({tuple(record) for record in records}) <= 1, table


@pytest.mark.parametrize("business", shipped())
def test_california_is_home_to_many(business: str) -> None:
    rows, _ = world(business)
    states = [v for table in rows.values() for row in table for k, v in row.items() if k.endswith("state")]
    assert states.count("CA") > 50


def test_another_seed_is_another_world() -> None:
    assert Maker(1).people(3) != Maker(2).people(3)
    assert Maker(1).people(3) == Maker(1).people(3)
