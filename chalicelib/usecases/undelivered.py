"""Undelivered: which mails are in vain after what the mail service told, and remembering each mail by its id.

Whoever called a mail of a request spam gets nothing more about it but what must be said: an answer, a refusal, more
time. While nobody has proven a mailbox that bounced, it is written to only when somebody asks for the links again.
Leaves to others: taking in what the mail service tells (feedback), another way to the customer (other_way).
"""

from __future__ import annotations

from chalicelib.domain.feedback import Sent, Trouble
from chalicelib.domain.identity import Identifier, IdentifierKind
from chalicelib.domain.request import Request
from chalicelib.domain.status import Status
from chalicelib.services import Services

MUST_BE_SAID = frozenset({
    "answer_access", "answer_correction", "answer_deletion", "answer_disclosure", "answer_opt_out", "answer_concern",
    "refused", "extended",
})  # fmt: skip
"""Mails that the law or the customer's own request demands, once their mailbox is proven."""


def remember(svc: Services, message_id: str, reference: str, mail: str, person: str, to: str) -> None:
    """Note a mail that left, so that what comes back finds its request."""
    svc.store.note_sent(
        Sent(
            message_id=message_id, reference=reference, mail=mail, person=person, address=address_hash(svc, to),
            at=svc.now(),
        )
    )  # fmt: skip


def in_vain(svc: Services, request: Request, mail: str, to: str) -> bool:
    """Whether this mail of the request is not to be sent to this address."""
    if not request.undelivered:
        return False
    hashed, proven = address_hash(svc, to), request.status is not Status.VERIFYING
    if unwanted(request, hashed):
        return not (proven and mail in MUST_BE_SAID)
    return not proven and any(u.address == hashed and u.trouble.lost for u in request.undelivered.values())


def unwanted(request: Request, address: str) -> bool:
    """Whether whoever has this address (a keyed hash) called a mail of this request spam."""
    return any(u.address == address and u.trouble is Trouble.COMPLAINED for u in request.undelivered.values())


def address_hash(svc: Services, address: str) -> str:
    return svc.hash(Identifier.of(IdentifierKind.EMAIL, address))
