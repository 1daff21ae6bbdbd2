"""Hearing again: the one way back from an opt-out, in two steps that only the person can take.

They ask on a page; a link goes to the mailbox; pressing its button lifts, for that mailbox alone. No staff, and no key
that a mailer holds, can do it for them. The page says the same to everyone (rule 6). What stood and when it was lifted
stays on record. Leaves to others: the business's own settings, which nobody switches back for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from chalicelib import links
from chalicelib.domain.identity import Identifier, IdentifierKind, mailbox_of
from chalicelib.domain.request import Right
from chalicelib.errors import InvalidRequest, LimitReached, RequestNotFound
from chalicelib.links import CUSTOMER, Purpose, token_hash
from chalicelib.mail import messages
from chalicelib.ports import Suppression
from chalicelib.services import Services
from chalicelib.usecases.suppression import EVERYTHING
from chalicelib.usecases.windows import window_end

ASKED_A_DAY = 3


def offered(svc: Services) -> list[str]:
    """The scopes that people can ask to hear of again."""
    kinds = (f"kind:{name}" for name, kind in svc.business.kinds.items() if kind.stoppable)
    return [*svc.business.opt_outs, *kinds]


def ask(svc: Services, email: str, scopes: Sequence[str]) -> None:
    """Mail this address a link that lifts these scopes. Lifts nothing. Raises InvalidRequest."""
    if not scopes or set(scopes) - set(offered(svc)):
        raise InvalidRequest({"scope": "Choose what you want to hear of again."})
    now, who = svc.now(), Identifier.of(IdentifierKind.EMAIL, email)
    counted = svc.hash(Identifier.of(IdentifierKind.EMAIL, mailbox_of(email)))
    try:
        svc.store.count("hear-again", counted, limit=ASKED_A_DAY, ends=window_end(now, timedelta(days=1)))
    except LimitReached:
        return
    token, chosen = svc.chance.token(), list(dict.fromkeys(scopes))
    link = links.mint(token, Purpose.HEAR_AGAIN, CUSTOMER, None, now)
    lifts = tuple((hashed, scope) for hashed in svc.hashes(who).values() for scope in chosen)
    svc.store.put_links([link.model_copy(update={"lifts": lifts})])
    message = messages.compose(
        "hear_again", business=svc.business, to=email.strip(), reference=None, at=now,
        context={"scopes": chosen, "links": {"hear_again": links.url(svc.settings.public_url, link.purpose, token)}},
    )  # fmt: skip
    svc.mailer.send(sender=svc.business.sender, to=email.strip(), message=message)


def page(svc: Services, token: str) -> list[str]:
    """The scopes that this link lifts. Changes nothing. Raises LinkMissing, LinkExpired, LinkInvalid."""
    link = svc.store.link(token_hash(token)).check(Purpose.HEAR_AGAIN, svc.now())
    return list(dict.fromkeys(scope for _, scope in link.lifts))


def confirm(svc: Services, token: str) -> list[str]:
    """Lift what the link names; doing it again is the same. What was stopped after the link was mailed stays stopped.

    Raises LinkMissing, LinkExpired, LinkInvalid.
    """
    link = svc.store.link(token_hash(token)).check(Purpose.HEAR_AGAIN, svc.now())
    hashes = list(dict.fromkeys(hashed for hashed, _ in link.lifts))
    again = {scope for hashed in hashes for scope in _stopped_since(svc, hashed, link.issued_at)}
    chosen = [scope for scope in page(svc, token) if scope not in again]
    for hashed in hashes if chosen else ():
        for entry in svc.store.suppressions(hashed):
            if entry.since > link.issued_at:
                continue
            if entry.scope == EVERYTHING:
                _narrow(svc, entry, chosen)
            if entry.scope in (*chosen, EVERYTHING):
                svc.store.lift_suppression(hashed, entry.scope, svc.now())
    return chosen


def _stopped_since(svc: Services, hashed: str, moment: datetime) -> set[str]:
    """What was stopped once more after this moment: the entry itself keeps its first date."""
    found: set[str] = set()
    for reference in svc.store.of_subject(hashed):
        with suppress(RequestNotFound):
            request = svc.store.get(reference)
            if request.right is Right.OPT_OUT and (request.entered_at or request.received_at) > moment:
                found |= set(svc.open(request).stop)
    return found


def _narrow(svc: Services, entry: Suppression, chosen: Sequence[str]) -> None:
    """Who was deleted and asks for one thing again gets that one: all else is noted as stopped before."""
    others = [scope for scope in svc.business.opt_outs if scope not in chosen]
    svc.store.suppress(entry.model_copy(update={"scope": scope}) for scope in others)
