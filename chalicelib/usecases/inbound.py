"""Inbound mail: what somebody writes to the business opens requests, stops mail, answers staff, or reaches a person.

Rule 3: the clock starts when SES took the mail in. Rule 5: an opt-out takes effect for the From address, whoever wrote
it. Rules 4 and 6: everything else only opens a request that waits for proof; the one mail it causes is the one that
asks for that proof, holds nothing of what was written, and reads no source. Rule 17: who would be mailed is counted
before anything is sent, so that nobody is bombed through us. Rule 18: a mail delivered twice is one mail. Leaves to
others: reading bytes (mail/inbound), reading words (law/content), what staff read themselves (inbox).
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from chalicelib import language
from chalicelib.domain.identity import Identifier, IdentifierKind, mailbox_of
from chalicelib.domain.request import Channel, Personal, Relationship, Request, Right
from chalicelib.domain.status import Status
from chalicelib.errors import AlreadyFiled, LimitReached, RequestNotFound
from chalicelib.law import also_asked, content
from chalicelib.mail.arrival import FAIL, Arrival, Standing, arrivals
from chalicelib.mail.inbound import Letter, parse
from chalicelib.ports import KeptMail
from chalicelib.services import Services
from chalicelib.usecases import errands, following, inbox, intake
from chalicelib.usecases.errands import Errand
from chalicelib.usecases.inbox import Why
from chalicelib.usecases.windows import window_end

log = logging.getLogger("rightsdesk.inbound")

DAY = timedelta(days=1)
OPENED_A_DAY = {Standing.AUTHENTIC: 3, Standing.UNSURE: 1, Standing.FORGED: 0}
"""Requests that mails from one address open a day, each with its one mail back; the rest goes to staff."""
CONFIRMED_A_DAY = 1
"""Opt-outs of one address that are confirmed a day; all take effect."""


@dataclass(frozen=True)
class Mail:
    """One mail: how it came, what it says, and the name by which the same mail is known again."""

    arrival: Arrival
    letter: Letter
    key: str

    @property
    def sender(self) -> str:
        return self.letter.senders[0]


def receive(svc: Services, event: Mapping[str, Any]) -> list[str]:
    """Act on each mail that SES's event names; in a word, what became of it. Safe to run twice."""
    became = []
    for arrival in arrivals(event):
        raw = svc.inbox.read(arrival.id)
        word = "gone" if raw is None else _act(svc, _mail(svc, arrival, parse(raw), raw))
        log.info("mail %s: %s", arrival.id, word)
        became.append(word)
    return became


def _mail(svc: Services, arrival: Arrival, letter: Letter, raw: bytes) -> Mail:
    """The same mail delivered twice has one key; another mail under a stolen Message-ID has its own."""
    same = "\n".join((*letter.senders, letter.message_id, letter.subject, letter.text)).encode()
    said = hashlib.sha256(same if letter.message_id else raw).hexdigest()
    return Mail(arrival, letter, svc.hash(Identifier(kind=IdentifierKind.NAME, value=f"mail {said}"))[:32])


def _act(svc: Services, mail: Mail) -> str:
    if why := _unanswerable(svc, mail):
        if len(mail.letter.senders) == 1 and why not in (Why.OURS, Why.VIRUS):
            _stop_quietly(svc, mail, why)
        return _keep(svc, mail, why)
    thread = _thread(svc, mail)
    if thread and not thread.status.is_final:
        return _in_thread(svc, mail, thread)
    asked = content.asks(mail.letter.subject, mail.letter.text)
    with language.speaking(asked.language if asked.language in svc.business.languages else language.ENGLISH):
        return _answer(svc, mail, asked, thread)


def _answer(svc: Services, mail: Mail, asked: content.Asks, thread: Request | None) -> str:
    """Do what it asks, in the language it asks in; what is not plain goes to a person."""
    stopped = _stop(svc, mail, asked.stops)
    if asked.agent:
        return _keep(svc, mail, Why.AGENT, thread)
    if mail.letter.cut:
        return _keep(svc, mail, Why.LONG, thread)
    if not asked.rights:
        return "stopped" if stopped else _keep(svc, mail, Why.REPLY if thread else Why.UNREAD, thread)
    return _open(svc, mail, asked)


# -- mails that nobody is to be answered to ---------------------------------------------------------------------------


def _unanswerable(svc: Services, mail: Mail) -> Why | None:
    """Why this mail must not cause a mail to its From; None where it may."""
    letter, arrival = mail.letter, mail.arrival
    if arrival.virus == FAIL:
        return Why.VIRUS
    if letter.automatic in ("reply", "bounce") or (arrival.bounced and not letter.broken):
        return Why.AUTOMATIC
    if letter.broken or len(letter.senders) != 1:
        return Why.SENDER
    if _is_ours(svc, mail.sender):
        return Why.OURS
    if letter.automatic:
        return Why.BULK
    if arrival.spam == FAIL:
        return Why.SPAM
    return Why.FORGED if arrival.standing is Standing.FORGED else None


def _is_ours(svc: Services, address: str) -> bool:
    """Our own address or a member of staff's: a loop, a mail passed on, or somebody who poses as one of us."""
    business = svc.business
    own = (business.sender, business.contact.email, *business.designated, *(m.email for m in business.staff))
    return _mailbox(address) in {_mailbox(each) for each in own}


def _mailbox(address: str) -> str:
    return mailbox_of(Identifier.of(IdentifierKind.EMAIL, address).value)


def _stop_quietly(svc: Services, mail: Mail, why: Why) -> None:
    """Rule 5: an opt-out acts where nobody may be written to; of what no person wrote, only the subject is read."""
    letter = mail.letter
    if why is Why.FORGED:
        _stop(svc, mail, content.asks(letter.subject, letter.text).stops, quiet=True)
    elif content.marked_to_stop(letter.subject):
        _stop(svc, mail, ("email",), quiet=True)


