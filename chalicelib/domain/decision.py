"""What staff decide, and the grounds on which they may refuse (rule 10: every refusal names its ground)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Verdict(StrEnum):
    APPROVE = "approve"
    REFUSE = "refuse"
    EXTEND = "extend"
    ASK = "ask"


class Ground(StrEnum):
    NO_MATCH = "no_match"
    INSUFFICIENT_VERIFICATION = "insufficient_verification"
    SUSPECTED_FRAUD = "suspected_fraud"
    TOO_MANY_REQUESTS = "too_many_requests"
    CLAIM_NOT_COVERED = "claim_not_covered"
    EXEMPT = "exempt"
    OUTSIDE_REGIME = "outside_regime"
    OTHER = "other"


class Decision(BaseModel):
    """Staff's word. `by` is a staff id or `system`; `at` is UTC; `plan` is the hash of the plan they saw (rule 16).

    An approval may leave out collections (`<source>.<collection>`), on a ground like a refusal's.
    """

    model_config = ConfigDict(frozen=True)

    verdict: Verdict
    by: str
    at: datetime
    ground: Ground | None = None
    plan: str | None = None
    leave: tuple[str, ...] = ()
    exemption: str | None = None
    """Code of the exemption (law/data/refusals.yaml) on which a ground `exempt` stands."""

    first_by: str | None = None
    """Who approved it first, where it took two."""

    @property
    def told(self) -> str:
        """The decision as the audit event has it: kinds and places, nothing personal."""
        said = [self.ground or self.verdict.value, self.exemption]
        if self.first_by:
            said = [*said, "after", self.first_by]
        if self.leave:
            said = ["approve without", *self.leave, *said]
        return " ".join(word for word in said if word)
