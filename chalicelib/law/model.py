"""The law as typed data: what one law says of one right, every number with its citation and how sure it is.

Every figure names the section it stands on and its evidence: `text` (statute or regulation read), `secondary`,
`memory`, `unknown`, or `ours` (a number the law leaves open and the product chose). Leaves to others: reading the
files (loader), choosing a law (regimes), arithmetic (clocks).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from chalicelib.domain.request import Right

POLICY = "policy"

Evidence = Literal["text", "secondary", "memory", "unknown", "ours"]


class LawRight(StrEnum):
    """The rights as the laws name them."""

    KNOW = "know"
    CORRECT = "correct"
    DELETE = "delete"
    SHINE_THE_LIGHT = "shine_the_light"
    OPT_OUT = "opt_out"
    COMPLAIN = "complain"


LAW_RIGHT = MappingProxyType(
    {
        # ours                      the law's
        Right.ACCESS: LawRight.KNOW,
        Right.CORRECTION: LawRight.CORRECT,
        Right.DELETION: LawRight.DELETE,
        Right.CALIFORNIA_DISCLOSURE: LawRight.SHINE_THE_LIGHT,
        Right.OPT_OUT: LawRight.OPT_OUT,
        Right.CONCERN: LawRight.COMPLAIN,
    }
)


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Backed(Part):
    """Something a law says: where, and how sure we are of it. `source`: what was read, in a plain phrase."""

    cite: str = Field(min_length=1)
    evidence: Evidence
    source: str = ""
    note: str = ""


class Term(Backed):
    """A span of time from the day of receipt, which is day 0."""

    count: int = Field(gt=0)
    unit: Literal["day", "business_day", "month"]
    aim: int | None = Field(None, gt=0)
    """A smaller number to aim for, where readings of the text or sources differ."""
    counts_receipt: bool = False
    """The day of receipt is the first of the days, not day 0."""
    rolls: Literal["no", "weekend", "weekend_and_uk_holiday"] = "no"
    """Whether the limit moves on from a last day that is no working day. The target never does."""

    @model_validator(mode="after")
    def _sensible(self) -> Term:
        if self.aim is not None and self.aim >= self.count:
            raise ValueError(f"aim {self.aim} is not before count {self.count}")
        if self.counts_receipt and self.unit != "day":
            raise ValueError("only days can count the day of receipt")
        return self

    @property
    def spare(self) -> int:
        """How many units before the limit the target lies."""
        return self.count - self.aim if self.aim else 0


class Limit(Backed):
    """How often a person may ask. `effect` is what the law allows beyond: decline, charge, or answer as before."""

    count: int = Field(gt=0)
    window: Literal["rolling_12_months", "calendar_year"]
    effect: Literal["may_decline", "may_charge", "first_answer_again"]


class Pause(Backed):
    """The clock stands still while an answer about who it is or what is meant is awaited, from the law's day on."""

    since: date


class ProofLevel(Backed):
    """Proof of identity in points (the mailbox is one, each right answer one more) and the signed declaration."""

    points: int = Field(ge=0, le=3)
    declaration: bool = False

    @property
    def citation(self) -> str:
        return self.cite


class Proofs(Part):
    """The proof for one right: for the data itself, for mere categories, for what could do harm."""

    specific: ProofLevel
    categories: ProofLevel | None = None
    sensitive: ProofLevel | None = None


class Entitlement(Part):
    """What one law says of one right."""

    since: date | None = None
    """When the right came later than the law."""
    acknowledge: Term | None = None
    respond: Term
    respond_elsewhere: Term | None = None
    """For a request that did not come to a designated address."""
    extension: Term | None = None
    """Added to `respond`, once; both run from receipt."""
    longest: Term | None = None
    """What the law says the two make together: a check on both."""
    pause: Pause | None = None
    """None: no question stops the clock."""
    limit: Limit | None = None
    proof: Proofs
    note: str = ""

    @model_validator(mode="after")
    def _agrees(self) -> Entitlement:
        if self.pause and self.respond.unit == "business_day":
            raise ValueError("a pause is in calendar days, respond in business days")
        if not self.extension:
            return self
        if self.extension.unit != self.respond.unit:
            raise ValueError(f"extension is in {self.extension.unit}s, respond in {self.respond.unit}s")
        together = self.respond.count + self.extension.count
        if self.longest and self.longest.count != together:
            raise ValueError(f"respond and extension make {together}, longest says {self.longest.count}")
        return self


class Refusal(Backed):
    """Where somebody refused can go. `owed`: the law demands an appeal to the business (we always offer one)."""

    owed: bool
    decide: Term | None = None
    extension: Term | None = None
    authority: str
    page: str | None = Field(None, pattern=r"^https://")
    court: bool = False
    named: Literal["on_denial", "always"] = "on_denial"
    """When the answer to an appeal names the authority. We do so on every denial; some laws ask for it always."""

    @model_validator(mode="after")
    def _timed(self) -> Refusal:
        if self.owed and self.decide is None:
            raise ValueError("an appeal is owed but `decide` does not say by when")
        if self.extension and self.decide is None:
            raise ValueError("`extension` without `decide`")
        return self


class Records(Backed):
    """How many months after a request has closed its record is kept."""

    months: int = Field(gt=0)


class InForce(Backed):
    """The first day of a law."""

    since: date


class Law(Part):
    """One law, whole. `applies` is whom it binds, in short: the business decides, with its lawyer, what it lists."""

    id: str = Field(pattern=r"^[a-z]+(-[a-z0-9]+)*$")
    name: str
    law: str
    applies: str
    in_force: InForce
    residences: tuple[str, ...] = ()
    """ISO 3166 codes of those it protects; empty for a law that is not about residence."""
    rights: dict[LawRight, Entitlement]
    refusal: Refusal | None = None
    """None: not established."""
    records: Records | None = None
    """None: the law sets no time, the policy's holds."""
    also: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Regime:
    """What governs a request. `fallback_from` and `reason` say which law was looked at first, and why it is not it."""

    id: str
    name: str
    citation: str
    basis: Literal["binding", "voluntary", "policy"]
    fallback_from: str | None = None
    reason: str | None = None
