"""Staying gone: the hourly sweep over the ledger of deletions.

What had to be kept goes on the day after its last, in the real source, read back (rules 8 and 12); what was erased is
looked for again after 30 and 180 days, and staff decide on what came back: they may have loaded an old list, or the
person may be a customer anew. Nobody writes to the person: the answer told them the date, their address is gone, and
they asked to be left alone. A legal hold stops everything. Leaves to others: the ledger itself (ledger).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

from chalicelib.domain.identity import record_identifier
from chalicelib.domain.ledger import Entry, EntryKind, EntryState, Erased, KeptRecord, Secret
from chalicelib.domain.plan import Doing, OutcomeState, Record, Treatment, treat
from chalicelib.domain.request import Right
from chalicelib.domain.status import Status
from chalicelib.errors import (
    RequestChanged,
    RequestNotFound,
    RightsdeskError,
    SourceMisread,
)
from chalicelib.ports import Source, every
from chalicelib.services import Services
from chalicelib.usecases import came_back, gathering, ledger, suppression

log = logging.getLogger("rightsdesk.ledger")

MOST = 500
"""Entries in one run; the next one goes on from there."""
TOMORROW = timedelta(days=1)


def keep_up(svc: Services, most: int = MOST) -> dict[str, int]:
    """Do what is due. Counts it; one that fails stops no other (rule 11) and is tried again the next day."""
    done = {"erased": 0, "looked": 0, "returned": 0, "put_off": 0, "failed": 0}
    for number, entry in enumerate(svc.store.entries_due(svc.now())):
        if number >= most:
            break
        try:
            done[_act(svc, entry)] += 1
        except RequestChanged:
            continue  # staff, or another sweep, were faster
        except RightsdeskError as fault:
            log.error("%s in the ledger of %s", type(fault).__name__, entry.reference)
            done["failed"] += 1
            _failed(svc, entry, fault)
    return done


def _failed(svc: Services, entry: Entry, fault: RightsdeskError) -> None:
    """Tried again tomorrow; staff hear of it, once a week at most."""
    stands = next((e for e in svc.store.entries(entry.reference) if e.id == entry.id), None)
    try:
        if stands and stands.due and stands.due <= svc.now() and stands.state is not EntryState.RETURNED:
            ledger.change(svc, stands, "", due=svc.now() + TOMORROW)
            came_back.mail(svc, stands, f"failed:{svc.now():%G-%V}", why=type(fault).__name__)
    except RightsdeskError as again:
        log.error("%s while telling staff about the ledger of %s", type(again).__name__, entry.reference)


def _act(svc: Services, entry: Entry) -> str:
    try:
        secret = ledger.opened(svc, entry)
    except RequestNotFound:  # its key is lost: what it said is gone
        ledger.end(svc, entry, "key_gone")
        return "put_off"
    if entry.state is EntryState.PLANNED:
        return _what_became(svc, entry, secret)
    if entry.state is EntryState.RETURNED:
        return came_back.remind(svc, entry)
    if entry.state is EntryState.LEAVING:
        came_back.settle(svc, entry, secret) if entry.kind is EntryKind.KEPT else ledger.end(svc, entry, "")
        return "put_off"
    if ledger.held(svc, secret):
        ledger.change(svc, entry, "", due=svc.now() + TOMORROW)
        return "put_off"
    if entry.state is EntryState.ERASING:
        return _erase_again(svc, entry, secret)
    return _look(svc, entry, secret) if entry.kind is EntryKind.GONE else _end_of_keeping(svc, entry, secret)


def _what_became(svc: Services, entry: Entry, secret: Secret) -> str:
    """Of a deletion that was cut short, or sent back to staff: only what was read back stands in the ledger."""
    outcome = svc.store.outcome(entry.reference, entry.source)
    try:
        request = svc.store.get(entry.reference)
    except RequestNotFound:
        request = None
    if request and outcome and outcome.state is OutcomeState.DONE:
        if request.findings.get(entry.source) == entry.digest:
            ledger.wait(svc, entry, secret)
            return "put_off"
    elif request and (not request.status.is_final or request.status is Status.PARTLY_FULFILLED):
        ledger.change(svc, entry, "", due=svc.now() + TOMORROW)
        return "put_off"
    ledger.end(svc, entry, "never_done")
    return "put_off"


# -- what had to be kept ----------------------------------------------------------------------------------------------


def _end_of_keeping(svc: Services, entry: Entry, secret: Secret) -> str:
    """Erase what need not be kept since yesterday. Whose date is not what it was counted from is another's to judge."""
    today = svc.now().astimezone(svc.business.zone).date()
    due = [k for k in secret.kept if k.until < today]
    if _by_hand(svc, entry):  # somebody has to go there and destroy it, and to say so
        paper = [Treatment(collection=k.collection, key=k.key, fingerprint="0", doing=Doing.DELETE) for k in due]
        return came_back.tell(svc, entry, secret.model_copy(update={"found": paper}), paper)
    there = {(r.collection, r.key): r for r in _source(svc, entry).read((k.collection, k.key) for k in due)}
    later, changed, acts = [k for k in secret.kept if k.until >= today], list[KeptRecord](), list[Treatment]()
    found: list[Treatment] = []
    for kept in due:
        record = there.get((kept.collection, kept.key))
        if record is None:
            continue  # gone already counts as deleted
        retain = svc.business.datamap.sources[entry.source].collections[kept.collection].retain
        treatment = _treatment(svc, entry, record)
        if retain is None or str(record.values.get(retain.from_field)) != kept.start:
            changed.append(kept)
            found.append(treatment)
        elif treatment.kept and treatment.kept.until:  # the rule has become longer since
            later.append(kept.model_copy(update={"until": treatment.kept.until}))
        elif treatment.acts:
            acts.append(treatment)
    erase(svc, entry, acts, remembered=secret.subjects)
    rest = secret.model_copy(update={"kept": [*later, *changed], "found": found})
    suppression.unrestrict(
        svc, [record_identifier(entry.source, k.collection, k.key) for k in due if k not in changed]
    )  # fmt: skip
    if found:
        entry = ledger.change(svc, entry, "kept_erased" if acts else "", records=len(acts))
        return came_back.tell(svc, entry, rest, found)
    ledger.wait(svc, entry, rest, "kept_erased", records=len(acts))
    return "erased"


