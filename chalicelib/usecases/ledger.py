"""The ledger: what a deletion erased and what it had to keep, remembered so that both end well.

Written before anything is erased, confirmed once it was read back: a step cut short loses nothing, and one that never
ran leaves nothing. Each entry is sealed under a data key of its own; the request may be purged meanwhile. Leaves to
others: acting on it (staying_gone), doing it all again after a restore (replaying).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from chalicelib.domain import behalf
from chalicelib.domain.identity import Identifier, record_identifier
from chalicelib.domain.ledger import (
    MOST_RECORDS,
    Entry,
    EntryKind,
    EntryState,
    Erased,
    Happened,
    KeptRecord,
    Secret,
    first_end,
)
from chalicelib.domain.plan import LEGAL_HOLD, Finding, Record, Treatment
from chalicelib.domain.request import Personal, Relationship, Request, Right
from chalicelib.errors import RequestChanged, RequestNotFound
from chalicelib.law import records_kept_until
from chalicelib.law.model import POLICY
from chalicelib.services import Services
from chalicelib.usecases import partial, road, suppression

Each = TypeVar("Each")
UNCONFIRMED = timedelta(days=1)
"""How long an entry may wait for its deletion to be read back before the sweep asks what became of it."""


def remember(
    svc: Services, request: Request, personal: Personal, finding: Finding, records: Sequence[Record],
    planned: Sequence[Treatment], also: Iterable[Identifier], *, first: int = 0, last: bool = True,
) -> int:  # fmt: skip
    """Note what a deletion is about to erase and to keep of one page of a source; noted already, it stays as it was.

    `first` is the number of this page's first entry, the next page's is returned; `last`: no page follows, and `also`
    is all that is known of the person here. A parent's own identifiers do not select: only the child's records, by
    their keys, are looked for again. Where a person looks by hand, nothing can look again: what is kept there is only
    brought to mind on its day.
    """
    if request.right is not Right.DELETION:
        return first
    by_hand = svc.business.datamap.sources[finding.source].by_hand
    selecting = behalf.selecting(request, personal)
    who = [] if request.relationship is Relationship.PARENT else list(dict.fromkeys([*selecting, *also]))
    subjects = sorted({svc.hash(i) for i in selecting} | ({request.subject_hash} if request.subject_hash else set()))
    left = sorted(partial.left_in(request, finding.source))
    gone = [t for t in planned if t.acts and not by_hand]
    erased = _parts([Erased(collection=t.collection, key=t.key, fingerprint=t.fingerprint) for t in gone])
    if last and not erased and first and finding.acts and not by_hand:
        erased = [[]]  # whom to look for is known only now
    for n, some in enumerate(erased):
        secret = Secret(who=who if last and n == 0 else [], subjects=subjects, left=left, erased=some)
        _plan(svc, request, finding, EntryKind.GONE, first + n, secret)
    kept = _parts(_kept(svc, finding.source, planned, records))
    for n, some_kept in enumerate(kept):
        _plan(svc, request, finding, EntryKind.KEPT, first + n, Secret(subjects=subjects, kept=some_kept))
    if finding.sums:  # too many to be listed again once all is read back
        _restrict(svc, finding.source, planned)
    return first + max(len(erased), len(kept))


def _restrict(svc: Services, source: str, planned: Iterable[Treatment]) -> None:
    """What stays, other than by a legal hold, is for restricted use. Paper has no keys that a program could check."""
    if svc.business.datamap.sources[source].by_hand:
        return
    stays = [t for t in planned if t.kept and t.kept != LEGAL_HOLD]
    suppression.restrict(svc, [record_identifier(source, t.collection, t.key) for t in stays])


def _parts(records: list[Each]) -> list[list[Each]]:
    return [records[at : at + MOST_RECORDS] for at in range(0, len(records), MOST_RECORDS)]


def _kept(
    svc: Services, source: str, planned: Sequence[Treatment], records: Sequence[Record]
) -> list[KeptRecord]:  # fmt: skip
    """What has an end date, and what that was counted from. What is kept without an end is told so, and stays."""
    collections = svc.business.datamap.sources[source].collections
    if svc.business.datamap.sources[source].by_hand:
        ends = [(t, t.kept.until) for t in planned if t.kept and t.kept.until]
        return [KeptRecord(collection=t.collection, key=t.key, until=until, start="") for t, until in ends]
    values = {(r.collection, r.key): r.values for r in records}
    return [
        KeptRecord(collection=t.collection, key=t.key, until=t.kept.until, start=str(values[t.collection, t.key].get(
            retain.from_field)))
        for t in planned
        if t.kept and t.kept.until and (retain := collections[t.collection].retain) and (t.collection, t.key) in values
    ]  # fmt: skip


def _plan(svc: Services, request: Request, finding: Finding, kind: EntryKind, part: int, secret: Secret) -> None:
    now = svc.now()
    entry = Entry(
        reference=request.reference, source=finding.source, kind=kind, part=part, at=now,
        digest=_approved(request, finding),
        due=now + UNCONFIRMED, records=len(secret.erased or secret.kept),
    )  # fmt: skip
    begin(svc, entry, secret)


def _approved(request: Request, finding: Finding) -> str:
    """The digest of what staff saw, before they left something out."""
    return request.findings.get(finding.source, finding.digest)


def begin(svc: Services, entry: Entry, secret: Secret) -> None:
    """A new entry under a key of its own; one that stands already stays."""
    if any(e.id == entry.id for e in svc.store.entries(entry.reference)):
        return
    svc.vault.begin(entry.id)
    svc.store.put_entry(seal(svc, entry, secret))


def confirm(svc: Services, request: Request, finding: Finding) -> None:
    """The deletion in this source was read back: its entries wait for their day; what stays is for restricted use."""
    if request.right is not Right.DELETION:
        return
    _restrict(svc, finding.source, finding.treatments)
    approved = _approved(request, finding)
    for entry in svc.store.entries(request.reference):
        if (entry.source, entry.digest, entry.state) == (finding.source, approved, EntryState.PLANNED):
            wait(svc, entry, opened(svc, entry))


def wait(svc: Services, entry: Entry, secret: Secret, what: str = "", *, by: str = "system", records: int = 0) -> Entry:
    """Put the entry by until its next day, or end it when there is none. `what` happened goes on record."""
    due = entry.next_look() if entry.kind is EntryKind.GONE else first_end(secret.kept, svc.business.zone)
    if due is None:
        return end(svc, entry, what, by=by, records=records)
    return change(
        svc, entry, what, by=by, records=records, secret=secret, state=EntryState.WAITING, due=due, found=[], plan=None
    )


def end(svc: Services, entry: Entry, what: str, *, by: str = "system", records: int = 0) -> Entry:
    """Nothing is left to do: the key goes, and all that led to anybody; the bare line stays as long as a log."""
    now = svc.now()
    gone_at = records_kept_until(POLICY, now, svc.business.zone)
    over = change(
        svc, entry, what, by=by, records=records, state=EntryState.OVER, due=None, gone_at=gone_at, sealed=b"",
        found=[], plan=None,
    )  # fmt: skip
    svc.vault.forget(entry.id)
    svc.store.delete(entry.id)  # the claims of its mails
    return over


def change(
    svc: Services, entry: Entry, what: str, *, by: str = "system", records: int = 0, secret: Secret | None = None,
    **changes: object,
) -> Entry:  # fmt: skip
    """The entry one version on, and on record what happened, here and with its request. Raises RequestChanged."""
    history = entry.history
    if what:
        history = [*history, Happened(at=svc.now(), what=what, by=by, records=records)]
    changed = entry.model_copy(update={"version": entry.version + 1, "history": history, **changes})
    if secret is not None:
        changed = seal(svc, changed, secret)
    if not svc.store.put_entry(changed):
        raise RequestChanged(entry.reference)
    if what in TOLD:
        _tell_the_trail(svc, entry.reference, what, by)
    return changed


TOLD = frozenset({"kept_erased", "destroyed", "came_back", "erased_again", "left_as_is"})
"""What stands in the request's audit trail, too, for as long as there is one."""


