"""Measures of the running system from outside: a POST accepted, roads a second, memory held.

The clicks come from this process, the work is done in the other; both share the machine's cores, as on a laptop.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from statistics import median

from bench.driver import Driver
from bench.figures import Figure, of_samples
from bench.people import Person
from bench.system import Desk, desk

THREADS = 4
ROUNDS, ROADS = 3, 100
POSTS = 200
WARM = 12
"""Roads, or posts, walked before any is counted: the first ones read templates and prepare statements."""


def accept() -> list[Figure]:
    """POST /api/requests on one kept connection, one after the other, while the roads that they start are walked."""
    with desk() as system:
        driver, people = Driver(system.run), system.people
        for person in people[:WARM]:
            driver.file("access", person.email, residence="US-CA")
        busy = [
            _timed(lambda p=person: driver.file("access", p.email, residence="US-CA")) for person in people[WARM:POSTS]
        ]
        quiet = []
        for person in people[POSTS : POSTS + 60]:
            reference = driver.file("access", person.email, residence="US-CA")
            driver.link(person.email, "verify", reference)
            time.sleep(0.02)
            quiet.append(_timed(lambda p=person: driver.file("access", p.email, residence="US-CA")))
            time.sleep(0.15)
    return [of_samples("accept", quiet, "ms", 20), of_samples("accept, without a pause", busy, "ms")]


def full(threads: int = THREADS, rounds: int = ROUNDS) -> list[Figure]:
    """Full roads a second, and what the system holds after 300 of them."""
    with desk() as system:
        figures = _roads(system, "full roads", Driver.full_road, 8, threads, rounds)
        figures.append(Figure("memory after 300 roads", system.resident, "MiB", 300))
    return figures


def short(threads: int = THREADS, rounds: int = ROUNDS) -> list[Figure]:
    with desk(automatic=True) as system:
        return _roads(system, "short roads", Driver.short_road, 15, threads, rounds)


def _roads(
    system: Desk, name: str, road: Callable[[Driver, Person], str], target: float, threads: int, rounds: int
) -> list[Figure]:
    crowd = cycle(system.people)
    walk_all(system, road, list(islice(crowd, WARM)), threads)
    rates, times, before = [], [], system.cpu
    for _ in range(rounds):
        began = time.perf_counter()
        times += walk_all(system, road, list(islice(crowd, ROADS)), threads)
        rates.append(ROADS / (time.perf_counter() - began))
    spread = {f"round {n}": round(rate, 2) for n, rate in enumerate(rates, 1)} | {"threads": threads}
    return [
        Figure(name, median(rates), "/s", target, more=True, spread=spread),
        of_samples(f"one of the {name}, {threads} at once", times, "ms"),
        Figure(f"CPU of one of the {name}", 1000 * (system.cpu - before) / (rounds * ROADS), "ms"),
    ]


def walk_all(
    system: Desk, road: Callable[[Driver, Person], str], people: Sequence[Person], threads: int
) -> list[float]:
    """Milliseconds of each person's road; `threads` people walk at once, each with connections of their own."""

    def one(mine: Sequence[Person]) -> list[float]:
        driver = Driver(system.run)
        return [_timed(lambda p=person: road(driver, p)) for person in mine]

    with ThreadPoolExecutor(threads) as pool:
        return [ms for times in pool.map(one, [people[n::threads] for n in range(threads)]) for ms in times]


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - began)
