"""Refusal grounds and exemptions as data: what staff choose, what the customer reads, what would change it.

Rule 10: a refusal names its ground, and what would change it. What a law says otherwise stands under its id, with its
citation. Leaves to others: who refuses (usecases/review), the mail (usecases/refusals), where to appeal (appeals).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from pydantic import Field, model_validator

from chalicelib.domain.decision import Ground
from chalicelib.domain.request import Right
from chalicelib.errors import Misconfigured
from chalicelib.language import gettext
from chalicelib.law.loader import DATA, REFUSALS, parsed, regime_ids, valid
from chalicelib.law.model import POLICY, Backed, Part


class Said(Backed):
    """A law's own wording of a ground."""

    says: str
    change: str


class GroundWords(Part):
    """One ground: `label` for staff, `says` and `change` for the customer."""

    label: str
    says: str
    change: str
    regimes: dict[str, Said] = Field(default_factory=dict)


class Exemption(Backed):
    """A reason for which a law lets a business keep or withhold data."""

    label: str
    says: str
    shop_use: str


class Note(Backed):
    """What a denial tells besides; `only`: where data of this category is concerned."""

    says: str
    only: str = ""


class RefusalBook(Part):
    grounds: dict[Ground, GroundWords]
    exemptions: dict[str, dict[Right, dict[str, Exemption]]]
    notes: dict[str, dict[Right, tuple[Note, ...]]]

    @model_validator(mode="after")
    def _whole(self) -> RefusalBook:
        if missing := set(Ground) - self.grounds.keys():
            raise ValueError(f"grounds: {', '.join(sorted(missing))} missing: each needs its words")
        if POLICY not in self.exemptions or POLICY not in self.notes:
            raise ValueError("`policy` is missing: what no law says falls back to it")
        return self


@lru_cache(maxsize=1)
def book() -> RefusalBook:
    """The refusals as shipped."""
    return read(DATA / REFUSALS)


def read(path: Path) -> RefusalBook:
    """The refusals in a file. Raises Misconfigured."""
    found = valid(RefusalBook, path, "", parsed(path))
    named = {*found.exemptions, *found.notes, *(id for ground in found.grounds.values() for id in ground.regimes)}
    if unknown := named - regime_ids():
        raise Misconfigured(path.name, ", ".join(sorted(unknown)), "no law has this id", "name one of law/data")
    return found


def ground_words(ground: Ground, regime: str) -> tuple[str, str]:
    """What a ground says, and what would change it, to a customer under this regime."""
    words = book().grounds[ground]
    said = words.regimes.get(regime, words)
    return gettext(said.says), gettext(said.change)


def ground_label(ground: Ground) -> str:
    """The ground's name for staff."""
    return book().grounds[ground].label


def exemptions(regime: str, right: Right) -> Mapping[str, Exemption]:
    """What staff may name where the ground is `exempt`, by code: the regime's own, else the policy's."""
    listed = book().exemptions
    return listed.get(regime, listed[POLICY]).get(right, {})


def notes(regime: str, right: Right, categories: Iterable[str]) -> list[str]:
    """What a denial of this right tells besides, where data of these categories is concerned."""
    listed = book().notes
    categories = tuple(categories)
    return [
        gettext(note.says)
        for note in listed.get(regime, listed[POLICY]).get(right, ())
        if not note.only or any(c == note.only or c.startswith(note.only + ".") for c in categories)
    ]
