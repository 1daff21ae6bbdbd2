"""The inbox: mails that a person must read, for signed-in staff; and the note by mail that there is one.

Nothing that came in is lost: what no phrase decides is listed here until staff have dealt with it or it expires.
Rules 1 and 7: the list and the note show nothing of the mail; opening it is a POST, on record with who and when. What a
stranger wrote is mailed to nobody. Leaves to others: which mails come here (inbound), the page (web/inbox).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.businesses.model import Member
from chalicelib.domain.masking import guarded
from chalicelib.domain.request import Right
from chalicelib.errors import DecisionNotAllowed, RequestNotFound
from chalicelib.mail.inbound import Letter, parse
from chalicelib.ports import KeptMail
from chalicelib.services import Services
from chalicelib.usecases import correspondence, staffroom

log = logging.getLogger("rightsdesk.inbox")


class Why(StrEnum):
    """Why nothing, or not all, was done by itself."""

    UNREAD = "unread"
    AGENT = "agent"
    LONG = "long"
    REPLY = "reply"
    SENDER = "sender"
    OURS = "ours"
    FORGED = "forged"
    TOO_MANY = "too_many"
    AUTOMATIC = "automatic"
    BULK = "bulk"
    SPAM = "spam"
    VIRUS = "virus"


QUIET = frozenset({Why.AUTOMATIC, Why.BULK, Why.SPAM, Why.VIRUS})
"""Listed last, and nobody is mailed about it: no person wrote it to us."""
LISTED, LOOKED_THROUGH = 200, 5_000
"""Mails on the page, and the newest of all that are kept, among which these are found."""


@dataclass(frozen=True)
class Opened:
    """A mail as staff read it: card and other guarded numbers masked, files not there."""

    kept: KeptMail
    letter: Letter
    subject: str
    text: str


def keep(svc: Services, kept: KeptMail) -> None:
    """List a mail for staff, once, and tell them, unless no person wrote it."""
    if svc.store.keep_mail(kept) and kept.why not in QUIET:
        correspondence.tell_of_mail(svc, kept, readers(svc))


def readers(svc: Services) -> list[Member]:
    """Staff who answer people's own words."""
    return svc.business.deciders(Right.CONCERN)


def waiting(svc: Services, session: str) -> tuple[Member, list[KeptMail]]:
    """What is to be read, the oldest first: no personal data. Raises LinkMissing, LinkExpired.

    What no person wrote comes last, so that a flood of it hides nobody's mail.
    """
    member, kept = staffroom.staff_of(svc, session), svc.store.kept_mails(LOOKED_THROUGH)
    return member, sorted(kept, key=lambda mail: (mail.why in QUIET, mail.at))[:LISTED]


def open_mail(svc: Services, session: str, id: str) -> Opened:
    """One mail, and that this member opened it. Raises DecisionNotAllowed, RequestNotFound when it is gone."""
    member = _reader(svc, session)
    kept = svc.store.note_opened(id, member.id, svc.now())
    raw = svc.inbox.read(kept.mail) if kept else None
    if kept is None or raw is None:
        raise RequestNotFound(id)
    log.info("mail %s opened by %s", kept.id, member.id)
    letter = parse(raw) if kept.why != Why.VIRUS else Letter(broken=True)
    return Opened(kept, letter, guarded(letter.subject) or "", guarded(letter.text) or "")


def done(svc: Services, session: str, id: str) -> None:
    """Staff have dealt with it: the note and the raw mail go. Doing it twice is doing it once."""
    member = _reader(svc, session)
    if kept := svc.store.kept_mail(id):
        svc.inbox.forget(kept.mail)
        svc.store.drop_kept(id)
        log.info("mail %s done by %s", id, member.id)


def _reader(svc: Services, session: str) -> Member:
    """Need to know (PRU-6): those who answer people's own words, and the leads."""
    member = staffroom.staff_of(svc, session)
    if member not in readers(svc) and member not in svc.business.leads():
        raise DecisionNotAllowed("Mail is read by those who answer concerns.")
    return member
