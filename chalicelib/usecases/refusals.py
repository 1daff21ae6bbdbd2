"""Refusals, of a whole or a part: each names its ground, what would change it, and how to appeal (rule 10).

Leaves to others: the wording, per ground and law (law/data/refusals.yaml), who refuses (review).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.domain.decision import Ground
from chalicelib.domain.request import Personal, Request, Right
from chalicelib.law import Exemption, Route, appeal_route, exemptions, ground_words, refusal_notes
from chalicelib.services import Services
from chalicelib.usecases import judging, limits, partial


@dataclass(frozen=True)
class Why:
    """Why something was not done, for the customer."""

    ground: Ground
    says: str
    what_would_change: str
    exemption: Exemption | None
    explanation: str | None
    notes: list[str]
    appeal: Route


@dataclass(frozen=True)
class LeftOut:
    """What an answer says of the part that was refused."""

    lines: list[tuple[str, int]]
    """Title, how many records."""
    why: Why


def why(svc: Services, request: Request, personal: Personal) -> Why:
    """The reasons of a refusal, whole or in part."""
    decision = request.decision
    ground = (decision.ground if decision else None) or Ground.OTHER
    says, change = ground_words(ground, request.regime)
    code = (decision.exemption if decision else None) or ""
    refused = personal.corrections
    if left := partial.left(request):
        refused = [c for c in refused if c.field.rpartition(".")[0] in left]
    categories = [svc.business.datamap.field(c.field).category for c in refused]
    return Why(
        ground=ground, says=says, what_would_change=change, explanation=personal.explanation,
        exemption=exemptions(request.regime, request.right).get(code),
        appeal=appeal_route(request.regime, by_post=request.by_post),
        notes=refusal_notes(request.regime, request.right, categories),
    )  # fmt: skip


def left_out(svc: Services, request: Request, personal: Personal) -> LeftOut | None:
    """The part that was refused, with its reasons; None when nothing was."""
    left = partial.left(request)
    if not left:
        return None
    plan = judging.current_plan(svc, request)
    changed = request.right is Right.CORRECTION
    lines = [(c.title, c.acts if changed else c.found) for c in plan.collections if c.place in left]
    return LeftOut(lines, why(svc, request, personal))


def say(svc: Services, request: Request, personal: Personal, tell: Callable[..., None]) -> None:
    """The refusal, in the words of its mail; what had been done before it was stopped is said (rule 8)."""
    tell("refused", why=why(svc, request, personal), done=partial.done_so_far(svc, request))


def uncount(svc: Services, request: Request) -> None:
    """What was refused counts no longer, as this year's or at all."""
    name, key = judging.disclosure_claim(svc, request)
    svc.store.release(name, key, request.reference)
    limits.give_back(svc, request)
