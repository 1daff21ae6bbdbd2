"""Plain words for what only staff read: occasions of their duties, days left. Shared by mails and pages."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain.announcement import Met

MET = {
    Met.SENT: "told",
    Met.LEFT_ALONE: "left alone: they stopped such mail, declined already, or deleted their data",
    Met.AGAIN: "had it already: listed twice, or met again after an interruption",
    Met.NO_ADDRESS: "without an address that can be written to",
    Met.REFUSED: "refused by the mail service",
    Met.UNSURE: "may have left, nobody knows; not sent again",
}

RISKS = {
    "address_changed": "The address, phone or email on file was corrected here in the last 60 days.",
    "network": "Many requests came from the same network that day.",
    "name_differs": "The name that was typed is not the name on file.",
}


def occasion(name: str) -> str:
    """On what staff were reminded of their duties: `2026-Q4`, `policy-2027-01`."""
    if name.startswith("policy-"):
        return f"the policy of {name.removeprefix('policy-')}"
    year, _, quarter = name.partition("-Q")
    return f"quarter {quarter} of {year}"


def occasions(names: Sequence[str]) -> str:
    said = [occasion(name) for name in names]
    return " and ".join([", ".join(said[:-1]), said[-1]] if said[1:] else said)


def left_of(days: int) -> str:
    """Days until the last one, negative when late."""
    if days < 0:
        return f"{-days} day{'s' * (days != -1)} late"
    return f"{days} day{'s' * (days != 1)} left" if days else "due today"
