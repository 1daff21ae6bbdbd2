"""Undelivered: which mails are in vain after what the mail service told, and remembering each mail by its id.

Whoever called a mail of a request spam gets nothing more about it but what must be said: an answer, a refusal, more
time. While nobody has proven a mailbox that bounced, it is written to only when somebody asks for the links again.
Leaves to others: taking in what the mail service tells (feedback), another way to the customer (other_way).
"""

from __future__ import annotations

from chalicelib.domain.feedback import Sent, Trouble
from chalicelib.domain.identity import Identifier, IdentifierKind
from chalicelib.domain.request import Personal, Request
from chalicelib.domain.status import Status
from chalicelib.services import Services

MUST_BE_SAID = frozenset({
    "answer_access", "answer_correction", "answer_deletion", "answer_disclosure", "answer_opt_out", "answer_concern",
    "refused", "extended",
})  # fmt: skip
"""Mails that the law or the customer's own request demands, once their mailbox is proven."""

SLOTS = ("email", "subject_email")


def remember(svc: Services, message_id: str, reference: str, mail: str, person: str, slot: str) -> None:
    """Note a mail that left, so that what comes back finds its request."""
    sent = Sent(message_id=message_id, reference=reference, mail=mail, person=person, slot=slot, at=svc.now())
    svc.store.note_sent(sent)


def slot_of(personal: Personal, address: str) -> str:
    """Which of the request's addresses this is: so no table need hold it, nor a hash of it."""
    return next((slot for slot in SLOTS if getattr(personal, slot) == address), "answer_to")


def in_vain(request: Request, mail: str, slot: str) -> bool:
    """Whether this mail of the request is not to be sent to this one of its addresses."""
    proven = request.status is not Status.VERIFYING
    if _unwanted(request, slot):
        return not (proven and mail in MUST_BE_SAID)
    return not proven and any(u.slot == slot and u.trouble.lost for u in request.undelivered.values())


def _unwanted(request: Request, slot: str) -> bool:
    return any(u.slot == slot and u.trouble is Trouble.COMPLAINED for u in request.undelivered.values())


def unwanted(svc: Services, request: Request, asking: str) -> bool:
    """Whether whoever has this address (a keyed hash) called a mail of this request spam."""
    if not request.undelivered:
        return False
    personal = svc.open(request)
    theirs = {slot: getattr(personal, slot) for slot in (*SLOTS, "answer_to")}
    hashed = {s: svc.hash(Identifier.of(IdentifierKind.EMAIL, address)) for s, address in theirs.items() if address}
    return any(_unwanted(request, slot) for slot, one in hashed.items() if one == asking)
