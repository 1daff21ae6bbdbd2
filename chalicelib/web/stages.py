"""The road as a customer sees it: a few stages, one of them now. For the tracker and the staff's card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chalicelib.domain.request import Request, Right
from chalicelib.domain.status import Status
from chalicelib.language import Said

S = Status
RECEIVED, CONFIRM, LOOK, DECIDE, UNDO, DO, ANSWER = range(7)
TITLES = Said(enumerate((
    "Received", "You confirm", "We look for data", "A person decides", "Time to change your mind",
    "We carry it out", "Answered",
)))  # fmt: skip
REACHED = {
    S.RECEIVED: RECEIVED, S.VERIFYING: CONFIRM, S.GATHERING: LOOK, S.IN_REVIEW: DECIDE, S.ASKED: DECIDE,
    S.COOLING_OFF: UNDO, S.FULFILLING: DO, S.FULFILLED: ANSWER, S.PARTLY_FULFILLED: ANSWER, S.REFUSED: ANSWER,
}  # fmt: skip
WANTED = {
    Right.ACCESS: (RECEIVED, CONFIRM, LOOK, DECIDE, ANSWER),
    Right.CORRECTION: (RECEIVED, CONFIRM, LOOK, DECIDE, DO, ANSWER),
    Right.DELETION: (RECEIVED, CONFIRM, LOOK, DECIDE, UNDO, DO, ANSWER),
    Right.CALIFORNIA_DISCLOSURE: (RECEIVED, CONFIRM, DECIDE, ANSWER),
    Right.OPT_OUT: (RECEIVED, DO, ANSWER),
    Right.CONCERN: (RECEIVED, CONFIRM, DECIDE, ANSWER),
}


@dataclass(frozen=True)
class Stage:
    title: str
    state: Literal["done", "now", "todo"]


def stages(request: Request) -> list[Stage]:
    """The stages of this request's right; none is "now" once it ended without an answer or is on hold."""
    reached = REACHED.get(request.stands_at, RECEIVED)
    ended = request.stands_at in (S.LAPSED, S.WITHDRAWN, S.FROZEN)

    def state(stage: int) -> Literal["done", "now", "todo"]:
        if stage < reached or (stage == reached and (stage == ANSWER or ended)):
            return "done"
        return "now" if stage == current and not ended else "todo"

    wanted = WANTED[request.right]
    current = next((stage for stage in wanted if stage >= reached), ANSWER)
    return [Stage(TITLES[stage], state(stage)) for stage in wanted]
