"""A busy day: 10,000 requests on AWS's default quotas, played through second by second.

What one request of each right asks of AWS, Lambda by Lambda, was recorded by walking it once (usage); the day draws
when people come, prove and decide, and adds up. Two days: an ordinary one, and one on which a mail to all brings
tenth of the day's requests within five minutes. Leaves to others: the recording (units).
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench.figures import Figure
from bench.usage import walked

QUOTAS: dict[str, dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "quotas.yaml").read_text())
REQUESTS, DAY, RUSH = 10_000, 86_400, (36_000, 36_300)
HOURS = (1, 1, 1, 1, 1, 1, 2, 3, 5, 7, 8, 8, 8, 7, 6, 6, 5, 5, 6, 7, 5, 3, 2, 1)
"""How many of a hundred come in each hour of a day: an assumption, two thirds in working hours."""
MIX = {"opt_out": 40, "deletion": 25, "access": 20, "correction": 8, "concern": 4, "california_disclosure": 3}
"""Of a hundred requests: an assumption."""
SHARED = ("index ", "METRICS#")
"""Partitions that requests of all people share; whatever else there is has one for each request, link or person."""
PROOF, DECISION = 300.0, 7_200.0
"""Mean seconds until a customer opens the mail, and until staff decide: assumptions."""


Call = dict[str, Any]
"""One recorded call of a Lambda: `moment` (filed, proven or decided), `after` (seconds from it), `seconds`, `used`,
`partitions` (a list of partition, kind, units)."""


@dataclass
class Load:
    """What is asked in each second of the day, by quota; and by partition of the table."""

    seconds: dict[str, Counter[int]]
    partitions: dict[tuple[str, str], Counter[int]]


def play(roads: Mapping[str, Sequence[Call]], *, rush: bool, seed: int = 7) -> Load:
    """One day. The same seed is the same day."""
    draw = random.Random(seed)
    load = Load(defaultdict(Counter), defaultdict(Counter))
    for number in range(REQUESTS):
        right = draw.choices(list(MIX), list(MIX.values()))[0]
        filed = draw.uniform(*RUSH) if rush and number < REQUESTS // 10 else _comes(draw)
        proven = filed + draw.expovariate(1 / PROOF)
        at = {"filed": filed, "proven": proven, "decided": proven + draw.expovariate(1 / DECISION)}
        for call in roads[right]:
            _add(load, call, at[call["moment"]] + call["after"], str(number))
    return load


def _comes(draw: random.Random) -> float:
    hour = draw.choices(range(24), HOURS)[0]
    return hour * 3600 + draw.uniform(0, 3600)


def _add(load: Load, call: Call, at: float, request: str) -> None:
    for what, amount in call["used"].items():
        load.seconds[what][int(at)] += amount
    for partition, kind, units in call["partitions"]:
        # A family with one partition a request, link or person is spread; what all share is not.
        own = partition if partition.startswith(SHARED) else f"{partition} {request}"
        load.partitions[own, kind][int(at)] += units
    for second in range(int(at), int(at + call["seconds"]) + 1):
        load.seconds["Lambda calls"][second] += 1


def busiest(load: Load) -> dict[str, dict[str, float]]:
    """The most that was asked of each quota, beside it; of partitions, the one that all requests share."""
    found = {}
    for what, quota in QUOTAS["a second"].items():
        kind = what.split(" of the busiest")[0]
        asked = [of for (_, k), of in load.partitions.items() if k == kind] if kind != what else [load.seconds[what]]
        found[f"{what}, a second"] = _beside(max((max(of.values(), default=0) for of in asked), default=0), quota)
    found["Lambda calls, at once"] = _beside(
        max(load.seconds["Lambda calls"].values()), QUOTAS["at once"]["Lambda calls"]
    )
    found["mails, a day"] = _beside(sum(load.seconds["mails"].values()), QUOTAS["a day"]["mails"])
    return found


def _beside(asked: float, quota: Mapping[str, Any]) -> dict[str, float]:
    return {"asked": round(asked, 1), "quota": quota["most"], "of it, %": round(100 * asked / quota["most"], 1)}


def days() -> dict[str, dict[str, float]]:
    """Both days, quota by quota."""
    roads = walked()["calls"]
    ordinary, rush = (busiest(play(roads, rush=rush)) for rush in (False, True))
    return {
        what: {"quota": of["quota"], "an ordinary day": of["asked"], "a rush": rush[what]["asked"],
               "a rush, % of it": rush[what]["of it, %"]}
        for what, of in ordinary.items()
    }  # fmt: skip


def figures(found: Mapping[str, Mapping[str, float]]) -> list[Figure]:
    """The quota that a rush comes closest to."""
    tightest = max(found, key=lambda what: found[what]["a rush, % of it"])
    return [Figure(f"{REQUESTS:,} a day with a rush, % of the tightest quota ({tightest})",
                   found[tightest]["a rush, % of it"], "%", 100)]  # fmt: skip
