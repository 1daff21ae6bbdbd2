"""Staying gone: the hourly sweep over the ledger of deletions.

What had to be kept goes on the day after its last, in the real source, read back (rules 8 and 12); what was erased is
looked for again after 30 and 180 days, and staff decide on what came back: they may have loaded an old list, or the
person may be a customer anew. Nobody writes to the person: the answer told them the date, their address is gone, and
they asked to be left alone. A legal hold stops everything. Leaves to others: the ledger itself (ledger).
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from datetime import timedelta

from chalicelib.domain.identity import record_identifier
from chalicelib.domain.ledger import Entry, EntryKind, EntryState, Erased, KeptRecord, Secret, lines
from chalicelib.domain.plan import OutcomeState, Record, Treatment, treat
from chalicelib.domain.request import Right
from chalicelib.domain.status import Status
from chalicelib.errors import (
    DecisionNotAllowed,
    MailRejected,
    MailUncertain,
    PlanChanged,
    RequestChanged,
    RequestNotFound,
    RightsdeskError,
    SourceMisread,
)
from chalicelib.mail import messages
from chalicelib.ports import Source
from chalicelib.services import Services
from chalicelib.usecases import correspondence, gathering, ledger, staffroom, suppression

log = logging.getLogger("rightsdesk.ledger")

MOST = 500
"""Entries in one run; the next one goes on from there."""
TOMORROW = timedelta(days=1)
AGAIN = timedelta(days=7)
"""After so long staff are reminded of what they have not decided."""


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


def _act(svc: Services, entry: Entry) -> str:
    try:
        secret = ledger.opened(svc, entry)
    except RequestNotFound:  # its key is lost: what it said is gone
        ledger.end(svc, entry, "key_gone")
        return "put_off"
    if entry.state is EntryState.PLANNED:
        return _what_became(svc, entry, secret)
    if entry.state is EntryState.RETURNED:
        return _remind(svc, entry)
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
        return _tell_what_returned(svc, entry, rest, found)
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
        now, digest = svc.now(), plan_of(acts)
        fresh = Entry(
            reference=entry.reference, source=entry.source, kind=EntryKind.GONE, digest=digest, at=now,
            state=EntryState.WAITING, records=len(acts),
        )  # fmt: skip
        ledger.begin(svc, fresh.model_copy(update={"due": fresh.next_look()}),
                     Secret(subjects=list(remembered), erased=erased))  # fmt: skip
    source = _source(svc, entry)
    source.carry_out(acts)
    if source.not_done(acts):
        raise SourceMisread(f"source {entry.source}: reading back shows that it was not done")


# -- what is gone -----------------------------------------------------------------------------------------------------


def _look(svc: Services, entry: Entry, secret: Secret) -> str:
    found = returned(svc, entry, secret)
    entry = entry.model_copy(update={"looks": entry.looks + 1})
    if found:
        return _tell_what_returned(svc, entry, secret.model_copy(update={"found": found}), found)
    ledger.wait(svc, entry, secret, "looked")
    return "looked"


def returned(svc: Services, entry: Entry, secret: Secret) -> list[Treatment]:
    """What is there of what was erased, and what erasing it again does to each record.

    Reached from the person's identifiers, or the very record as it was: a key alone is not enough, for after a restore
    a database may give it to somebody else.
    """
    source, known = _source(svc, entry), {(e.collection, e.key): e.fingerprint for e in secret.erased}
    there = [r for r in source.read(known) if r.fingerprint == known[r.collection, r.key]]
    who = ledger.who_in(svc, svc.store.entries(entry.reference))
    there += source.find(who) if who else []
    records = {(r.collection, r.key): r for r in there if r.collection not in secret.left}
    return [t for t in (_treatment(svc, entry, r) for r in records.values()) if t.acts]


def _erase_again(svc: Services, entry: Entry, secret: Secret) -> str:
    """What staff decided on, and no more (rule 16): anything else that is there by now goes back to them."""
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
        return _tell_what_returned(svc, entry, secret.model_copy(update={"found": rest}), rest)
    settle(svc, entry, secret, "erased_again", records=len(acts))
    return "erased"


def settle(svc: Services, entry: Entry, secret: Secret, what: str, *, by: str = "system", records: int = 0) -> None:
    """What came back is dealt with: of what was kept it is done with, of what is gone the next look is due."""
    done = {(t.collection, t.key) for t in secret.found}
    settled = [k for k in secret.kept if (k.collection, k.key) in done]
    suppression.unrestrict(svc, [record_identifier(entry.source, k.collection, k.key) for k in settled])
    rest = secret.model_copy(update={"found": [], "kept": [k for k in secret.kept if k not in settled]})
    ledger.wait(svc, entry, rest, what, by=by, records=records)


def _treatment(svc: Services, entry: Entry, record: Record, *, ended: bool = False) -> Treatment:
    """What a deletion does to this record today; `ended`: staff have judged that it need not be kept any longer."""
    collection = svc.business.datamap.sources[entry.source].collections[record.collection]
    if ended:
        collection = collection.model_copy(update={"retain": None})
    today = svc.now().astimezone(svc.business.zone).date()
    return treat(
        Right.DELETION, collection, record, today=today, pseudonym=lambda value: gathering.pseudonym(svc, value)
    )


def _source(svc: Services, entry: Entry) -> Source:
    """Raises SourceMisread for one that the data map has no more."""
    if entry.source not in svc.sources:
        raise SourceMisread(f"source {entry.source} is not in the data map any more")
    return svc.sources[entry.source]


def plan_of(found: Sequence[Treatment]) -> str:
    said = sorted(f"{t.collection} {t.key} {t.fingerprint} {t.doing}" for t in found)
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


# -- staff ------------------------------------------------------------------------------------------------------------


def _tell_what_returned(svc: Services, entry: Entry, secret: Secret, found: Sequence[Treatment]) -> str:
    told = ledger.change(
        svc, entry, "came_back", records=len(found), secret=secret.model_copy(update={"found": list(found)}),
        state=EntryState.RETURNED, found=lines(found), plan=plan_of(found), due=svc.now(), looks=entry.looks,
    )  # fmt: skip
    return _remind(svc, told)


def _remind(svc: Services, entry: Entry) -> str:
    """Tell staff, and again every week until they have decided."""
    _mail(svc, entry, f"{entry.plan}:{entry.due}")
    ledger.change(svc, entry, "", due=svc.now() + AGAIN)
    return "returned"


def _failed(svc: Services, entry: Entry, fault: RightsdeskError) -> None:
    """Tried again tomorrow; staff hear of it, once a week at most."""
    stands = next((e for e in svc.store.entries(entry.reference) if e.id == entry.id), None)
    try:
        if stands and stands.due and stands.due <= svc.now() and stands.state is not EntryState.RETURNED:
            ledger.change(svc, stands, "", due=svc.now() + TOMORROW)
            _mail(svc, stands, f"failed:{svc.now():%G-%V}", why=type(fault).__name__)
    except RightsdeskError as again:
        log.error("%s while telling staff about the ledger of %s", type(again).__name__, entry.reference)


def _mail(svc: Services, entry: Entry, once: str, why: str | None = None) -> None:
    """To all who decide deletions, each once; the page it leads to asks them to sign in.

    Raises ServiceUnavailable, MailRejected or MailUncertain when it reached nobody.
    """
    faults, members = list[RightsdeskError](), svc.business.deciders(Right.DELETION)
    there = f"{svc.settings.public_url}/staff/ledger/{entry.reference}"
    for member in members:
        now = svc.now()
        message = messages.compose(
            "staff_ledger", business=svc.business, to=member.email, reference=entry.reference, at=now,
            context={"member": member, "entry": entry, "why": why, "links": {"ledger": there}},
        )  # fmt: skip
        try:
            correspondence.to_member(svc, entry.id, f"{once}:{member.id}", member, message)
        except (MailRejected, MailUncertain) as fault:
            faults.append(fault)
    if faults and len(faults) == len(members):
        raise faults[0]


def page(svc: Services, session: str, reference: str) -> list[Entry]:
    """The ledger of one deletion, for who is signed in: counts and dates, nobody's data. Raises RequestNotFound."""
    staffroom.staff_of(svc, session)
    found = svc.store.entries(reference)
    if not found:
        raise RequestNotFound(reference)
    return found


def decide(svc: Services, session: str, reference: str, *, entry: str, plan: str, erase: bool) -> None:
    """Erase again what came back (the next sweep does it), or leave it: somebody is a customer anew.

    Raises DecisionNotAllowed, PlanChanged when what came back is not what was shown, RequestNotFound.
    """
    member = staffroom.staff_of(svc, session)
    found = next((e for e in page(svc, session, reference) if e.name == entry), None)
    if found is None:
        raise RequestNotFound(reference)
    if member not in svc.business.deciders(Right.DELETION):
        raise DecisionNotAllowed("Who may decide deletions decides this, too. Please ask one of them.")
    if found.state is not EntryState.RETURNED or found.plan != plan:
        raise PlanChanged(reference)
    by, secret = f"staff:{member.id}", ledger.opened(svc, found)
    if erase:
        ledger.change(svc, found, "to_erase_again", by=by, state=EntryState.ERASING, due=svc.now())
    elif found.kind is EntryKind.KEPT:
        settle(svc, found, secret, "left_as_is", by=by)
    else:
        ledger.end(svc, found, "left_as_is", by=by)
