"""Replaying: after the business restored a backup of its data, every deletion since that backup is done again.

It asks the sources what is there and erases that, so it may be rehearsed, cut short and run again (rule 18). A legal
hold set since is respected. Leaves to others: what is there of what was erased (staying_gone), the ledger.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.ledger import Entry, Line, lines
from chalicelib.errors import RightsdeskError
from chalicelib.services import Services
from chalicelib.usecases import ledger, staying_gone


@dataclass(frozen=True)
class Replayed:
    """One deletion in one source: what of it was there again; why it could not be looked at or erased, if so."""

    entry: Entry
    found: list[Line]
    held: bool = False
    failed: str | None = None


def replay(svc: Services, since: datetime, *, rehearse: bool) -> Iterator[Replayed]:
    """Look for what every deletion since then erased (UTC) and, unless it is a rehearsal, erase it again.

    One that fails stops no other (rule 11).
    """
    for entry in ledger.since(svc, since):
        try:
            yield _one(svc, entry, rehearse)
        except RightsdeskError as fault:
            yield Replayed(entry, [], failed=type(fault).__name__)


def _one(svc: Services, entry: Entry, rehearse: bool) -> Replayed:
    secret = ledger.opened(svc, entry)
    found = staying_gone.returned(svc, entry, secret)
    if not found or ledger.held(svc, secret):
        return Replayed(entry, lines(found), held=bool(found))
    if not rehearse:
        staying_gone.erase(svc, entry, found)
        settled = secret.model_copy(update={"found": []})
        ledger.wait(svc, entry, settled, "replayed", by="engineer", records=len(found))
    return Replayed(entry, lines(found))
