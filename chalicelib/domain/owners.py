"""Whose a record is: each must show that it was reached from what was proven, or nothing of its source is touched.

Rule 4, held once more and in another way than the source's own search: by the record's own values where the data map
names the field, by the record it hangs on where there is one. Leaves to others: what was proven (behalf), the search.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from chalicelib.domain.datamap import SourceMap
from chalicelib.domain.identity import Identifier, IdentifierKind, normalise
from chalicelib.domain.plan import Record
from chalicelib.errors import OwnerNotShown


class Owners:
    """Told every record of one source in the source's order, parents first. `parents` is what an earlier one knew."""

    def __init__(
        self, source: SourceMap, who: Iterable[Identifier], parents: Mapping[str, Iterable[int]] | None = None
    ) -> None:
        self._source = source
        self._proven = {(str(one.kind), one.value) for one in who}
        self._equals = {c.via.collection: set[str]() for c in source.collections.values() if c.via}
        for collection in source.collections.values():
            if collection.via:
                self._equals[collection.via.collection].add(collection.via.equals)
        self._parents = {name: set((parents or {}).get(name, ())) for name in self._equals}

    @property
    def parents(self) -> Mapping[str, set[int]]:
        """What the records told so far let others hang on them: no values, short hashes. It grows as records come."""
        return self._parents

    def check(self, record: Record) -> None:
        """Raises OwnerNotShown."""
        if not self._shows(record):
            raise OwnerNotShown(f"a record of {record.collection} does not show that it is this person's")
        for field in self._equals.get(record.collection, ()):
            self._parents[record.collection].add(_short(field, record.values.get(field)))

    def _shows(self, record: Record) -> bool:
        collection, way = self._source.collections[record.collection], record.reached
        if field := collection.identity.get(way):
            held = record.values.get(field)
            return held is not None and (way, normalise(IdentifierKind(way), str(held))) in self._proven
        if (via := collection.via) and way == via.collection:
            return _short(via.equals, record.values.get(via.field)) in self._parents[way]
        return any(kind == way for kind, _ in self._proven)  # a place that was asked for this person and has no field


def _short(field: str, value: object) -> int:
    said = f"{field}={str(value).lower()}".encode()
    return int.from_bytes(hashlib.blake2b(said, digest_size=8).digest()) if value is not None else -1
