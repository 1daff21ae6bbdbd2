"""Feedback: the mail service tells that a mail did not arrive; the request shows it and staff are told, once.

No silent death: a lost mail is on record, staff can take another way (other_way), and every page names one. Rule 6: a
customer is shown nothing by it that tells known from unknown: it is about a mailbox that was typed. Rule 17: as
anybody can type addresses that bounce, staff get so many mails a day about unproven requests and no more. Rule 18: told
twice is told once. Leaves to others: the mail service's words (domain/feedback).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from chalicelib import log
from chalicelib.domain.feedback import Feedback, Sent, Undelivered, read
from chalicelib.domain.request import Request, amend
from chalicelib.domain.watching import Measure
from chalicelib.errors import LimitReached, MailRejected, MailUncertain, RequestChanged, RequestNotFound
from chalicelib.links import CUSTOMER, SUBJECT
from chalicelib.services import Services
from chalicelib.usecases import correspondence, road
from chalicelib.usecases.windows import window_end

UNPROVEN_TOLD_A_DAY = 20
ASKED_AGAIN = frozenset({"verify", "consent"})
"""Mails that are sent once more anyway: what comes back for now is only noted."""


def receive(svc: Services, event: dict[str, Any]) -> list[str]:
    """Take in an SNS event; a word for each record. Raises ServiceUnavailable: tell us again."""
    return [_take(svc, message) for message in _messages(event)]


def _messages(event: dict[str, Any]) -> Iterator[str]:
    for record in event.get("Records") or ():
        yield str((record.get("Sns") or {}).get("Message") or "")


def _take(svc: Services, message: str) -> str:
    told = read(message)
    if told is None:
        log.say("mail_feedback_not_for_us")
        return "ignored"
    sent = svc.store.sent(told.message_id)
    if sent is None:  # a mail of no request (a sign-in, links sent again), or too long ago
        log.say("mail_feedback_of_no_request", trouble=told.trouble, why=told.why)
        return "unknown"
    try:
        request = svc.store.get(sent.reference)
    except RequestNotFound:  # purged, or a mail to staff about no open request
        _measure(svc, sent, told)
        return "unknown"
    if sent.person in (CUSTOMER, SUBJECT):
        return _of_customer(svc, request, sent, told)
    return _of_others(svc, request, sent, told)


def _of_customer(svc: Services, request: Request, sent: Sent, told: Feedback) -> str:
    request, fresh = _note(svc, request, sent, told)
    if fresh:
        _measure(svc, sent, told)
    if told.trouble.lost or told.trouble == "complained" or (told.trouble == "returned" and _final(sent)):
        _tell(svc, request, sent, told)
    return told.trouble.value


def _final(sent: Sent) -> bool:
    return sent.mail.partition(":")[0] not in ASKED_AGAIN


def _note(svc: Services, request: Request, sent: Sent, told: Feedback) -> tuple[Request, bool]:
    """The request with this on record, and whether it was news. Another who writes at the same moment is no reason."""
    for left in reversed(range(road.NOTE_TRIES)):
        known = request.undelivered.get(sent.mail)
        if known and not told.trouble.worse_than(known.trouble):
            return request, False
        now = svc.now()
        new = Undelivered(trouble=told.trouble, why=told.why, at=now, slot=sent.slot)
        noted, event = amend(
            request, f"mail_{told.trouble}", now, reason=f"{sent.mail.partition(':')[0]} {told.why}",
            undelivered={**request.undelivered, sent.mail: new},
        )  # fmt: skip
        try:
            svc.store.commit(noted, event)
        except RequestChanged:
            if not left:
                raise
            request = svc.store.get(request.reference)
            continue
        break
    return noted, True


def _tell(svc: Services, request: Request, sent: Sent, told: Feedback) -> None:
    """Mail those who may decide; each once for each mail that was lost."""
    members = correspondence.deciders(svc, request)
    if not request.proof.mailbox and not request.proof.noted_by:
        try:
            ends = window_end(svc.now(), timedelta(days=1))
            svc.store.count("feedback-told", svc.business.id, limit=UNPROVEN_TOLD_A_DAY, ends=ends)
        except LimitReached:
            return  # it is on the card, in the queue and in the metrics
    correspondence.to_staff(
        svc, request, "staff_undelivered", members, once=f"{sent.mail}:{told.trouble}",
        which=sent.mail.partition(":")[0], trouble=told.trouble, why=told.why,
    )  # fmt: skip


def _of_others(svc: Services, request: Request, sent: Sent, told: Feedback) -> str:
    """A mail to a recipient, or to one of the staff: somebody else hears of it, and not by the same mail."""
    if told.trouble == "delayed" or sent.mail.startswith("staff_undelivered:"):
        return told.trouble.value
    kind, _, id = sent.person.partition(":")
    _measure(svc, sent, told)
    if kind == "recipient" and sent.mail.startswith("recipient_notice:"):
        correspondence.of_recipient(
            svc, request, id, why="our mail to them came back", once=f"undelivered:{sent.message_id}"
        )
        return told.trouble.value
    whose = sent.person.rpartition(":")[2]
    others = [m for m in (*correspondence.deciders(svc, request), *svc.business.leads()) if m.id != whose]
    named = svc.business.member(whose)
    try:
        correspondence.to_staff(
            svc, request, "staff_undelivered", list({m.id: m for m in others}.values()), once=f"{sent.mail}",
            which=sent.mail.partition(":")[0], trouble=told.trouble, why=told.why, colleague=named,
        )  # fmt: skip
    except (MailRejected, MailUncertain) as fault:  # the alarm on the metric is what is left
        log.say("mail_feedback_reached_nobody", reference=request.reference, error=type(fault).__name__)
    return told.trouble.value


def _measure(svc: Services, sent: Sent, told: Feedback) -> None:
    to = "customer" if sent.person in (CUSTOMER, SUBJECT) else "others"
    tags = {"reference": sent.reference, "mail": sent.mail.partition(":")[0], "why": told.why, "to": to}
    log.measure(
        svc.business.id, [Measure("MailTrouble", 1, by={"trouble": told.trouble.value})], svc.now(), tags
    )  # fmt: skip
