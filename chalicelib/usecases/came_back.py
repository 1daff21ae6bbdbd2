"""What came back: staff are told of it, look at counts and dates, and decide.

Rule 16: their decision carries the hash of what they were shown, and no more than that is erased again. The mail leads
to a page behind their sign-in, for the request itself may be purged by then. Leaves to others: finding it and erasing
it again (staying_gone).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta

from chalicelib.domain.identity import record_identifier
from chalicelib.domain.ledger import MOST_RECORDS, Entry, EntryState, Secret, lines
from chalicelib.domain.plan import Treatment
from chalicelib.domain.request import Right
from chalicelib.errors import (
    DecisionNotAllowed,
    MailRejected,
    MailUncertain,
    PlanChanged,
    RequestNotFound,
    RightsdeskError,
)
from chalicelib.mail import messages
from chalicelib.services import Services
from chalicelib.usecases import correspondence, ledger, staffroom, suppression

AGAIN = timedelta(days=7)
"""After so long staff are reminded of what they have not decided."""


def tell(svc: Services, entry: Entry, secret: Secret, found: Sequence[Treatment]) -> str:
    found = found[:MOST_RECORDS]  # the rest comes back to staff once these are decided
    told = ledger.change(
        svc, entry, "came_back", records=len(found), secret=secret.model_copy(update={"found": list(found)}),
        state=EntryState.RETURNED, found=lines(found), plan=plan_of(found), due=svc.now(), looks=entry.looks,
    )  # fmt: skip
    return remind(svc, told)


def remind(svc: Services, entry: Entry) -> str:
    """Tell staff, and again every week until they have decided."""
    mail(svc, entry, f"{entry.plan}:{entry.due}")
    ledger.change(svc, entry, "", due=svc.now() + AGAIN)
    return "returned"


def mail(svc: Services, entry: Entry, once: str, why: str | None = None) -> None:
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
    """Have what came back erased again, or left: somebody is a customer anew. The next sweep does it.

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
    by = f"staff:{member.id}"
    state = EntryState.ERASING if erase else EntryState.LEAVING
    ledger.change(svc, found, "to_erase_again" if erase else "left_as_is", by=by, state=state, due=svc.now())


def settle(svc: Services, entry: Entry, secret: Secret, what: str = "", *, records: int = 0) -> None:
    """What came back is dealt with: of what was kept it is done with, of what is gone the next look is due."""
    done = {(t.collection, t.key) for t in secret.found}
    settled = [k for k in secret.kept if (k.collection, k.key) in done]
    suppression.unrestrict(svc, [record_identifier(entry.source, k.collection, k.key) for k in settled])
    rest = secret.model_copy(update={"found": [], "kept": [k for k in secret.kept if k not in settled]})
    ledger.wait(svc, entry, rest, what, records=records)


def plan_of(found: Sequence[Treatment]) -> str:
    said = sorted(f"{t.collection} {t.key} {t.fingerprint} {t.doing}" for t in found)
    return hashlib.sha256("\n".join(said).encode()).hexdigest()
