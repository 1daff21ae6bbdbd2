"""The rules of a request, told to people: which law, which clock, where it stands. Shared by mails and pages.

Leaves to others: what the rules are (law/rules), where they are shown (templates).
"""

from __future__ import annotations

import re

from chalicelib.businesses.model import Business
from chalicelib.domain.request import Request
from chalicelib.language import N_, Said, gettext, ngettext
from chalicelib.law import Rules, rules_of
from chalicelib.mail import words

BASES = Said(
    {
        "binding": "this law binds us",
        "voluntary": "we follow this law though we need not",
        "policy": "no law that we follow gives this right here, so our own policy does",
    }
)


def rules(request: Request, business: Business) -> Rules:
    """What governs this request at this business."""
    return rules_of(request, business.zone, business.binding)


def clock(request: Request, business: Business) -> str:
    """Which clock runs: `45 days from receipt (Civ. Code 1798.130)`."""
    said = rules(request, business)
    where = gettext("our own number") if said.ours else said.clock_citation
    elsewhere = "" if request.designated else gettext(", as it came to an address not named for such requests")
    runs = gettext("%(term)s from receipt", term=said.term)
    return f"{runs}{elsewhere} ({where}){_stood(said)}"


def _stood(said: Rules) -> str:
    """How long the clock stood still, and by which clause."""
    if not said.paused:
        return ""
    return ngettext(
        ", and %(num)s day in which it stood still (%(clause)s)",
        ", and %(num)s days in which it stood still (%(clause)s)", said.paused, clause=said.pause_citation,
    )  # fmt: skip


def dates(request: Request, business: Business) -> str:
    """The day aimed for, and the law's last day where that is another."""
    said = rules(request, business)
    aim = words.day(said.aim, business)
    if request.paused_at:
        since = words.day(request.paused_at, business)
        return gettext(
            "The clock stands still since %(since)s, while we wait for an answer (%(clause)s). "
            "The days until it comes are added to %(aim)s.",
            since=since, clause=said.pause_citation, aim=aim,
        )  # fmt: skip
    if not said.two_readings:
        return gettext("The last day is %(aim)s.", aim=aim)
    last = words.day(said.limit, business)
    if said.ours:
        return gettext("We aim for %(aim)s; the last day is %(last)s.", aim=aim, last=last)
    return gettext("We aim for %(aim)s; the law’s last day is %(last)s.", aim=aim, last=last)


def law(said: Rules) -> str:
    """The law's name, as it stands: it has no Spanish one; only the policy has."""
    return gettext(said.law)


def instead(told: str) -> str:
    """Which law was looked at first, and why it does not govern: the law's name stays as it is."""
    name, _, why = told.partition(": ")
    for pattern, message in OBSTACLES:
        if found := re.fullmatch(pattern, why):
            places = found.groupdict()
            if "right" in places:
                places["right"] = OF_RIGHT.get(places["right"], places["right"])
            return f"{gettext(name)}: {gettext(message, **places)}"
    return told


OF_RIGHT = Said({"access": "access", "correction": "correction", "deletion": "deletion", "opt-out": "opt-out",
                 "california-disclosure": "disclosure", "concern": "concern"})  # fmt: skip
OBSTACLES = (
    ("the business does not say that it follows this law", N_("the business does not say that it follows this law")),
    (r"not in force before (?P<day>\S+)", N_("not in force before %(day)s")),
    (r"knows no right of (?P<right>\S+)", N_("knows no right of %(right)s")),
    (r"knows the right of (?P<right>\S+) only from (?P<day>\S+)", N_("knows the right of %(right)s only from %(day)s")),
)
"""The reasons of law/regimes."""


def line(request: Request, business: Business) -> str:
    """All of it in one short line, for a mail."""
    said = rules(request, business)
    first = " " + gettext("Looked at first: %(law)s.", law=instead(said.instead)) if said.instead else ""
    runs = gettext("The rules: %(law)s, %(clock)s.", law=law(said), clock=clock(request, business))
    return f"{runs} {dates(request, business)}{first}"
