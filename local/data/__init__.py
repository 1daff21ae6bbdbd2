"""The businesses' invented customers: the same people, orders and dates every time, loaded into PostgreSQL.

A source without a schema in the DDL lies in DynamoDB or S3, as the data map says: `local/places.py` puts it there.

Each `local/data/<business>.py` has three names:
- `SCHEMA: str`: the DDL, one PostgreSQL schema per `sql` source of its data map, with indexes on what people are found
  by (`lower(email)`, foreign keys).
- `generate(make: Maker) -> Rows`: `{"source.table": [row, …]}`, parents before children; every row a dict with all of
  its table's columns it sets (the first row's keys are the columns).
- `showcase(rows: Rows) -> list[Customer]`: the customers of run.json in the order contract.md gives, each with the
  right answer to every question of its business that the data can answer, read from `rows`.

`install(url, business)` drops, creates and fills, and returns the showcase. No Faker, no clock: dates count back from
`TODAY`. Addresses are example.com, phones are 555. Leaves to others: which columns mean what (the data map).
"""

from __future__ import annotations

import importlib
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypedDict, TypeVar

import psycopg
from psycopg import sql

TODAY = date(2026, 11, 20)
SEED = 2026

Row = dict[str, Any]
Rows = dict[str, list[Row]]
T = TypeVar("T")


class Customer(TypedDict):
    """One customer of run.json: `answers` maps a data point to what is on file."""

    email: str
    name: str
    residence: str
    answers: dict[str, str]
    note: str


@dataclass(frozen=True)
class Person:
    """An invented person; `state` and `postcode` belong to `city`."""

    first: str
    last: str
    email: str
    phone: str
    street: str
    city: str
    state: str
    postcode: str

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"

    @property
    def residence(self) -> str:
        return f"US-{self.state}"


class Maker:
    """Draws people and values; one seed, one world."""

    def __init__(self, seed: int = SEED) -> None:
        self.random = random.Random(seed)
        self._last: dict[str, int] = {}
        self._people = 0

    def id(self, table: str, first: int = 1) -> int:
        """The next number of a table's own row of numbers, from `first`."""
        self._last[table] = self._last.get(table, first - 1) + 1
        return self._last[table]

    def person(self, **known: str) -> Person:
        """Somebody new, with whatever is `known` of them set. The email is theirs alone."""
        self._people += 1
        first, last = self.pick(FIRST), self.pick(LAST)
        city, state, zone = self.pick(PLACES)
        drawn = Person(
            first=first, last=last, email="", phone=f"({self.number(201, 989)}) 555-0{self.number(100, 199)}",
            street=f"{self.number(1, 989)} {self.pick(STREETS)}", city=city, state=state,
            postcode=f"{zone}{self.number(10, 99)}",
        )  # fmt: skip
        drawn = replace(drawn, **known)
        return drawn if drawn.email else replace(drawn, email=self._address(drawn))

    def _address(self, person: Person) -> str:
        return f"{person.first}.{person.last}{self._people}@example.com".lower()

    def people(self, count: int) -> list[Person]:
        return [self.person() for _ in range(count)]

    def pick(self, choices: Sequence[T], weights: Sequence[float] | None = None) -> T:
        return self.random.choices(choices, weights)[0] if weights else self.random.choice(choices)

    def some(self, choices: Sequence[T], low: int, high: int) -> list[T]:
        """Between `low` and `high` different ones."""
        return self.random.sample(choices, min(len(choices), self.number(low, high)))

    def chance(self, part: float) -> bool:
        return self.random.random() < part

    def maybe(self, part: float, value: T) -> T | None:
        """The value in that part of all cases, else nothing."""
        return value if self.chance(part) else None

    def number(self, low: int, high: int) -> int:
        return self.random.randint(low, high)

    def money(self, low: int, high: int) -> Decimal:
        """Dollars and cents, never whole dollars: an amount nobody guesses."""
        return Decimal(self.number(low, high - 1)) + Decimal(self.number(1, 99)) / 100

    def hex(self, digits: int) -> str:
        return f"{self.random.getrandbits(4 * digits):0{digits}x}"

    def day(self, oldest: int, newest: int = 0) -> date:
        """A day between `oldest` and `newest` days before TODAY."""
        return TODAY - timedelta(days=self.number(newest, oldest))

    def moment(self, day: date) -> datetime:
        """An instant (UTC) of that day's shop hours."""
        return datetime(day.year, day.month, day.day, self.number(14, 23), self.number(0, 59), tzinfo=UTC)

    def words(self, low: int = 6, high: int = 14) -> str:
        """A harmless sentence."""
        said = " ".join(self.pick(WORDS) for _ in range(self.number(low, high)))
        return said.capitalize() + "."


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def world(business: str) -> tuple[Rows, list[Customer]]:
    """All rows of a business, and the customers to show."""
    module = importlib.import_module(f"local.data.{business}")
    rows: Rows = module.generate(Maker())
    return rows, module.showcase(rows)


