"""Erasing: 50 people deleted across 5 collections, from form to answer, read back; then looked at from outside.

The undo window, one second here, is within the time: all of them wait it out side by side. Leaves to others: how a road
is walked (driver), what a person has on file (people).
"""

from __future__ import annotations

import time

import psycopg

from bench.driver import Driver
from bench.figures import Figure
from bench.people import FIRST, LINES, ORDERS, Person
from bench.roads import THREADS, walk_all
from bench.system import Desk, desk

PEOPLE = 50
WARM = 6
TARGET = 6
"""Requests a second, end to end."""


def erase(threads: int = THREADS) -> list[Figure]:
    with desk(RIGHTSDESK_UNDO_SECONDS="1") as system:
        walk_all(system, asked_and_answered, system.people[:WARM], threads)
        people, before, began = system.people[WARM : WARM + PEOPLE], system.cpu, time.perf_counter()
        walk_all(system, Driver.deletion_begun, people, threads)
        walk_all(system, Driver.deletion_ended, people, threads)
        seconds, cpu = time.perf_counter() - began, system.cpu - before
        _look(system, people)
    return [
        Figure(
            "erasing 50 people", PEOPLE / seconds, "/s", TARGET, more=True, spread={"threads": threads, "undo, s": 1}
        ),
        Figure("CPU of one erasure", 1000 * cpu / PEOPLE, "ms"),
    ]


def asked_and_answered(driver: Driver, person: Person) -> str:
    driver.deletion_begun(person)
    return driver.deletion_ended(person)


LEFT = (
    "SELECT count(*) FROM shop.accounts WHERE email = ANY(%(emails)s)",
    "SELECT count(*) FROM loyalty.members WHERE email = ANY(%(emails)s)",
    "SELECT count(*) FROM loyalty.points WHERE member_id = ANY(%(ids)s)",
    "SELECT count(*) FROM shop.orders WHERE account_id = ANY(%(ids)s) AND ip_address IS NOT NULL",
)
KEPT = "SELECT count(*) FROM shop.order_lines JOIN shop.orders o ON o.id = order_id WHERE account_id = ANY(%(ids)s)"


def _look(system: Desk, people: list[Person]) -> None:
    """Nothing of them is left but the bare orders that tax law keeps. Raises AssertionError when it is not so."""
    given = {"emails": [p.email for p in people], "ids": [FIRST + p.number for p in people]}
    with psycopg.connect(system.run["database_url"]) as connection:
        left = [connection.execute(sql, given).fetchone() for sql in LEFT]
        kept = connection.execute(KEPT, given).fetchone()
    assert left == [(0,)] * len(LEFT), left
    assert kept == (len(people) * ORDERS * LINES,), kept
