"""Cursors of a source that pages by key: the last record given, by collection and key. Pure.

Rule 7: a key may be an email address, so a cursor is kept sealed and never travels through the machine.
Leaves to others: what comes after it (sql, memory).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from chalicelib.domain.plan import Record
from chalicelib.ports import Page

PAGE = 20_000
"""Records in a page: some ten megabytes, a second or two. What hangs on very many is looked up anew for each."""


class Cursor(NamedTuple):
    collection: str
    key: tuple[str, ...]


def after(last: Record) -> str:
    """The cursor of the page that begins after this record."""
    return at(last.collection, last.key)


def at(collection: str, key: tuple[str, ...]) -> str:
    return json.dumps([collection, key])


def page_of(
    found: Iterable[Record], order: Sequence[str], start: str | None, size: int, among: str | None = None
) -> Page:
    """A page out of all that is found in this order of collections, by key within one: for who finds all at once."""
    last, page = read(start), Page([])
    for record in found:
        if among and record.collection != among:
            continue
        if last and (order.index(record.collection), record.key) <= (order.index(last.collection), last.key):
            continue
        if len(page.records) == size:
            return page._replace(next=after(page.records[-1]))
        page.records.append(record)
    return page


def read(said: str | None) -> Cursor | None:
    """None at the beginning."""
    if said is None:
        return None
    collection, key = json.loads(said)
    return Cursor(collection, tuple(key))