def one(rows: Iterable[Row], **wanted: Any) -> Row:
    """The first row with these values, for `showcase`."""
    return next(row for row in rows if all(row[column] == value for column, value in wanted.items()))


def add(make: Maker, rows: Rows, table: str, **columns: Any) -> Row:
    """A new row with the table's next `id`, put where it belongs."""
    row = {"id": make.id(table), **columns}
    rows.setdefault(table, []).append(row)
    return row


def install(database_url: str, business: str) -> list[Customer]:
    """Create a business's schemas anew and fill them, in one transaction; the customers to show."""
    rows, customers = world(business)
    fill(database_url, business, rows)
    return customers


def fill(database_url: str, business: str, rows: Rows) -> None:
    """What of `rows` belongs into the database."""
    ddl: str = importlib.import_module(f"local.data.{business}").SCHEMA
    rows = {table: records for table, records in rows.items() if f"CREATE SCHEMA {table.split('.')[0]};" in ddl}
    with psycopg.connect(database_url) as connection:
        for schema in dict.fromkeys(table.split(".")[0] for table in rows):
            connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)))
        connection.execute(ddl.encode())
        for table, records in rows.items():
            _fill(connection, table, records)
        connection.execute("ANALYZE")


def _fill(connection: psycopg.Connection, table: str, records: list[Row]) -> None:
    if not records:
        return
    columns = list(records[0])
    into = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(*table.split(".")), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor() as cursor, cursor.copy(into) as copy:
        for record in records:
            copy.write_row([record[column] for column in columns])


FIRST = (
    "Adela", "Alonzo", "Anouk", "Basil", "Beatriz", "Bram", "Calla", "Cosmo", "Dagny", "Delphine", "Dov", "Eamon",
    "Edda", "Elio", "Esme", "Fenna", "Fitz", "Flora", "Gideon", "Greta", "Halima", "Hugo", "Ines", "Isidor", "Jovie",
    "Juno", "Kasper", "Kenji", "Lavinia", "Leopold", "Lior", "Maeve", "Malik", "Marisol", "Nadia", "Nico", "Odette",
    "Orson", "Paloma", "Percy", "Quilla", "Rafael", "Rhoda", "Saskia", "Silas", "Tamsin", "Tobias", "Uma", "Viggo",
    "Wilda", "Xenia", "Yara", "Zeno",
)  # fmt: skip
LAST = (
    "Abernook", "Appleday", "Barrowmint", "Birchley", "Brindlecote", "Candleford", "Crowhurst", "Dapplegrey",
    "Dunmarrow", "Elderfen", "Fallowby", "Fernhollow", "Gallowglen", "Greenstile", "Harrowgate", "Hazelrigg",
    "Ivorytoft", "Juniperson", "Kettleby", "Larkfield", "Lindqvale", "Marchbanks", "Merriweld", "Nettlecomb",
    "Oakenshaw", "Oxbow", "Pellwether", "Pondersby", "Quillfeather", "Ravenscar", "Rookwood", "Saltmarsh",
    "Silverthorn", "Tanglewood", "Thistledown", "Umberleigh", "Vandermoor", "Wetherby", "Willowtree", "Yarrowin",
)  # fmt: skip
STREETS = (
    "Alder Court", "Briar Lane", "Clover Road", "Dove Street", "Elm Terrace", "Foxglove Way", "Gable Row",
    "Heather Close", "Ivy Street", "Juniper Drive", "Kestrel Avenue", "Linden Place", "Meadow Lane", "Orchard Road",
)  # fmt: skip
PLACES = (
    ("Marlow Bay", "CA", "942"), ("San Tilio", "CA", "951"), ("Verano Springs", "CA", "917"),
    ("Alta Loma Vista", "CA", "920"), ("Cedar Bluff", "OR", "973"), ("Pine Hollow", "WA", "984"),
    ("Juniper Mesa", "CO", "805"), ("Lone Elm", "TX", "767"), ("Maple Ferry", "NY", "127"),
    ("Old Harbor", "CT", "064"), ("Peach Grove", "VA", "229"), ("Sandy Reach", "FL", "338"),
    ("Birch Falls", "MN", "558"), ("Clearwater Fork", "MT", "598"), ("Stony Brook Mills", "OH", "447"),
    ("Silver Flat", "NV", "894"),
)  # fmt: skip
WORDS = (
    "arrived", "the", "very", "quickly", "and", "dog", "cat", "pony", "loves", "it", "well", "made", "box", "a",
    "little", "small", "soft", "again", "thank", "you", "colour", "brush", "bowl", "my", "happy", "with", "this",
    "treats", "blanket", "gentle", "sturdy", "would", "buy",
)  # fmt: skip
