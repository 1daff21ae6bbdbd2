"""One row per state privacy law: the few facts in which they differ, made into a whole law.

The rows are alike by design: no day for acknowledging, one clock for all rights, free answers per twelve months, an
appeal. What is not established is named in `unknown`, and only a law not yet in force may have such a gap.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from chalicelib.law.model import (
    Backed,
    Entitlement,
    InForce,
    Law,
    LawRight,
    Limit,
    Part,
    ProofLevel,
    Proofs,
    Records,
    Refusal,
    Term,
)

AS_OF = date(2026, 11, 20)
"""The day the rows were checked."""


class Free(Backed):
    """Answers a year that cost nothing."""

    count: int = Field(gt=0)


class OptOutRule(Backed):
    authenticates: bool
    """Whether the law lets a business authenticate an opt-out. Ours never does (rule 5)."""


class StateRow(Part):
    name: str
    law: str
    applies: str
    in_force: InForce
    rights: tuple[Literal[LawRight.KNOW, LawRight.CORRECT, LawRight.DELETE, LawRight.OPT_OUT], ...]
    since: dict[LawRight, date] = Field(default_factory=dict)
    also: tuple[Literal["portable_copy", "profiling_opt_out", "third_party_list"], ...] = ()
    respond: Term
    extension: Term
    free: Free | None = None
    refusal: Refusal | None = None
    records: Records | None = None
    opt_out: OptOutRule
    unknown: tuple[Literal["free", "appeal"], ...] = ()
    note: str = ""

    @model_validator(mode="after")
    def _whole(self) -> StateRow:
        for name, value in {"free": self.free, "appeal": self.refusal}.items():
            if value is None and name not in self.unknown:
                raise ValueError(f"{name} is missing, and not named in `unknown`")
            if value is not None and name in self.unknown:
                raise ValueError(f"{name} is given, and named in `unknown`")
        if self.unknown and self.in_force.since <= AS_OF:
            raise ValueError(f"in force, yet unknown: {', '.join(self.unknown)}")
        return self

    def made_law(self, id: str, proof: ProofLevel) -> Law:
        return Law(
            id=id,
            name=self.name,
            law=self.law,
            applies=self.applies,
            in_force=self.in_force,
            residences=(id.upper(),),
            rights={right: self._entitlement(right, proof) for right in self.rights},
            refusal=self.refusal,
            records=self.records,
            also=self.also,
            note=self.note,
        )

    def _entitlement(self, right: LawRight, proof: ProofLevel) -> Entitlement:
        return Entitlement(
            since=self.since.get(right),
            respond=self.respond,
            extension=self.extension,
            limit=self._limit() if right is LawRight.KNOW else None,
            proof=Proofs(specific=self._unverified() if right is LawRight.OPT_OUT else proof),
        )

    def _limit(self) -> Limit | None:
        if self.free is None:
            return None
        return Limit(window="rolling_12_months", effect="may_charge", **self.free.model_dump())

    def _unverified(self) -> ProofLevel:
        rule = self.opt_out
        if rule.authenticates:
            return ProofLevel(points=0, cite=rule.cite, evidence="ours", source="opt-outs are never verified here")
        return ProofLevel(points=0, **rule.model_dump(exclude={"authenticates"}))
