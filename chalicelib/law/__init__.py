"""The law as data, and the pure code that reads it: regimes, clocks, limits, proof, and where to appeal.

The numbers stand in `data/*.yaml`, each with its citation and how sure it is; docs/law.md shows them. Not legal advice.
"""

from chalicelib.law.appeals import Route, appeal_route
from chalicelib.law.categories import is_sensitive, label, labels
from chalicelib.law.clocks import Clock, appeal_clock, clock_for, extend, extend_appeal
from chalicelib.law.content import also_asked
from chalicelib.law.limits import limit_for, window_end, window_start
from chalicelib.law.loader import law_of, load, regime_ids
from chalicelib.law.model import LAW_RIGHT, POLICY, Law, LawRight, Limit, ProofLevel, Regime
from chalicelib.law.pauses import pause_of, resumed
from chalicelib.law.proof import proof_needed
from chalicelib.law.records import records_kept_until
from chalicelib.law.refusals import Exemption, exemptions, ground_label, ground_words
from chalicelib.law.refusals import notes as refusal_notes
from chalicelib.law.regimes import regime_for
from chalicelib.law.rules import Rules, clock_of, extended_clock, may_extend, rules_of

__all__ = [
    "LAW_RIGHT",
    "POLICY",
    "Clock",
    "Exemption",
    "Law",
    "LawRight",
    "Limit",
    "ProofLevel",
    "Regime",
    "Route",
    "Rules",
    "also_asked",
    "appeal_clock",
    "appeal_route",
    "clock_for",
    "clock_of",
    "exemptions",
    "extend",
    "extend_appeal",
    "extended_clock",
    "ground_label",
    "ground_words",
    "is_sensitive",
    "label",
    "labels",
    "law_of",
    "limit_for",
    "load",
    "may_extend",
    "pause_of",
    "proof_needed",
    "records_kept_until",
    "refusal_notes",
    "regime_for",
    "regime_ids",
    "resumed",
    "rules_of",
    "window_end",
    "window_start",
]
