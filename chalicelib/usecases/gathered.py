"""What gathering has found in one source so far: added to page by page, laid aside between two Lambda calls.

Bounded, however much there is: eight bytes a record, and what staff may look at. Leaves to others: which records, and
what happens to each (gathering), keeping it (paging).
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain.identity import Doubt, Unclear
from chalicelib.domain.plan import Counts, Doing, Kept, Record, Sums, Treatment, counts_of, kept_of
from chalicelib.domain.prints import Prints


@dataclass
class Gathered:
    total: int = 0
    counts: Counts = field(default_factory=dict)
    keeps: Counter[tuple[str, Kept]] = field(default_factory=Counter)
    prints: Prints = field(default_factory=Prints)
    treatments: list[Treatment] = field(default_factory=list)
    """Those not laid aside yet."""
    parts: int = 0
    matched: list[str] = field(default_factory=list)
    named: dict[str, list[str]] = field(default_factory=dict)
    shown: list[Record] = field(default_factory=list)
    values: dict[str, list[str]] = field(default_factory=dict)
    """By field to be corrected, what records say of it: two are enough to know that nobody can tell."""

    names: dict[str, list[str]] = field(default_factory=dict)
    """By collection of accounts, whom they name: two are enough to know that they may be two people's."""
    chosen: list[str] = field(default_factory=list)
    """Fields of which staff chose the record that is meant."""

    @property
    def ambiguous(self) -> list[str]:
        return sorted(f for f, said in self.values.items() if len(said) > 1 and f not in self.chosen)

    @property
    def several_people(self) -> list[Unclear]:
        return [Unclear(doubt=Doubt.SEVERAL, collection=c) for c, n in sorted(self.names.items()) if len(n) > 1]

    def named_by(self, collection: str, names: Iterable[str]) -> None:
        self.names[collection] = sorted({*self.names.get(collection, ()), *names})[:2]

    def said_of(self, field: str, said: Iterable[str]) -> None:
        self.values[field] = sorted({*self.values.get(field, ()), *said})[:2]

    def add(self, planned: Sequence[Treatment], matched: Iterable[str], named: Mapping[str, Sequence[str]]) -> None:
        self.total += len(planned)
        self.treatments += planned
        self.prints.add(t.print for t in planned)
        for collection, doings in counts_of(planned).items():
            mine = self.counts.setdefault(collection, {})
            for doing, n in doings.items():
                mine[doing] = mine.get(doing, 0) + n
        for collection, kept, n in kept_of(planned):
            self.keeps[collection, kept] += n
        self.matched += [m for m in matched if m not in self.matched]
        for collection, ids in named.items():
            self.named[collection] = sorted({*self.named.get(collection, ()), *ids})

    def show(self, records: Iterable[Record], most: int) -> None:
        """Let staff look at these, as far as there are fewer than `most` of their collection."""
        there = Counter(r.collection for r in self.shown)
        for record in records:
            if there[record.collection] < most:
                there[record.collection] += 1
                self.shown.append(record)

    def sums(self, digest: str) -> Sums:
        return Sums(counts=self.counts, kept=[(c, k, n) for (c, k), n in self.keeps.items()], prints=digest,
                    parts=self.parts)  # fmt: skip

    def said(self) -> dict[str, Any]:
        """As JSON values, to be sealed."""
        return {
            "total": self.total, "counts": self.counts, "parts": self.parts, "matched": self.matched,
            "chosen": self.chosen, "named": self.named, "values": self.values, "names": self.names,
            "prints": base64.b64encode(self.prints.packed).decode(),
            "keeps": [[c, k.model_dump(mode="json"), n] for (c, k), n in self.keeps.items()],
            "treatments": [t.model_dump(mode="json") for t in self.treatments],
            "shown": [r.model_dump(mode="json") for r in self.shown],
        }  # fmt: skip

    @classmethod
    def from_said(cls, said: Mapping[str, Any]) -> Gathered:
        if not said:
            return cls()
        plain = {name: said[name] for name in ("total", "parts", "matched", "named", "values", "names", "chosen")}
        return cls(
            counts={c: {Doing(d): n for d, n in doings.items()} for c, doings in said["counts"].items()},
            keeps=Counter({(c, Kept.model_validate(k)): n for c, k, n in said["keeps"]}),
            prints=Prints(base64.b64decode(said["prints"])),
            treatments=[Treatment.model_validate(t) for t in said["treatments"]],
            shown=[Record.model_validate(r) for r in said["shown"]], **plain,
        )  # fmt: skip
