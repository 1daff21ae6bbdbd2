"""Screening: what the business's own systems ask of the suppression list before they mail, load or use (CET-5, CET-9).

One at a time for the signed API, a whole mailing list for the command, or all hashes for an import tool. The list
knows nobody: it is asked with identifiers, and compares keyed hashes. A person is stopped by the scope itself, by what
the business says stops it, and by having been deleted. Leaves to others: entries themselves (suppression).
"""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from chalicelib.businesses.model import Business
from chalicelib.domain.identity import Identifier, IdentifierKind
from chalicelib.errors import InvalidRequest
from chalicelib.ports import Suppression
from chalicelib.services import Services
from chalicelib.usecases.suppression import EVERYTHING, RESTRICTED, standing

MOST = 500
"""Identifiers in one question."""
LONGEST_ROW = 1_000_000
"""Bytes: a row that goes on for longer has a quote that is never closed."""
Stopped = Mapping[str, set[str]]


def scopes_of(business: Business) -> list[str]:
    """All that can be asked about, in the order of every answer."""
    kinds = (f"kind:{name}" for name in business.kinds)
    return [*business.opt_outs, *kinds, *business.declinable, EVERYTHING, RESTRICTED]


def covering(business: Business, scope: str) -> set[str]:
    """The entries that stop `scope`. None stops a mail that cannot be stopped: who was deleted and orders anew needs
    to learn where the parcel is."""
    if scope == RESTRICTED:
        return {RESTRICTED}
    kind = business.kinds.get(scope.removeprefix("kind:")) if scope.startswith("kind:") else None
    if kind and not kind.stoppable:
        return set()
    change = business.declinable.get(scope)
    return {scope, EVERYTHING, *(kind.stops_with if kind else ()), *(change.stops_with if change else ())}


def check(svc: Services, identifier: Identifier) -> dict[str, bool]:
    """Every scope, and whether it is stopped: the same shape for everyone, known or not."""
    stopped = standing(svc, identifier)
    return {scope: bool(covering(svc.business, scope) & stopped) for scope in scopes_of(svc.business)}


def export(svc: Services) -> Iterator[Suppression]:
    """Every entry that stands: a keyed hash, the key's name, the scope, since when. For import tools."""
    return svc.store.all_suppressions()


def screen(
    svc: Services, list_: Path, kept: Path, dropped: Path, *, columns: Mapping[str, str], scope: str, delimiter: str,
    progress: Callable[[int], object],
) -> Counter[str]:  # fmt: skip
    """Part a CSV file into the rows that may be used for `scope` and those that may not; each row byte for byte.

    `columns`: column to identifier kind; any of them stops the row. A row in which nobody can be read is dropped, too,
    and counted as `unreadable`. `progress` hears the bytes of each row. The two files appear when they are whole.
    Raises InvalidRequest, naming what is wrong with the file.
    """
    wanted, tally = covering(svc.business, scope), Counter(kept=0, dropped=0, unreadable=0)
    stopped = {entry.hash for entry in export(svc) if entry.scope in wanted}
    parts = {path: path.with_name(path.name + ".part") for path in (kept, dropped)}
    with ExitStack() as files:
        source = files.enter_context(list_.open("rb"))
        for part in parts.values():
            files.callback(part.unlink, missing_ok=True)
        to = {path: files.enter_context(part.open("wb")) for path, part in parts.items()}
        rows = _rows(source)
        head = next(rows, b"")
        places = _places(_cells(head.removeprefix(b"\xef\xbb\xbf"), delimiter), columns)
        for file in to.values():
            file.write(head)
        progress(len(head))
        for raw in rows:
            verdict = _verdict(svc, _cells(raw, delimiter), places, stopped)
            tally[verdict] += 1
            to[kept if verdict == "kept" else dropped].write(raw)
            progress(len(raw))
        for path, file in to.items():
            file.close()
            os.replace(parts[path], path)
    return tally


def _verdict(svc: Services, cells: list[str], places: Mapping[int, IdentifierKind], stopped: set[str]) -> str:
    named = [Identifier.of(kind, cells[at]) for at, kind in places.items() if at < len(cells) and cells[at].strip()]
    if not any(identifier.value for identifier in named):
        return "unreadable"
    hashes = {hashed for identifier in named if identifier.value for hashed in svc.hashes(identifier).values()}
    return "dropped" if hashes & stopped else "kept"


def _places(head: Iterable[str], columns: Mapping[str, str]) -> dict[int, IdentifierKind]:
    """Where in a row the identifiers stand."""
    names = [name.strip() for name in head]
    if missing := [name for name in columns if names.count(name) != 1]:
        raise InvalidRequest(dict.fromkeys(missing, "The first row must name this column, once."))
    return {names.index(name): IdentifierKind(kind) for name, kind in columns.items()}


def _cells(raw: bytes, delimiter: str) -> list[str]:
    text = raw.decode("utf-8", errors="replace").rstrip("\r\n")
    return next(csv.reader([text], delimiter=delimiter), [])


def _rows(file: BinaryIO) -> Iterator[bytes]:
    """The rows of a CSV file as they stand there: a line break between quotes ends none."""
    row = b""
    for line in file:
        row += line
        if row.count(b'"') % 2 == 0:
            yield row
            row = b""
        elif len(row) > LONGEST_ROW:
            break
    if row:
        raise InvalidRequest({"file": "A quote is opened and never closed."})
