"""Partial decisions: an approval that leaves out collections, on a ground that the customer is told.

Rule 10: what no ground covers is still done. A collection left out is neither exported, changed nor deleted, and who
only received it is not told. Leaves to others: doing the rest (fulfilment), the words of the answer (refusals).
"""

from __future__ import annotations

from chalicelib.domain.datamap import SourceMap
from chalicelib.domain.decision import Ground
from chalicelib.domain.plan import Doing, Plan
from chalicelib.domain.request import FieldCorrection, Personal, Request
from chalicelib.errors import DecisionNotAllowed
from chalicelib.services import Services
from chalicelib.usecases import judging

REASON = "partly_refused"


def left(request: Request) -> frozenset[str]:
    """Places (`<source>.<collection>`) that the decision leaves out."""
    return frozenset(request.decision.leave if request.decision else ())


def left_in(request: Request, source: str) -> frozenset[str]:
    """The collections of one source that the decision leaves out."""
    return frozenset(place.partition(".")[2] for place in left(request) if place.partition(".")[0] == source)


def done_so_far(svc: Services, request: Request) -> list[tuple[str, Doing, int]]:
    """What was changed or erased in the sources already: title, what, how many."""
    titles, told = svc.business.titles(), (Doing.CHANGE, Doing.DELETE, Doing.BLANK)
    return [
        (titles[o.source, collection], doing, done[doing])
        for o in svc.store.outcomes(request.reference)
        for collection, done in o.done.items()
        for doing in told
        if done.get(doing)
    ]


def corrections(request: Request, personal: Personal) -> list[FieldCorrection]:
    """The corrections asked for, less those in what is left out."""
    without = left(request)
    return [c for c in personal.corrections if c.field.rpartition(".")[0] not in without]


def check(
    svc: Services, request: Request, leave: tuple[str, ...], ground: Ground | None, explanation: str | None
) -> None:
    """Whether these places can be left out. Raises DecisionNotAllowed, with what to do instead."""
    if not leave:
        return
    plan = judging.current_plan(svc, request)
    acting = {c.place: c for c in plan.collections if c.acts}
    if unknown := set(leave) - acting.keys():
        raise DecisionNotAllowed(
            f"Nothing would be done with {', '.join(sorted(unknown))[:120]}: it cannot be left out."
        )
    if set(leave) == acting.keys() and not plan.failed:
        raise DecisionNotAllowed("That leaves nothing to do. Refuse the request instead.")
    if ground is None or not (explanation or "").strip():
        raise DecisionNotAllowed("Give the ground for what is left out, and explain it: the customer is told both.")
    for name, source in svc.business.datamap.sources.items():
        _whole(source, name, frozenset(leave), plan)


def _whole(source: SourceMap, name: str, leave: frozenset[str], plan: Plan) -> None:
    """Refuse to delete a record on which one that is left out hangs: the database would take or refuse both."""
    gone = {c.collection: c.title for c in plan.collections if c.source == name and c.counts.get(Doing.DELETE)}
    needs = source.needs()
    for collection in source.collections:
        if f"{name}.{collection}" not in leave:
            continue
        for needed in needs[collection] & gone.keys():
            if f"{name}.{needed}" not in leave:
                title = source.collections[collection].title
                raise DecisionNotAllowed(f"“{title}” hangs on “{gone[needed]}”: leave that out too, or neither.")
