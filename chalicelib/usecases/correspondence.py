"""Every mail leaves from here: once, with fresh links, to one person.

Rule 18: a mail is claimed before it is sent and marked after; a step that runs twice sends once. A claim that neither
finished nor failed is nobody's to guess: it goes to staff (MailUncertain). Rule 9: each mail's links are minted for it.
Leaves to others: the words (mail/messages, templates), who hears what when (the stages).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from chalicelib import language, links
from chalicelib.businesses.model import Business, Member, Recipient
from chalicelib.domain.identity import Identifier, IdentifierKind
from chalicelib.domain.request import Relationship, Request, Right
from chalicelib.domain.status import Status
from chalicelib.errors import LimitReached, MailRejected, MailUncertain, RequestNotFound, ServiceUnavailable
from chalicelib.links import CUSTOMER, SUBJECT, Purpose
from chalicelib.mail import messages
from chalicelib.ports import KeptMail
from chalicelib.services import Services
from chalicelib.usecases import undelivered
from chalicelib.usecases.windows import window_end

MAILS_TOLD_A_DAY = 10
DAY = timedelta(days=1)


def to_customer(
    svc: Services,
    request: Request,
    mail: str,
    *,
    purposes: Sequence[Purpose] = (),
    to: str | None = None,
    once: str = "",
    **context: Any,
) -> None:
    """Send `mail` to the request's addressee, or to the subject at `to`, with the tracker link and those of `purposes`.

    Once per request, road and `once`; to nobody where it goes by post. Raises ServiceUnavailable, MailUncertain.
    """
    personal = svc.open(request)
    address = to or personal.addressee
    if address is None or request.quiet or (request.by_post and not to):
        return
    slot = undelivered.slot_of(personal, address)
    if undelivered.in_vain(request, mail, slot):
        return
    _send(
        svc, request, mail, to=address, person=SUBJECT if to else CUSTOMER, purposes=(*purposes, Purpose.TRACK),
        name=_name(request, mail, once), context=context, slot=slot,
    )  # fmt: skip


def told_or_never(svc: Services, request: Request, mail: str, *, once: str) -> bool:
    """Whether this mail to the customer has left, or may have; if not, it never will: whoever would send it is late."""
    name = _name(request, mail, once)
    try:
        if not svc.store.claim_mail(request.reference, name, svc.now()):
            return True
    except MailUncertain:
        return True
    svc.store.mail_sent(request.reference, name, "never")
    return False


def _name(request: Request, mail: str, once: str) -> str:
    """What a mail to the customer is claimed under."""
    return f"{mail}:{request.road}:{once}"


def to_staff(
    svc: Services, request: Request, mail: str, members: Sequence[Member], *, once: str = "", **context: Any
) -> None:
    """Send `mail` to each of `members` with a review link of their own.

    One address that fails keeps it from nobody else. Raises MailRejected or MailUncertain when it reached nobody.
    """
    faults: list[MailRejected | MailUncertain] = []
    for member in members:
        try:
            _send(
                svc, request, mail, to=member.email, person=member.id, purposes=(Purpose.REVIEW,),
                name=f"{mail}:{request.road}:{once}:{member.id}", context={**context, "member": member},
            )  # fmt: skip
        except (MailRejected, MailUncertain) as fault:
            faults.append(fault)
    if faults and len(faults) == len(members):
        raise faults[0]


def to_recipient(svc: Services, request: Request, id: str, recipient: Recipient, *, chased: int = 0) -> None:
    """Tell a recipient that there is something to do, with a link of their own; the mail names nobody.

    Once per request and time of asking: a second road, after a partial answer, asks nobody again.
    """
    if recipient.email:
        _send(
            svc, request, "recipient_notice", to=recipient.email, person=f"recipient:{id}", purposes=(Purpose.TASK,),
            name=f"recipient_notice:{id}{f':{chased}' if chased else ''}", context={"recipient": recipient},
        )  # fmt: skip


def to_keepers(svc: Services, request: Request, asked: str, *, reminder: int, due: datetime) -> None:
    """Ask whoever looks in a place by hand, each with a link of their own; the mail names nobody.

    `asked` is `<step>:<source>`. Once for each time that the request came to where it stands.
    One address that fails keeps it from nobody else. Raises MailRejected or MailUncertain when it reached nobody.
    """
    step, _, source = asked.partition(":")
    place, faults = svc.business.datamap.sources[source], list[MailRejected | MailUncertain]()
    keepers = keepers_of(svc.business, source)
    asked_anew = sum(e.what == request.status for e in svc.store.events(request.reference))
    for who, address, name in keepers:
        context = {"place": place, "step": step, "reminder": reminder, "due": due, "keeper": name}
        try:
            _send(
                svc, request, "task", to=address, person=f"{BY_HAND}:{asked}:{reminder}:{who}",
                purposes=(Purpose.TASK,), name=f"task:{asked}:{asked_anew}:{reminder}:{who}", context=context,
            )  # fmt: skip
        except (MailRejected, MailUncertain) as fault:
            faults.append(fault)
    if faults and len(faults) == len(keepers):
        raise faults[0]


BY_HAND = "by_hand"
"""How the person of such a link begins: `by_hand:<step>:<source>:<reminder>:<staff id, or nothing for an address>`."""


def keepers_of(business: Business, source: str) -> list[tuple[str, str, str]]:
    """Who looks there by hand: a staff id, or nothing for an address alone; the address; how they are greeted."""
    task = business.datamap.sources[source].by_hand
    if task is None:
        return []
    if task.role:
        return [(m.id, m.email, m.name) for m in business.with_role(task.role)]
    return [("", str(task.address), "")]


def of_recipient(svc: Services, request: Request, id: str, *, why: str | None, once: str) -> None:
    """Tell those who may decide that a recipient has not confirmed, with a link to enter what they say elsewhere."""
    for member in deciders(svc, request):
        _send(
            svc, request, "staff_recipient", to=member.email, person=f"recipient:{id}:{member.id}",
            purposes=(Purpose.TASK,), name=f"staff_recipient:{id}:{once}:{member.id}",
            context={"recipient": svc.business.sharing.recipients[id], "why": why, "member": member},
        )  # fmt: skip


def callback_url(svc: Services, request: Request, id: str) -> str:
    """Where a recipient's system reports about this request: a link of its own."""
    return _mint(svc, (Purpose.CALLBACK,), f"recipient:{id}", request.reference)["callback"]