def erase(svc: Services, entry: Entry, acts: Sequence[Treatment], remembered: Sequence[str] = ()) -> None:
    """Erase and read back. `remembered`: what goes only now is watched from now on, too.

    Raises PlanDrifted, SourceUnavailable, SourceMisread.
    """
    if not acts:
        return
    if remembered:
        erased = [Erased(collection=t.collection, key=t.key, fingerprint=t.fingerprint) for t in acts]
        fresh = Entry(
            reference=entry.reference, source=entry.source, kind=EntryKind.GONE, part=1 + entry.part, at=svc.now(),
            digest=came_back.plan_of(acts), state=EntryState.WAITING, records=len(acts),
        )  # fmt: skip
        due = fresh.model_copy(update={"due": fresh.next_look()})
        ledger.begin(svc, due, Secret(subjects=list(remembered), erased=erased))
    source = _source(svc, entry)
    source.carry_out(acts)
    if source.not_done(acts):
        raise SourceMisread(f"source {entry.source}: reading back shows that it was not done")


# -- what is gone -----------------------------------------------------------------------------------------------------


def _look(svc: Services, entry: Entry, secret: Secret) -> str:
    found = returned(svc, entry, secret)
    entry = entry.model_copy(update={"looks": entry.looks + 1})
    if found:
        return came_back.tell(svc, entry, secret.model_copy(update={"found": found}), found)
    ledger.wait(svc, entry, secret, "looked")
    return "looked"


def returned(svc: Services, entry: Entry, secret: Secret) -> list[Treatment]:
    """What is there of what was erased, and what erasing it again does to each record.

    Reached from the person's identifiers, or the very record as it was: a key alone is not enough, for after a restore
    a database may give it to somebody else.
    """
    source, known = _source(svc, entry), {(e.collection, e.key): e.fingerprint for e in secret.erased}
    there = [r for r in source.read(known) if r.fingerprint == known[r.collection, r.key]]
    entries = svc.store.entries(entry.reference)
    who = ledger.who_in(svc, entries) if entry.part == 0 else []
    there += every(source, who) if who else []
    records = {(r.collection, r.key): r for r in there if r.collection not in secret.left}
    found = [t for t in (_treatment(svc, entry, r) for r in records.values()) if t.acts]
    kept = ledger.kept_in(svc, entries, entry.source)
    return [t for t in found if t.kept or (t.collection, t.key) not in kept]  # else its end date has come, no more


def _erase_again(svc: Services, entry: Entry, secret: Secret) -> str:
    """What staff decided on, and no more (rule 16): anything else that is there by now goes back to them."""
    if _by_hand(svc, entry):
        came_back.settle(svc, entry, secret, "destroyed", records=len(secret.found))
        return "erased"
    approved = {(t.collection, t.key, t.fingerprint, t.doing) for t in secret.found}
    if entry.kind is EntryKind.KEPT:
        there = _source(svc, entry).read((t.collection, t.key) for t in secret.found)
        now = [t for t in (_treatment(svc, entry, r, ended=True) for r in there) if t.acts]
    else:
        now = returned(svc, entry, secret)
    acts = [t for t in now if (t.collection, t.key, t.fingerprint, t.doing) in approved]
    erase(svc, entry, acts, secret.subjects if entry.kind is EntryKind.KEPT else ())
    rest = [t for t in now if t not in acts]
    if rest:
        return came_back.tell(svc, entry, secret.model_copy(update={"found": rest}), rest)
    came_back.settle(svc, entry, secret, "erased_again", records=len(acts))
    return "erased"


def _treatment(svc: Services, entry: Entry, record: Record, *, ended: bool = False) -> Treatment:
    """What a deletion does to this record today; `ended`: staff have judged that it need not be kept any longer."""
    collection = svc.business.datamap.sources[entry.source].collections[record.collection]
    if ended:
        collection = collection.model_copy(update={"retain": None})
    today = svc.now().astimezone(svc.business.zone).date()
    return treat(
        Right.DELETION, collection, record, today=today, pseudonym=lambda value: gathering.pseudonym(svc, value)
    )


def _by_hand(svc: Services, entry: Entry) -> bool:
    place = svc.business.datamap.sources.get(entry.source)
    return place is not None and place.by_hand is not None


def _source(svc: Services, entry: Entry) -> Source:
    """Raises SourceMisread for one that the data map has no more."""
    if entry.source not in svc.sources:
        raise SourceMisread(f"source {entry.source} is not in the data map any more")
    return svc.sources[entry.source]
