"""Reading a source page by page within one Lambda's time, and going on in the next one where it ended.

Rule 7: how far a step came names records, so it lies sealed beside the package's parts; the machine only learns that
there is more to do, and calls again (`MoreToDo`). Rule 4: every record shows whose it is before anybody else sees it.
Rule 18: what is taken up is never done twice over, and a step killed in between goes on from its last note.
Leaves to others: what is done with a page (gathering, fulfilment).
"""

from __future__ import annotations

import gc
import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from chalicelib.domain.identity import Identifier
from chalicelib.domain.owners import Owners
from chalicelib.domain.plan import Outcome, Record
from chalicelib.domain.request import Request
from chalicelib.errors import MoreToDo
from chalicelib.services import Services
from chalicelib.usecases import awaiting

InTime = Callable[[], bool]
"""Whether this Lambda has time left for one page more."""
SAVED_EVERY = 20
"""Pages after which a step notes how far it came, for the case that its Lambda dies."""


def always() -> bool:
    return True


def pages(
    svc: Services, request: Request, source: str, who: Sequence[Identifier], so_far: dict[str, Any]
) -> Iterator[list[Record]]:
    """The pages that are left; before each is given out, `so_far` says where the next one begins, or that none does.

    `who`: what selects the person's data here (identifying).
    What was answered later is one page: whoever answered was asked for this person's and nobody else's.
    """
    answered = awaiting.records(svc, request, source)
    if answered is not None:
        so_far |= {"read": True, "pages": 1}
        yield answered
        return
    owners = Owners(svc.business.datamap.sources[source], who, so_far.get("parents"))
    with rarely_collected():
        while not so_far.get("read"):
            records, after = svc.sources[source].find(who, so_far.get("after"))
            for record in records:
                owners.check(record)
            so_far["after"], so_far["read"], so_far["pages"] = after, after is None, so_far.get("pages", 0) + 1
            so_far["parents"] = owners.parents if after is not None else {}
            yield records


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Records form no circles: looking for some after every few hundred would take a third of the time."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def resumed(svc: Services, outcome: Outcome | None, step: str) -> dict[str, Any]:
    """How far this step came before; empty where it has not begun."""
    if outcome is None or outcome.going_on != step:
        return {}
    said: dict[str, Any] = json.loads(opened(svc, outcome.reference, _name(step, outcome.source)))
    return said


def go_on(
    svc: Services, outcome: Outcome, step: str, so_far: Callable[[], dict[str, Any]], in_time: InTime, pages: int = 0
) -> None:
    """Note how far the step came when it is time to. Raises MoreToDo when this Lambda's time is over."""
    enough = in_time()
    if enough and (not pages or pages % SAVED_EVERY):
        return
    keep(svc, outcome.reference, _name(step, outcome.source), json.dumps(so_far(), default=list).encode())
    svc.store.put_outcome(outcome.model_copy(update={"going_on": step}))
    if not enough:
        raise MoreToDo(outcome.reference)


def keep(svc: Services, reference: str, name: str, clear: bytes) -> None:
    svc.packages.put_part(reference, name, svc.vault.seal(reference, zlib.compress(clear, 1)))


def opened(svc: Services, reference: str, name: str) -> bytes:
    """Raises RequestNotFound when it has been cleared away."""
    return zlib.decompress(svc.vault.open(reference, svc.packages.part(reference, name)))


def _name(step: str, source: str) -> str:
    return f"so-far/{step}/{source}"