def deciders(svc: Services, request: Request) -> list[Member]:
    """Staff who may decide this request: an appeal is decided by someone else, by a lead if need be."""
    able = [m for m in svc.business.deciders(request.right) if m.id != request.not_staff]
    return able or [m for m in svc.business.leads() if m.id != request.not_staff]


def _send(
    svc: Services,
    request: Request,
    mail: str,
    *,
    to: str,
    person: str,
    purposes: Sequence[Purpose],
    name: str,
    context: dict[str, Any],
    slot: str = "",
) -> None:
    now = svc.now()
    if not svc.store.claim_mail(request.reference, name, now):
        return
    urls = _mint(svc, purposes, person, request.reference)
    with language.speaking(request.language):
        message = messages.compose(
            mail, business=svc.business, to=to, reference=request.reference, at=now,
            context={**context, "request": request, "right": request.right, "links": urls},
        )  # fmt: skip
    _hand_over(svc, request.reference, name, to, message, person, slot)


def _mint(svc: Services, purposes: Sequence[Purpose], person: str, reference: str | None) -> dict[str, str]:
    now = svc.now()
    tokens = {purpose: svc.chance.token() for purpose in purposes}
    svc.store.put_links([links.mint(token, purpose, person, reference, now) for purpose, token in tokens.items()])
    return {p.name.lower(): links.url(svc.settings.public_url, p, token) for p, token in tokens.items()}


def _hand_over(svc: Services, reference: str, name: str, to: str, message: bytes, person: str, slot: str = "") -> None:
    try:
        message_id = svc.mailer.send(sender=svc.business.sender, to=to, message=message)
    except (ServiceUnavailable, MailRejected):
        svc.store.release_mail(reference, name)
        raise
    undelivered.remember(svc, message_id, reference, name, person, slot)
    svc.store.mail_sent(reference, name, message_id)


def to_member(svc: Services, holder: str, name: str, member: Member, message: bytes) -> None:
    """Send one of the staff a mail that is about no open request, once: `holder` keeps the claim, under `name`."""
    send_once(svc, holder, name, member.email, lambda: message, member.id)


