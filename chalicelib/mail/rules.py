"""The rules of a request, told to people: which law, which clock, where it stands. Shared by mails and pages.

Leaves to others: what the rules are (law/rules), where they are shown (templates).
"""

from __future__ import annotations

from chalicelib.businesses.model import Business
from chalicelib.domain.request import Request
from chalicelib.law import Rules, rules_of
from chalicelib.mail import words

BASES = {
    "binding": "this law binds us",
    "voluntary": "we follow this law though we need not",
    "policy": "no law that we follow gives this right here, so our own policy does",
}


def rules(request: Request, business: Business) -> Rules:
    """What governs this request at this business."""
    return rules_of(request, business.zone, business.binding)


def clock(request: Request, business: Business) -> str:
    """Which clock runs: `45 days from receipt (Civ. Code 1798.130)`."""
    said = rules(request, business)
    where = "our own number" if said.ours else said.clock_citation
    elsewhere = "" if request.designated else ", as it came to an address not named for such requests"
    return f"{said.term} from receipt{elsewhere} ({where}){_stood(said)}"


def _stood(said: Rules) -> str:
    """How long the clock stood still, and by which clause."""
    if not said.paused:
        return ""
    return f", and {said.paused} day{'s' * (said.paused != 1)} in which it stood still ({said.pause_citation})"


def dates(request: Request, business: Business) -> str:
    """The day aimed for, and the law's last day where that is another."""
    said = rules(request, business)
    aim = words.day(said.aim, business)
    if request.paused_at:
        since = words.day(request.paused_at, business)
        return (
            f"The clock stands still since {since}, while we wait for an answer ({said.pause_citation}). "
            f"The days until it comes are added to {aim}."
        )
    if not said.two_readings:
        return f"The last day is {aim}."
    last = "the last day is" if said.ours else "the law’s last day is"
    return f"We aim for {aim}; {last} {words.day(said.limit, business)}."


def line(request: Request, business: Business) -> str:
    """All of it in one short line, for a mail."""
    said = rules(request, business)
    instead = f" Looked at first: {said.instead}." if said.instead else ""
    return f"The rules: {said.law}, {clock(request, business)}. {dates(request, business)}{instead}"
