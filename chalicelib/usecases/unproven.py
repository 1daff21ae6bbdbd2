"""Unproven filings: what a stranger can make us do to one address before its owner has said a word.

Rule 17: counted by conditional writes first. One network can file so many a day for one address, and is then turned
away. One address is mailed about so many a day, whoever files; beyond that a filing is taken, its clock runs, and its
mail waits (`quiet`) until the owner opens any link of theirs or there is room again: so a flood from elsewhere shuts
nobody's door. An opt-out acts all the same, unmailed (rule 5). Leaves to others: the mails themselves (verification).
"""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta

from chalicelib.domain.identity import Identifier, IdentifierKind, mailbox_of
from chalicelib.domain.request import Personal, Request, Right, amend
from chalicelib.errors import LimitReached
from chalicelib.services import Services
from chalicelib.usecases.windows import window_end

UNPROVEN_A_DAY = 10
UNPROVEN_DAY = timedelta(days=1)
NO_LIMIT = 1_000_000_000


def count(svc: Services, right: Right, personal: Personal, network: str, now: datetime) -> tuple[bool, str]:
    """Count one more filing; whether its mails wait, and what it counts as from this network (a keyed hash).

    Raises LimitReached: too many for this address from there, or for the person whom an agent names.
    """
    if right is Right.OPT_OUT:  # counted apart: one flood does not shut both doors
        return not _room(svc, "opt-outs", _address(svc, personal.email or ""), now), ""
    own, ends = _address(svc, personal.email or ""), window_end(now, UNPROVEN_DAY)
    asked_from = svc.hash(Identifier.of(IdentifierKind.COOKIE, f"{_network(network)} {own}"))
    svc.store.count("unproven-from", asked_from, limit=UNPROVEN_A_DAY, ends=ends)
    if personal.subject_email:  # the subject is to be mailed as well, and can ask for themself
        svc.store.count("unproven", _address(svc, personal.subject_email), limit=UNPROVEN_A_DAY, ends=ends)
    return not _room(svc, "unproven", own, now), asked_from


def nth(svc: Services, network: str, now: datetime) -> int:
    """Which filing of today this is from its network, whoever it is for; 0 where that is not known."""
    if not (at := _network(network)):
        return 0
    hashed = svc.hash(Identifier.of(IdentifierKind.COOKIE, f"network {at}"))
    return svc.store.count("network", hashed, limit=NO_LIMIT, ends=window_end(now, UNPROVEN_DAY))


def no_more(svc: Services, request: Request, address: str) -> None:
    """The address's owner wants this: it no longer counts against the address, nor where it came from."""
    ends = window_end(request.received_at, UNPROVEN_DAY)
    if not request.quiet:
        svc.store.uncount("unproven", _address(svc, address), ends=ends)
    if request.asked_from and not request.proof.mailbox:  # not again when an agent's subject agrees
        svc.store.uncount("unproven-from", request.asked_from, ends=ends)


def mailed_now(svc: Services, request: Request, address: str) -> Request:
    """The request, no longer quiet if there is room for its mails today. Raises RequestChanged (try again)."""
    if not request.quiet or not _room(svc, "unproven", _address(svc, address), svc.now()):
        return request
    return aloud(svc, request)


def aloud(svc: Services, request: Request) -> Request:
    """The request, whose mails wait no longer. Raises RequestChanged."""
    told, event = amend(request, "mailed_now", svc.now(), quiet=False)
    svc.store.commit(told, event)
    return told


def _room(svc: Services, name: str, hashed: str, now: datetime) -> bool:
    try:
        svc.store.count(name, hashed, limit=UNPROVEN_A_DAY, ends=window_end(now, UNPROVEN_DAY))
    except LimitReached:
        return False
    return True


def _address(svc: Services, address: str) -> str:
    return svc.hash(Identifier.of(IdentifierKind.EMAIL, mailbox_of(address)))


def _network(at: str) -> str:
    """Where somebody sits on the net: an IPv4 address, or the network that IPv6 gives to one household."""
    try:
        ip = ipaddress.ip_address(at)
    except ValueError:
        return ""
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else str(ip)