def send_once(svc: Services, holder: str, name: str, to: str, message: Callable[[], bytes], person: str) -> bool:
    """Send a mail of no request, unless it was sent: `holder` keeps the claim, under `name`. Whether it went now.

    Raises ServiceUnavailable and MailRejected (it may be tried again), MailUncertain (never).
    """
    if not svc.store.claim_mail(holder, name, svc.now()):
        return False
    _hand_over(svc, holder, name, to, message(), person)
    return True


def send_links_again(svc: Services, typed: str) -> None:
    """Mail this address new links for each of its requests, or that there is none (rule 9).

    Leaves to others: how often, and that its timing is nobody's to see (errands).
    """
    now = svc.now()
    hashed = svc.hash(Identifier.of(IdentifierKind.EMAIL, typed))
    found = []
    unwanted = False
    for reference in svc.store.of_subject(hashed)[:10]:
        try:
            request = svc.store.get(reference)
        except RequestNotFound:  # purged between the index and here
            continue
        if undelivered.unwanted(svc, request, hashed):
            unwanted = True
            continue
        person, purposes = _of_use(svc, request, hashed, now)
        urls = _mint(svc, (*purposes, Purpose.TRACK), person, reference)
        found += [(reference, request.right, purpose, url) for purpose, url in urls.items()]
    if unwanted and not found:  # "there is none" would be untrue, and anything else is what they called spam
        return
    message = messages.compose(
        "links", business=svc.business, to=typed.strip(), reference=None, at=now, context={"found": found, "links": {}}
    )
    svc.mailer.send(sender=svc.business.sender, to=typed.strip(), message=message)


def _of_use(svc: Services, request: Request, asking: str, now: datetime) -> tuple[str, tuple[Purpose, ...]]:
    """Who this address (a keyed hash) is in the request, and the links of theirs that are of use now.

    Of an agent's request two people know, and neither is sent the other's links (rule 4).
    """
    if request.relationship is not Relationship.AGENT:
        return CUSTOMER, _due_again(request, now)
    personal = svc.open(request)
    hears = personal.addressee and svc.hash(Identifier.of(IdentifierKind.EMAIL, personal.addressee)) == asking
    if hears and not (request.proof.awaits_consent and request.proof.mailbox):
        return CUSTOMER, _due_again(request, now)
    if request.subject_hash != asking:
        return CUSTOMER, ()
    awaited = request.status is Status.VERIFYING and request.proof.awaits_consent and request.proof.mailbox
    return SUBJECT, (Purpose.CONSENT,) if awaited else ()


def _due_again(request: Request, now: datetime) -> tuple[Purpose, ...]:
    """The links besides the tracker's that are of use now: to prove the mailbox, or to fetch the package."""
    if request.status is Status.VERIFYING:
        return (Purpose.VERIFY,)
    packed = request.right is Right.ACCESS and request.status in (Status.FULFILLED, Status.PARTLY_FULFILLED)
    if not packed or request.categories_only or request.reason == "nothing_held" or request.links_dead_before:
        return ()
    kept = request.closed_at is not None and now - request.closed_at < links.LIFETIMES[Purpose.RESULTS]
    return (Purpose.RESULTS,) if kept else ()


def tell_of_mail(svc: Services, kept: KeptMail, members: Sequence[Member]) -> None:
    """Tell staff that a mail waits to be read: nothing of it stands here. Best effort, for the inbox lists it anyway.

    So many a day of one kind at most: a flood of mail to us becomes none to them, and hides no other kind.
    """
    try:
        svc.store.count("mail-told", kept.why, limit=MAILS_TOLD_A_DAY, ends=window_end(svc.now(), DAY))
    except LimitReached:
        return
    for member in members:
        message = messages.compose(
            "staff_mail", business=svc.business, to=member.email, reference=kept.reference, at=svc.now(),
            context={"member": member, "links": {"inbox": f"{svc.settings.public_url}/staff/mail"}, "why": kept.why},
        )  # fmt: skip
        with suppress(ServiceUnavailable, MailRejected, MailUncertain):
            svc.mailer.send(sender=svc.business.sender, to=member.email, message=message)


def send_sign_in(svc: Services, member: Member) -> None:
    """Mail a member of staff a link that opens their queue."""
    urls = _mint(svc, (Purpose.SIGN_IN,), member.id, None)
    message = messages.compose(
        "staff_sign_in", business=svc.business, to=member.email, reference=None, at=svc.now(),
        context={"member": member, "links": urls},
    )  # fmt: skip
    svc.mailer.send(sender=svc.business.sender, to=member.email, message=message)
