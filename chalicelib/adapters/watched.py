"""A request store that is watched: each change that was written is measured, and nothing else about it differs.

Here and not in the use cases, so that no stage can be forgotten and a change that was refused counts nothing.
Leaves to others: what is measured (domain/watching), how it is written down (log).
"""

from __future__ import annotations

from typing import Any, cast

from chalicelib import log
from chalicelib.domain.audit import Event
from chalicelib.domain.request import Request
from chalicelib.domain.watching import measures
from chalicelib.ports import RequestStore


class _Watched:
    def __init__(self, store: RequestStore, business: str) -> None:
        self._store, self._business = store, business

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def create(self, request: Request, event: Event, **more: Any) -> None:
        self._store.create(request, event, **more)
        self._saw(request, event)

    def commit(self, request: Request, event: Event, **more: Any) -> None:
        self._store.commit(request, event, **more)
        self._saw(request, event)

    def _saw(self, request: Request, event: Event) -> None:
        tags = {"reference": request.reference, "right": request.right, "status": request.status, "by": event.by}
        log.measure(self._business, measures(request, event), event.at, {**tags, "event": event.what})


def watched(store: RequestStore, business: str) -> RequestStore:
    """`store`, with its changes measured under this business's name."""
    return cast(RequestStore, _Watched(store, business))
