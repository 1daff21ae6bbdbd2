"""The staff of a business as they are now: those of its file, without who has been cut off since.

Looked up when somebody asks for staff, at most every half minute: so soon is cut off who left, and a page that needs
no staff asks nothing. Leaves to others: cutting off (usecases/leaving), the file (businesses).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from chalicelib.ports import RequestStore

LOOKED_AT = 30.0
"""Seconds for which a process goes on with what it knows."""


class StaffNow(Sequence[Any]):
    """The members that are still among the staff. `steady` is a clock in seconds that never goes back."""

    def __init__(
        self, members: Sequence[Any], store: RequestStore, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self.members, self.store, self.steady = members, store, steady
        self._known: tuple[float, tuple[Any, ...]] | None = None

    def __getitem__(self, at: Any) -> Any:
        return self._now()[at]

    def __len__(self) -> int:
        return len(self._now())

    def _now(self) -> tuple[Any, ...]:
        if self._known is None or self.steady() - self._known[0] > LOOKED_AT:
            gone = self.store.those_cut_off()
            self._known = self.steady(), tuple(m for m in self.members if m.id not in gone)
        return self._known[1]