def _tell_the_trail(svc: Services, reference: str, what: str, by: str) -> None:
    try:
        road.note(svc, reference, what, by=by)
    except RequestNotFound:
        return  # purged: the entry's own history says it


def seal(svc: Services, entry: Entry, secret: Secret) -> Entry:
    return entry.model_copy(
        update={"sealed": svc.vault.seal(entry.id, zlib.compress(secret.model_dump_json().encode()))}
    )


def opened(svc: Services, entry: Entry) -> Secret:
    """Raises RequestNotFound when its key is gone."""
    return Secret.model_validate_json(zlib.decompress(svc.vault.open(entry.id, entry.sealed)))


def who_in(svc: Services, entries: Iterable[Entry]) -> list[Identifier]:
    """Every identifier of the person that any source of this deletion knew."""
    found = [i for e in entries if e.kind is EntryKind.GONE and e.sealed for i in opened(svc, e).who]
    return list(dict.fromkeys(found))


def kept_in(svc: Services, entries: Iterable[Entry], source: str) -> set[tuple[str, tuple[str, ...]]]:
    """The records of one source that this deletion kept and that are not gone yet."""
    there = [e for e in entries if e.kind is EntryKind.KEPT and e.source == source and e.sealed]
    return {(k.collection, k.key) for e in there for k in opened(svc, e).kept}


def held(svc: Services, secret: Secret) -> bool:
    """Whether a legal hold was set since: nothing is erased while it stands."""
    return any(svc.store.hold_of(subject) for subject in secret.subjects)


def since(svc: Services, at: datetime) -> list[Entry]:
    """What was erased at or after a moment (UTC) and is still in the ledger, the oldest first."""
    found = [e for e in svc.store.entries_due() if e.kind is EntryKind.GONE and e.at >= at]
    return sorted((e for e in found if e.state is not EntryState.PLANNED), key=lambda e: (e.at, e.id))
