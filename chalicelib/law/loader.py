"""Reads the law files shipped in the package, once, and refuses what is missing or contradicts itself.

A number without its citation, two laws for one residence and right, a fallback that does not know every right: each
raises Misconfigured with the file, the path in it and the mend. YAML is imported when first read, not before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from chalicelib.domain.request import Right
from chalicelib.errors import Misconfigured
from chalicelib.law.model import (
    LAW_RIGHT,
    POLICY,
    Backed,
    Entitlement,
    Law,
    LawRight,
    Part,
    ProofLevel,
    Refusal,
    Regime,
    Term,
)
from chalicelib.law.states import StateRow

DATA = Path(__file__).parent / "data"
CATEGORIES = 27
REFUSALS = "refusals.yaml"
"""No laws stand in it (refusals)."""

M = TypeVar("M", bound=Part)


class Categories(Backed):
    """The kinds of personal information that Civil Code 1798.83 lists, by key, in our own words."""

    labels: dict[str, str]


class Sensitive(Backed):
    """Kinds of data, as the data map names them, whose unwanted change or deletion would do harm."""

    kinds: tuple[str, ...]


class LawFile(Part):
    """One file of laws written out whole."""

    laws: dict[str, dict[str, Any]]
    categories: Categories | None = None
    sensitive: Sensitive | None = None


class StatesFile(Part):
    """The file of rows that are alike: the proof they share, and each state."""

    proof: ProofLevel
    states: dict[str, StateRow]


@dataclass(frozen=True)
class LawBook:
    """All laws by id, those of each residence in file order, the policy's own appeal, and the 27 categories."""

    laws: Mapping[str, Law]
    by_residence: Mapping[str, tuple[str, ...]]
    appeal: tuple[Refusal, Term]
    categories: Categories
    sensitive: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def load() -> LawBook:
    """The law as shipped."""
    return read(DATA)


def read(folder: Path) -> LawBook:
    """The law in the YAML files of a folder. Raises Misconfigured."""
    laws: dict[str, Law] = {}
    categories: Categories | None = None
    sensitive: tuple[str, ...] = ()
    for path in sorted(path for path in folder.glob("*.yaml") if path.name != REFUSALS):
        content = parsed(path)
        for id, law in _states(path, content) if "states" in content else _laws(path, content):
            if id in laws:
                raise Misconfigured(path.name, id, "a law of this id stands in another file", "keep one of the two")
            laws[id] = law
        if "categories" in content:
            categories = valid(Categories, path, "categories", content["categories"])
        if "sensitive" in content:
            sensitive += valid(Sensitive, path, "sensitive", content["sensitive"]).kinds
    return LawBook(laws, _by_residence(laws), _fallback(laws), _all(categories), sensitive)


def law_of(regime: Regime | str) -> Law:
    """The law of a regime or of its id. Raises Misconfigured for an id no file has."""
    id = regime if isinstance(regime, str) else regime.id
    try:
        return load().laws[id]
    except KeyError:
        raise Misconfigured("law", id, "no law has this id", f"one of {', '.join(sorted(regime_ids()))}") from None


def entitlement(regime: Regime | str, right: Right) -> Entitlement:
    """What a regime says of a right. Raises Misconfigured when it knows no such right: ask `regime_for` first."""
    law = law_of(regime)
    try:
        return law.rights[LAW_RIGHT[right]]
    except KeyError:
        raise Misconfigured(
            "law", f"{law.id}.rights", f"no right of {right}", "take the regime from regime_for"
        ) from None


def appeal_of(regime: Regime | str) -> tuple[Refusal, Term]:
    """The way on after a refusal and by when an appeal is decided; the policy's where the law leaves it open."""
    refusal, decide = load().appeal
    refusal = law_of(regime).refusal or refusal
    return refusal, refusal.decide or decide


def regime_ids() -> frozenset[str]:
    """Every id that a business may list as binding or voluntary, and `policy`."""
    return frozenset(load().laws)


def parsed(path: Path) -> dict[str, Any]:
    """What a YAML file says. Raises Misconfigured."""
    import yaml

    try:
        content = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except yaml.YAMLError as fault:
        raise Misconfigured(path.name, "file", str(fault), "write it as YAML") from fault
    if not isinstance(content, dict):
        raise Misconfigured(path.name, "file", "holds no laws", "begin it with `laws:` or `states:`")
    return content


def _laws(path: Path, content: dict[str, Any]) -> Iterator[tuple[str, Law]]:
    for id, body in valid(LawFile, path, "", content).laws.items():
        yield id, valid(Law, path, f"laws.{id}", {**body, "id": id})


def _states(path: Path, content: dict[str, Any]) -> Iterator[tuple[str, Law]]:
    file = valid(StatesFile, path, "", content)
    for id, row in file.states.items():
        yield id, row.made_law(id, file.proof)


def valid(model: type[M], path: Path, where: str, content: object) -> M:
    """Part of a file as its model. Raises Misconfigured at the place of the first fault."""
    try:
        return model.model_validate(content)
    except ValidationError as fault:
        first = fault.errors()[0]
        place = ".".join([where, *map(str, first["loc"])]).strip(".")
        raise Misconfigured(path.name, place, first["msg"], "give it with `cite` and `evidence`") from fault


def _by_residence(laws: Mapping[str, Law]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for law in laws.values():
        for residence in law.residences:
            for other in found.get(residence, ()):
                if both := laws[other].rights.keys() & law.rights.keys():
                    where = f"{law.id}.residences.{residence}"
                    raise Misconfigured("law", where, f"{other} gives {', '.join(sorted(both))} too", "drop one")
            found[residence] = (*found.get(residence, ()), law.id)
    return found


def _fallback(laws: Mapping[str, Law]) -> tuple[Refusal, Term]:
    """The policy's appeal, having made sure that the policy can catch every right."""
    policy = laws.get(POLICY)
    if policy is None or policy.refusal is None or policy.refusal.decide is None:
        raise Misconfigured("policy.yaml", "laws.policy", "the fallback or its appeal is missing", "write it whole")
    if policy.records is None:
        raise Misconfigured("policy.yaml", "laws.policy.records", "is missing", "say how many months a record is kept")
    if missing := set(LawRight) - policy.rights.keys():
        lacks = ", ".join(sorted(missing))
        raise Misconfigured("policy.yaml", "laws.policy.rights", f"{lacks} missing", "all fall back to it: give each")
    return policy.refusal, policy.refusal.decide


def _all(categories: Categories | None) -> Categories:
    count = len(categories.labels) if categories else 0
    if categories is None or count != CATEGORIES:
        raise Misconfigured("california.yaml", "categories.labels", f"{count} given", f"give all {CATEGORIES}")
    return categories