# -- opt-outs ---------------------------------------------------------------------------------------------------------


def _stop(svc: Services, mail: Mail, asked: Iterable[str], *, quiet: bool = False) -> bool:
    """Stop what was asked, as far as this business has it; confirmed once a day."""
    offered, asked = svc.business.opt_outs, set(asked)
    wanted = asked | set(content.CONTACT) if content.EVERYTHING in asked else asked
    scopes = [scope for scope in offered if scope in wanted]
    if not scopes:
        return False
    quiet = quiet or not _counted(svc, "mail-stops", mail, CONFIRMED_A_DAY)
    by_mail = intake.ByMail(mail.arrival.at, mail.letter.files, quiet=quiet)
    _file(svc, mail, Right.OPT_OUT, Personal(email=mail.sender, stop=scopes), by_mail)
    return True


# -- requests ---------------------------------------------------------------------------------------------------------


def _open(svc: Services, mail: Mail, asked: content.Asks) -> str:
    """Open what was asked; each waits for proof, its clock runs from when the mail came."""
    words = f"{mail.letter.subject}\n\n{mail.letter.text}".strip()
    personal = Personal(email=mail.sender, residence=asked.residence, details=words)
    rights = list(asked.rights)
    both = (Right.CALIFORNIA_DISCLOSURE, Right.ACCESS)
    if set(both) <= set(rights) and also_asked(both[0], words, asked.residence) is both[1]:
        rights.remove(Right.ACCESS)  # filing the one opens the other
    if not _counted(svc, "mail-opens", mail, OPENED_A_DAY[mail.arrival.standing], many=len(rights)):
        return _keep(svc, mail, Why.TOO_MANY)
    by_mail = intake.ByMail(mail.arrival.at, mail.letter.files)
    for right in rights:
        of_child = asked.child and right in (Right.ACCESS, Right.DELETION, Right.CORRECTION)
        try:
            _file(svc, mail, right, personal, by_mail, Relationship.PARENT if of_child else Relationship.SELF)
        except LimitReached:  # opened by the form today, too often for this address
            return _keep(svc, mail, Why.TOO_MANY)
    return "opened"


def _file(
    svc: Services,
    mail: Mail,
    right: Right,
    personal: Personal,
    by_mail: intake.ByMail,
    relationship: Relationship = Relationship.SELF,
) -> None:
    once = f"mail-{mail.key}-{right}"
    try:
        intake.file_request(
            svc, right, personal, relationship=relationship, channel=Channel.EMAIL, once=once, by_mail=by_mail
        )
    except AlreadyFiled:
        log.info("mail %s came again", mail.arrival.id)


def _counted(svc: Services, name: str, mail: Mail, limit: int, *, many: int = 1) -> bool:
    """Whether this mail may cause mail to its sender today: counted once for each mail, before anything is sent."""
    ends = window_end(svc.now(), DAY)
    try:
        svc.store.count(f"{name}-once", mail.key, limit=1, ends=ends)
    except LimitReached:
        return True  # the same mail again: what it causes is done once
    sender = svc.hash(Identifier(kind=IdentifierKind.EMAIL, value=_mailbox(mail.sender)))
    for counted in range(many):
        try:
            svc.store.count(name, sender, limit=limit, ends=ends)
        except LimitReached:
            if counted:  # begun within the limit: one mail's questions are not torn apart
                break
            svc.store.uncount(f"{name}-once", mail.key, ends=ends)
            return False
    return True


# -- threads ----------------------------------------------------------------------------------------------------------


def _thread(svc: Services, mail: Mail) -> Request | None:
    """The request that this mail answers, if its sender is the one who hears of it; a reference alone is no secret."""
    sender = Identifier.of(IdentifierKind.EMAIL, mail.sender)
    for reference in mail.letter.references:
        try:
            request = svc.store.get(reference)
            hears = svc.open(request).addressee
        except RequestNotFound:
            continue
        if hears and Identifier.of(IdentifierKind.EMAIL, hears) == sender:
            return request
    return None


def _in_thread(svc: Services, mail: Mail, request: Request) -> str:
    """Answers staff's question from the proven mailbox; anything else that a link must prove is left to the link."""
    if content.marked_to_stop(mail.letter.subject):
        _stop(svc, mail, ("email",))
    proven = mail.arrival.standing is Standing.AUTHENTIC and request.proof.mailbox
    said = _with_files(mail.letter)
    if proven and said and any(message.text == said for message in svc.open(request).messages):
        return "replied"  # delivered twice
    if proven and said and request.status is Status.ASKED and not mail.letter.cut:
        following.take_reply(svc, request, said)
        return "replied"
    _keep(svc, mail, Why.REPLY, request)
    if request.status is Status.VERIFYING and _counted(svc, "mail-opens", mail, OPENED_A_DAY[mail.arrival.standing]):
        errands.leave(svc, Errand.LINKS, mail.sender)
        return "links"
    return Why.REPLY


def _with_files(letter: Letter) -> str:
    """The words of a reply; that files came with it is said, for nobody opens them."""
    if not letter.text or not letter.files:
        return letter.text
    return f"{letter.text}\n\n[Files that came with this mail, not opened: {letter.files}]"


def _keep(svc: Services, mail: Mail, why: Why, thread: Request | None = None) -> str:
    kept = KeptMail(
        id=f"{mail.arrival.at:%Y-%m-%d}-{mail.key}", mail=mail.arrival.id, at=mail.arrival.at, why=why,
        reference=thread.reference if thread else None,
    )  # fmt: skip
    inbox.keep(svc, kept)
    return why
