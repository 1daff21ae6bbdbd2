"""Where somebody who was refused can go, in words for them (rule 10: a refusal names how to appeal or complain).

An appeal to the business is always open, decided by someone else; some laws demand it and say by when.
Leaves to others: the appeal itself (usecases), its clock (clocks.appeal_clock).
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.language import gettext
from chalicelib.law.loader import appeal_of
from chalicelib.law.model import Refusal, Regime


@dataclass(frozen=True, slots=True)
class Route:
    """The way on after a refusal. `owed`: the law itself demands the appeal. Words are for the customer.

    `words`: appeal and complaint, whole; `complaint`: the latter alone, after an appeal; `always`: it is told in every
    answer to an appeal, granted or not.
    """

    owed: bool
    days: int
    authority: str
    page: str | None
    citation: str
    words: str
    complaint: str
    always: bool


def appeal_route(regime: Regime | str, *, by_post: bool = False) -> Route:
    """The appeal and complaint route of a regime; the policy's where its own is not established.

    `by_post`: for somebody without email, who has no page of their request.
    """
    refusal, decide = appeal_of(regime)
    days = decide.aim or decide.count
    how = (
        gettext("To appeal, write to us or call us.")
        if by_post
        else gettext("You can appeal from the page of your request.")
    )
    again = gettext(
        "Someone who did not take this decision will look at it afresh and answer within %(days)s days.", days=days
    )
    where = _authority(refusal)
    complain = gettext("You can also complain to %(authority)s.", authority=where)
    content = gettext("If you are not content, you can complain to %(authority)s.", authority=where)
    court = " " + gettext("You may also go to court.") if refusal.court else ""
    return Route(
        refusal.owed, days, refusal.authority, refusal.page, refusal.cite,
        words=f"{how} {again} {complain}{court}", complaint=f"{content}{court}", always=refusal.named == "always",
    )  # fmt: skip


def _authority(refusal: Refusal) -> str:
    name = gettext(refusal.authority)
    return f"{name} ({refusal.page})" if refusal.page else name
