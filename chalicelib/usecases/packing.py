"""Packing: the parts that the sources gave become one package, read one by one and written as a stream.

Rule 4: a part holds only records that showed whose they are (paging), and was sealed for this request; nobody can
fetch the package before it is whole. Rule 18: a large one that a Lambda could not finish is gone on with, file by
file; the same parts make the same bytes. Leaves to others: the parts (fulfilment), what the files say (package).
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import lru_cache
from typing import Any

from chalicelib.domain.plan import Outcome
from chalicelib.domain.request import Personal, Request
from chalicelib.errors import RequestNotFound
from chalicelib.package import Archive, Entry, Facts, Given, Package, unpack
from chalicelib.package.parts import Row
from chalicelib.ports import PackageWriter, Unfinished
from chalicelib.services import Services
from chalicelib.usecases import by_hand, paging, road
from chalicelib.usecases.fulfilment import package_part
from chalicelib.usecases.paging import InTime

LARGE = 50_000
"""Records from which on a package may take more than one Lambda's time."""


def pack(svc: Services, request: Request, personal: Personal, outcomes: Sequence[Outcome], in_time: InTime) -> None:
    """Write the package of an access request. Raises MoreToDo when there is no time for another of its files."""
    there = given(svc, request, outcomes)
    large = sum(n for g in there.values() for n in g.facts.counts.values()) > LARGE
    note = next(o for o in outcomes if o.parts) if large else None
    try:
        _write(svc, request, personal, there, note, paging.resumed(svc, note, "pack"), in_time)
    except RequestNotFound:  # what was begun has been cleared away, or was finished: then it is made once more
        _write(svc, request, personal, there, note, {}, in_time)
    if note:
        svc.store.put_outcome(note.model_copy(update={"going_on": None}))


def _write(
    svc: Services, request: Request, personal: Personal, there: dict[str, Given], note: Outcome | None,
    so_far: dict[str, Any], in_time: InTime,
) -> None:  # fmt: skip
    at = datetime.fromisoformat(so_far["at"]) if so_far else svc.now()
    writer = svc.packages.write_package(request.reference, _unfinished(so_far))
    archive = Archive(writer, at, [Entry(**e) for e in so_far.get("entries", ())], so_far.get("offset", 0))

    def pause() -> None:
        if note:
            paging.go_on(svc, note, "pack", lambda: _said(archive, writer, at), in_time, paging.SAVED_EVERY)

    with paging.rarely_collected():
        files = by_hand.attached(svc, request, there)
        Package(svc.business, request, personal, there, at, attached=files).write(archive, pause)
    if note:
        road.live(svc, request.reference)  # "that wasn't me" may have been said while it was written
    writer.finish()


def given(svc: Services, request: Request, outcomes: Sequence[Outcome]) -> dict[str, Given]:
    """What each source gave; nothing of those without parts. Raises RequestNotFound once they are cleared away."""
    return {o.source: _given(svc, request.reference, o.source, o.parts) for o in outcomes if o.parts}


def _given(svc: Services, reference: str, source: str, parts: int) -> Given:
    @lru_cache(maxsize=1)
    def part(number: int) -> tuple[dict[str, list[Row]], Facts | None]:
        return unpack(svc.vault.open(reference, svc.packages.part(reference, package_part(source, number))))

    facts = part(parts)[1]
    if facts is None or facts.parts != parts:
        raise RequestNotFound(reference)

    def rows(collection: str) -> Iterator[Row]:
        first, last = facts.at[collection]
        for number in range(first, last + 1):
            yield from part(number)[0].get(collection, ())

    return Given(facts, rows)


def _unfinished(so_far: dict[str, Any]) -> Unfinished | None:
    if not so_far:
        return None
    return Unfinished(so_far["upload"], tuple(so_far["pieces"]), base64.b64decode(so_far["tail"]))


def _said(archive: Archive, writer: PackageWriter, at: datetime) -> dict[str, Any]:
    upload, pieces, tail = writer.pause()
    return {
        "at": at.isoformat(), "entries": [asdict(e) for e in archive.entries], "offset": archive.offset,
        "upload": upload, "pieces": pieces, "tail": base64.b64encode(tail).decode(),
    }  # fmt: skip
