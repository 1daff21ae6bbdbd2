"""Refusals: each names its ground, what would change it, and how to appeal or complain (rule 10)."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.domain.decision import Ground
from chalicelib.domain.request import Personal, Request
from chalicelib.law import appeal_route
from chalicelib.services import Services
from chalicelib.usecases import judging

WORDS: dict[Ground, tuple[str, str]] = {
    # ground: what it says, what would change it
    Ground.NO_MATCH: (
        "We found nothing that belongs to the address you wrote from.",
        "Write again from the email address you used with us, or tell us another way we may know you.",
    ),
    Ground.INSUFFICIENT_VERIFICATION: (
        "The answers did not show us that this data is yours, and giving it to the wrong person could hurt you.",
        "Ask again with details such as an order number at hand.",
    ),
    Ground.SUSPECTED_FRAUD: (
        "We have reason to believe that this request was not made by the person the data is about.",
        "If it was you, reply through the page of your request or call us, and we will check again together.",
    ),
    Ground.TOO_MANY_REQUESTS: (
        "You have asked for this more often than we can answer within a year.",
        "Ask again when the year since your first request has passed.",
    ),
    Ground.CLAIM_NOT_COVERED: (
        "What you asked for is not something this right covers.",
        "Choose another right on our privacy page, or tell us in your own words what you need.",
    ),
    Ground.EXEMPT: (
        "We must keep this data, or may not change it, for a reason that the law accepts.",
        "When that reason ends, the data goes. You may ask again then.",
    ),
    Ground.OUTSIDE_REGIME: (
        "The law that gives this right does not apply where you live, and our policy does not promise it either.",
        "If you have moved, tell us where you live now and ask again.",
    ),
    Ground.OTHER: ("We cannot do what you asked.", "What would change this is explained below."),
}


def say(request: Request, personal: Personal, tell: Callable[..., None]) -> None:
    """The refusal, in the words of its mail."""
    ground = (request.decision.ground if request.decision else None) or Ground.OTHER
    says, change = WORDS[ground]
    tell(
        "refused", ground=ground, says=says, what_would_change=change, explanation=personal.explanation,
        appeal=appeal_route(request.regime),
    )  # fmt: skip


def uncount(svc: Services, request: Request) -> None:
    """A refused disclosure no longer counts as this year's."""
    name, key = judging.disclosure_claim(svc, request)
    svc.store.release(name, key, request.reference)
