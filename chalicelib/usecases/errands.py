"""Errands: what a page leaves to be done after its answer, so that its timing tells nobody whom the business knows.

Rule 6: the page counts, seals what was typed and starts the machine, the same for everyone; who is known is looked up
later, and mailed. Rule 7: what was typed travels sealed under a data key of its own, which is destroyed when the errand
is done or given up: no history can be read again. Rule 18: an errand that runs twice mails once.
Leaves to others: what is mailed (correspondence, staffroom).
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum

from chalicelib import language
from chalicelib.domain.identity import Identifier, IdentifierKind, mailbox_of
from chalicelib.errors import LimitReached, MailRejected, RequestNotFound, ServiceUnavailable
from chalicelib.services import Services
from chalicelib.usecases import correspondence, staffroom
from chalicelib.usecases.windows import window_end

log = logging.getLogger(__name__)

BEHIND_THE_PAGE = timedelta(seconds=1)
"""How long the machine waits first, so that the work cannot be heard in the page's own time, on one machine either."""
KEPT = timedelta(days=1)
"""How long it is known that an errand ran; the machine is through with it in minutes."""


class Errand(StrEnum):
    LINKS = "links"
    """Send me my links again."""
    SIGN_IN = "sign-in"
    """A sign-in link for one of the staff."""
    GIVE_UP = "give-up"
    """The machine could not do it: forget what was typed."""


LIMITS = {Errand.LINKS: (3, timedelta(days=1)), Errand.SIGN_IN: (5, timedelta(hours=1))}
"""How often for one mailbox, in which time; beyond it, silently nothing (rule 17)."""


def leave(svc: Services, errand: Errand, email: str) -> None:
    """Have `errand` done for whoever has this address, soon. Raises ServiceUnavailable."""
    limit, window = LIMITS[errand]
    counted = svc.hash(Identifier.of(IdentifierKind.EMAIL, mailbox_of(email)))
    try:
        svc.store.count(errand, counted, limit=limit, ends=window_end(svc.now(), window))
    except LimitReached:
        return
    id = f"errand-{svc.chance.number(80):020x}"
    svc.vault.begin(id)
    sealed = base64.b64encode(svc.vault.seal(id, f"{language.current()} {email.strip()}".encode())).decode()
    wait = int(BEHIND_THE_PAGE.total_seconds())
    svc.workflow.start(
        id, {"start": "errand", "errand_id": id, "errand": errand, "sealed": sealed, "waits": {"errand": wait}}
    )


def run(svc: Services, id: str, errand: str, sealed: str) -> None:
    """Do what a page left. Raises ServiceUnavailable when it surely was not done: the machine tries again."""
    if errand == Errand.GIVE_UP:
        log.error("errand %s given up", id)
        svc.vault.forget(id)
        return
    try:
        spoken, _, email = svc.vault.open(id, base64.b64decode(sealed)).decode().rpartition(" ")
    except RequestNotFound:  # done before
        return
    with language.speaking(spoken):  # what the page spoke
        _once(svc, id, lambda: DO[Errand(errand)](svc, email))
    svc.vault.forget(id)


def _once(svc: Services, id: str, do: Callable[[], None]) -> None:
    ends = window_end(svc.now(), KEPT)
    try:
        svc.store.count("errand", id, limit=1, ends=ends)
        do()
    except LimitReached:  # it ran, and was cut short before it could say so: whether a mail left is nobody's to guess
        return
    except MailRejected:
        log.info("errand %s: the address takes no mail", id)
    except ServiceUnavailable:
        svc.store.uncount("errand", id, ends=ends)
        raise


DO = {Errand.LINKS: correspondence.send_links_again, Errand.SIGN_IN: staffroom.send_sign_in}
