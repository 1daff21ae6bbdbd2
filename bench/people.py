"""Customers for the benchmarks: alike to the row, so that each road costs the same.

Each has 24 rows in 5 collections of jeffers' two sources that search by email: an account, 5 orders, 10 lines, a club
membership, 7 grants of points. Leaves to others: the rest of the world around them (local/data).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import psycopg

from local.data import TODAY, Row, Rows, _fill, install

BUSINESS = "jeffers"
FIRST = 1_000_000
"""Numbers of rows begin here: the invented world's own stay below."""
ORDERS, LINES, POINTS = 5, 2, 7
COLLECTIONS = 5
ROWS = 1 + ORDERS + ORDERS * LINES + 1 + POINTS


@dataclass(frozen=True)
class Person:
    number: int

    @property
    def email(self) -> str:
        return f"bench{self.number}@example.com"

    @property
    def order_number(self) -> str:
        return f"B-{self.number:06d}-0"

    @property
    def answers(self) -> dict[str, str]:
        """Two of three suffice; all are right."""
        return {"order_number": self.order_number, "order_total": "57.95", "postcode": "94299"}


def people(count: int) -> list[Person]:
    return [Person(number) for number in range(count)]


def install_with(database_url: str, count: int) -> list[Person]:
    """Jeffers' invented world, and `count` customers for the benchmarks in it."""
    install(database_url, BUSINESS)
    made = people(count)
    rows: Rows = {}
    for person in made:
        for table, records in _rows(person).items():
            rows.setdefault(table, []).extend(records)
    with psycopg.connect(database_url) as connection:
        for table, records in rows.items():
            _fill(connection, table, records)
        connection.execute("ANALYZE")
    return made


def _rows(person: Person) -> Rows:
    return {
        "shop.accounts": [_account(person)],
        "shop.orders": [_order(person, n) for n in range(ORDERS)],
        "shop.order_lines": [_line(person, n) for n in range(ORDERS * LINES)],
        "loyalty.members": [_member(person)],
        "loyalty.points": [_points(person, n) for n in range(POINTS)],
    }


def _day(n: int) -> date:
    return TODAY - timedelta(days=100 * n + 30)


def _account(person: Person) -> Row:
    return {
        "id": FIRST + person.number, "customer_number": f"JB{person.number}", "email": person.email,
        "password_hash": "$2b$12$bench", "first_name": "Bench", "last_name": f"Person{person.number}",
        "phone": f"(415) 555-{person.number:04d}", "street": "1 Meadow Lane", "city": "Marlow Bay", "state": "CA",
        "postcode": "94299", "joined_on": _day(9), "offers_by_email": True, "may_share": False,
    }  # fmt: skip


def _order(person: Person, n: int) -> Row:
    return {
        "id": FIRST + ORDERS * person.number + n, "order_number": f"B-{person.number:06d}-{n}",
        "account_id": FIRST + person.number, "email": person.email, "channel": "web", "status": "delivered",
        "ordered_on": _day(n), "shipped_on": _day(n), "total": Decimal("57.95"), "ship_name": "Bench Person",
        "ship_street": "1 Meadow Lane", "ship_city": "Marlow Bay", "ship_state": "CA", "ship_postcode": "94299",
        "ship_phone": None, "ip_address": "203.0.113.9",
    }  # fmt: skip


def _line(person: Person, n: int) -> Row:
    order, number = n // LINES, FIRST + ORDERS * LINES * person.number + n
    return {
        "id": number, "order_id": FIRST + ORDERS * person.number + order, "product_id": 501, "sold_on": _day(order),
        "quantity": 1, "price": Decimal("25.00"),
    }  # fmt: skip


def _member(person: Person) -> Row:
    return {
        "id": FIRST + person.number, "card": f"BENCH{person.number}", "customer_number": f"JB{person.number}",
        "email": person.email, "name": "Bench Person", "birthday": None, "tier": "Colt", "joined_on": _day(8),
        "statement_by_email": True,
    }  # fmt: skip


def _points(person: Person, n: int) -> Row:
    number = FIRST + POINTS * person.number + n
    return {"id": number, "member_id": FIRST + person.number, "points": 20, "why": "an order", "given_on": _day(n)}
