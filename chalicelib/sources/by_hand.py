"""A place that no program can read: a paper file, a mail archive. `ports.Source` as far as it goes: a person answers.

Whatever needs somebody to look or to act raises SourceAwaited; what they answer is kept with the request, and stands
for what this source would say. Reading back is theirs too: nobody else can. Leaves to others: asking and answering
(usecases/awaiting, usecases/by_hand).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chalicelib.domain.identity import Identifier
from chalicelib.domain.plan import Record, Treatment
from chalicelib.errors import SourceAwaited
from chalicelib.ports import Page


class HandSource:
    def __init__(self, name: str) -> None:
        self.name = name

    def find(self, who: Sequence[Identifier], after: str | None = None, among: str | None = None) -> Page:  # noqa: ARG002
        if not who:
            return Page([], None)
        raise SourceAwaited(self.name)

    def read(self, keys: Iterable[tuple[str, tuple[str, ...]]]) -> list[Record]:
        if not list(keys):
            return []
        raise SourceAwaited(self.name)

    def carry_out(self, treatments: Sequence[Treatment]) -> None:
        if any(t.acts for t in treatments):
            raise SourceAwaited(self.name)

    def not_done(self, treatments: Sequence[Treatment]) -> list[Treatment]:  # noqa: ARG002
        """Nothing: whoever did it has said so, which the audit trail shows."""
        return []

    def stop(self, who: Sequence[Identifier], scopes: Iterable[str]) -> int:  # noqa: ARG002
        """Paper holds no switch; what keeps mail from being sent is the list of suppressions."""
        return 0
