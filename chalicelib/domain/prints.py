"""Prints: what very many records were when staff approved what happens to them, eight bytes each. Pure.

Rule 16 for a plan too long to be listed: whether a record is as approved can still be told of each one by itself, so
what is gone is no drift and what changed or came is. Leaves to others: where they are kept, sealed (usecases).
"""

from __future__ import annotations

import hashlib
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable


class Prints:
    def __init__(self, packed: bytes = b"") -> None:
        self._all = array("Q")
        self._all.frombytes(packed)
        if sys.byteorder == "big":
            self._all.byteswap()

    def add(self, prints: Iterable[int]) -> None:
        self._all.extend(prints)

    def sorted(self) -> Prints:
        """To be looked into."""
        made = Prints()
        made._all = array("Q", sorted(self._all))
        return made

    def __contains__(self, one: object) -> bool:
        if not isinstance(one, int):
            return False
        at = bisect_left(self._all, one)
        return at < len(self._all) and self._all[at] == one

    def __len__(self) -> int:
        return len(self._all)

    @property
    def packed(self) -> bytes:
        little = self._all
        if sys.byteorder == "big":
            little = array("Q", self._all)
            little.byteswap()
        return little.tobytes()

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.packed).hexdigest()
