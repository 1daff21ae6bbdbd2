"""The bill: what one request of each right costs on AWS, what stands there when nobody asks, and a month of each size.

What is used was counted by walking it (usage); prices are bench/prices.yaml's. Leaves to others: free tiers, taxes,
and whatever the business's own database costs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from statistics import mean
from typing import Any

import yaml

from bench.figures import Figure
from chalicelib.businesses.loader import load
from local.template import FUNCTION, permissions, whole

PRICES: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "prices.yaml").read_text())
BUSINESS = "jeffers"
HOURLY = 4
"""Metrics that the hourly sweep writes whatever happens (docs/watching.md)."""
MONTHS_KEPT = 24
"""How long a request's record is kept (11 CCR 7101): what a steady business has stored is this many months of it."""
LOG_BYTES = 500
"""What Lambda itself writes to its log for each call, and a line of ours."""
SIZES = (10, 1_000, 100_000)
PER_REQUEST, STANDING = 0.2, 15.0
"""What is aimed at: US cents a request, US dollars a month."""


def cents(used: Mapping[str, float]) -> dict[str, float]:
    """US cents of one request by what they are for, dearest first."""
    calls = used["Lambda calls"]
    # Each warm Lambda asks KMS itself, at most once a call of it; here one process keeps a request's key for a minute.
    paid = {**used, "log GB": calls * LOG_BYTES / 1e9, "KMS calls": max(calls, used["KMS calls"])}
    parts = {name: 100 * price["usd"] * paid.get(name, 0) for name, price in PRICES["use"].items()}
    return dict(sorted(parts.items(), key=lambda part: -part[1]))


def template() -> dict[str, Any]:
    """The stage's template, with Chalice's part as far as it bears on the bill: its functions."""
    import app

    alone = {"".join(part.title() for part in source.name.split("_")) for source in app.app.event_sources}
    functions = {
        name: {
            "Type": FUNCTION,
            "Properties": {"Environment": {"Variables": {}}, **({"Events": {}} if name in alone else {})},
        }
        for name in permissions()["functions"]
    }
    chalices = {
        "Parameters": {},
        "Resources": {**functions, "RestAPI": {"Type": "AWS::Serverless::Api", "Properties": {}}},
    }
    return whole(chalices, load(BUSINESS), "privacy.example.com")


def standing(made: Mapping[str, Any]) -> dict[str, float]:
    """US dollars a month for what the template makes and AWS bills unused."""
    prices, there = PRICES["standing"], Counter(it["Type"] for it in made["Resources"].values())
    found = {kind: n * prices[kind]["usd"] for kind, n in there.items() if kind in prices}
    return {**found, "metrics written every hour": HOURLY * prices["metric"]["usd"]}


def optional() -> dict[str, float]:
    """US dollars a month for what is off unless asked for."""
    return {name: sum(one["usd"] * one.get("times", 1) for one in parts) for name, parts in PRICES["optional"].items()}


def kept(stored_kb: float, requests: int) -> float:
    """US dollars a month for storing what a steady business has had in all the months that are kept."""
    gigabytes = stored_kb / 1e6 * requests * MONTHS_KEPT
    return gigabytes * sum(float(price["usd"]) for price in PRICES["kept"].values())


def bill(used: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Three tables: cents by right and part, dollars standing by resource, dollars a month by size."""
    by_right = {right: cents(counted) for right, counted in used.items()}
    stands = standing(template())
    each, stored = mean(map(_total, by_right.values())), mean(one["stored KB"] for one in used.values())
    months = {
        f"{size:,} requests": {
            "requests": each / 100 * size, "standing": _total(stands), "kept": kept(stored, size),
            "US dollars a month": each / 100 * size + _total(stands) + kept(stored, size),
        }
        for size in SIZES
    }  # fmt: skip
    return {
        "US cents by right": {right: _total(parts) for right, parts in by_right.items()},
        **{f"of {right}, US cents": parts for right, parts in by_right.items()},
        "standing, US dollars a month": {**stands, "in all": _total(stands)},
        "only if switched on, US dollars a month": optional(),
        **{f"a month with {size}": parts for size, parts in months.items()},
    }  # fmt: skip


def figures(used: Mapping[str, Mapping[str, float]]) -> list[Figure]:
    """The dearest right, and what stands when nobody asks, beside what is aimed at."""
    costs = {right: _total(cents(counted)) for right, counted in used.items()}
    dearest = max(costs, key=lambda right: costs[right])
    stands = _total(standing(template()))
    spread = {right: round(cost, 3) for right, cost in costs.items()}
    return [
        Figure(f"a request, the dearest right ({dearest})", costs[dearest], "US cents", PER_REQUEST, spread=spread),
        Figure("standing, a month", stands, "US dollars", STANDING),
    ]


def _total(parts: Mapping[str, float]) -> float:
    return sum(parts.values())
