"""The law as data, and the pure code that reads it: regimes, clocks, limits, proof, and where to appeal.

The numbers stand in `data/*.yaml`, each with its citation and how sure it is; docs/law.md shows them. Not legal advice.
"""

from chalicelib.law.appeals import Route, appeal_route
from chalicelib.law.categories import label, labels
from chalicelib.law.clocks import Clock, appeal_clock, clock_for, extend
from chalicelib.law.limits import limit_for, window_end, window_start
from chalicelib.law.loader import law_of, load, regime_ids
from chalicelib.law.model import LAW_RIGHT, POLICY, Law, LawRight, Limit, ProofLevel, Regime
from chalicelib.law.proof import proof_needed
from chalicelib.law.records import records_kept_until
from chalicelib.law.regimes import regime_for

__all__ = [
    "LAW_RIGHT",
    "POLICY",
    "Clock",
    "Law",
    "LawRight",
    "Limit",
    "ProofLevel",
    "Regime",
    "Route",
    "appeal_clock",
    "appeal_route",
    "clock_for",
    "extend",
    "label",
    "labels",
    "law_of",
    "limit_for",
    "load",
    "proof_needed",
    "records_kept_until",
    "regime_for",
    "regime_ids",
    "window_end",
    "window_start",
]
