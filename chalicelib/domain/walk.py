"""A walk of the canary: a synthetic customer's way from form to answer, and what may be approved on it by itself.

Pure. The rule it keeps: nothing is approved for a walk but records that the business has named as synthetic, each by
its key; one record more and a person decides. Leaves to others: walking (usecases/canary), judging (usecases/judging).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from chalicelib.domain.plan import Finding


class Walk(BaseModel):
    """The canary's last walk. Times are UTC. `form`: the hash of the one form that may be filed as synthetic."""

    model_config = ConfigDict(frozen=True)

    begun_at: datetime
    form: str = ""
    reference: str | None = None
    proven_at: datetime | None = None
    ended_at: datetime | None = None
    fault: str | None = None
    """What went wrong, as a kind."""

    @property
    def stage(self) -> str:
        """The part of the road it is on, or at which it stopped."""
        if self.ended_at:
            return "done"
        return "answer" if self.proven_at else "mail" if self.reference else "form"


def only_synthetic(rows: Mapping[str, Iterable[tuple[str, ...]]], found: Iterable[Finding]) -> bool:
    """Whether all that was found is named in `rows`: keys by `<source>.<collection>`. Nothing found is."""
    named = {place: set(keys) for place, keys in rows.items()}
    return all(
        t.key in named.get(f"{finding.source}.{t.collection}", ()) for finding in found for t in finding.treatments
    )  # fmt: skip
