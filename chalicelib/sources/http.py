"""A source behind a signed HTTP endpoint: a business's own, or a vendor's that speaks as docs/peers.md says.

Rules 8, 11, 16: each record comes with a version of the endpoint's own making; a change names the version it was judged
by, all changes of one call are made or none, and what was done is read back. Rule 4: what the endpoint gives is taken
only if the data map says it is this person's. Errors say what came back by kind, never its words (rule 7). Leaves to
others: the wire and its signature (wire), what counts as done or drifted (values).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from chalicelib import wire
from chalicelib.domain.datamap import SourceMap
from chalicelib.domain.identity import Identifier
from chalicelib.domain.notice import Posted
from chalicelib.domain.plan import Doing, Record, Treatment
from chalicelib.errors import (
    CallbackRefused,
    PeerMisread,
    PeerUnavailable,
    PlanDrifted,
    SourceAwaited,
    SourceMisread,
    SourceUnavailable,
)
from chalicelib.ports import Clock, Page, Secrets
from chalicelib.sources import cursor
from chalicelib.sources.cursor import PAGE
from chalicelib.sources.values import WRITES, Place, is_done, reached_by, spelt, still_to_do
from chalicelib.wire import Answered, Wire

PROTOCOL = "rightsdesk/1"
A_CALL = 200
"""Keys in one reading."""
MOST_PAGES = 10_000
POLLS = (0.5, 1, 2, 4, 8, 8)
"""Seconds between questions to an endpoint that is slow: within one step. Then a change is tried again, and what it
holds is awaited: it is asked once more, with an address to report to, and the machine waits for days if need be."""
MEND = "Hold the endpoint against docs/peers.md"


@dataclass
class Held:
    """Records that were read, and the endpoint's version of each."""

    records: dict[Place, Record] = field(default_factory=dict)
    versions: dict[Place, str] = field(default_factory=dict)


class HttpSource:
    """See ports.Source. Its address and the name of its secret are the data map's `where` and `key`."""

    def __init__(
        self, name: str, source_map: SourceMap, wire: Wire, secrets: Secrets, clock: Clock,
        pause: Callable[[float], None] = time.sleep, page: int = PAGE,
    ) -> None:  # fmt: skip
        self.name = name
        self._page = page
        self._map, self._wire, self._secrets, self._clock, self._pause = source_map, wire, secrets, clock, pause

    def find(self, who: Sequence[Identifier], after: str | None = None, among: str | None = None) -> Page:
        return cursor.page_of(self._sorted(self._found(who)), self._map.order(), after, self._page, among)

    def begin(self, who: Sequence[Identifier], id: str, callback_url: str) -> None:
        """See ports.Later."""
        self._json(self._post(self._asking(id, _identities(who), None, callback_url=callback_url)), id, 202)

    def hear(self, who: Sequence[Identifier], id: str, posted: Posted) -> list[Record] | None:
        """See ports.Later."""
        wire.check(self._secrets.get(self._map.key), posted.headers, posted.body, self._clock.now())
        try:
            said = json.loads(posted.body)
            if said["id"] != id or said["status"] not in ("done", "none", "failed"):
                raise ValueError
        except (ValueError, KeyError, TypeError, RecursionError):
            raise CallbackRefused("it says nothing of what was asked") from None
        if said["status"] == "failed":
            return None
        held = Held()
        self._take(said.get("records", [] if said["status"] == "none" else None), held)
        return self._sorted(self._theirs(held, spelt(who)))

    def read(self, keys: Iterable[tuple[str, tuple[str, ...]]]) -> list[Record]:
        return list(self._held(keys).records.values())

    def carry_out(self, treatments: Sequence[Treatment]) -> None:
        wanted = [t for t in treatments if t.doing in WRITES]
        places = [(t.collection, t.key) for t in wanted]
        held = self._held(places)
        try:
            self._apply(still_to_do(wanted, held.records), held)
        except PlanDrifted:
            if still_to_do(wanted, self._held(places).records):  # else it was an earlier try of ours that changed them
                raise

    def not_done(self, treatments: Sequence[Treatment]) -> list[Treatment]:
        wanted = [t for t in treatments if t.doing in WRITES]
        held = self._held((t.collection, t.key) for t in wanted)
        return [t for t in wanted if not is_done(t, held.records.get((t.collection, t.key)))]

    def stop(self, who: Sequence[Identifier], scopes: Iterable[str]) -> int:
        """Raises PlanDrifted when the records change under it: the step is tried again."""
        asked, held = list(scopes), self._found(who)
        changes = []
        for (name, key), record in held.records.items():
            stops = {f: m.stop[s] for f, m in self._map.collections[name].fields.items() for s in asked if s in m.stop}
            fields = {f: value for f, value in stops.items() if record.values[f] != value}
            if fields:
                changes.append(self._change(name, key, held, "write", fields))
        self._send(changes)
        return sum(len(change["fields"]) for change in changes)

    def _apply(self, due: Sequence[Treatment], held: Held) -> None:
        """Children before parents, as the data map has them."""
        order = {name: at for at, name in enumerate(reversed(self._map.order()))}
        self._send(
            [
                self._change(t.collection, t.key, held, "erase" if t.doing is Doing.DELETE else "write", t.fields)
                for t in sorted(due, key=lambda t: order[t.collection])
            ]
        )

    def _change(
        self, name: str, key: tuple[str, ...], held: Held, do: str, fields: Mapping[str, Any]
    ) -> dict[str, Any]:  # fmt: skip
        return {
            "collection": name, "key": list(key), "version": held.versions[name, key], "do": do, "fields": dict(fields),
        }  # fmt: skip

    def _send(self, changes: list[dict[str, Any]]) -> None:
        """All or none. The id makes a try whose answer was lost the same call. Raises PlanDrifted."""
        if not changes:
            return
        id = str(uuid4())
        answered = self._call({"protocol": PROTOCOL, "action": "apply", "id": id, "changes": changes})
        if answered.status == 409:
            raise PlanDrifted(f"a record of source {self.name} has changed since the plan was made")
        if self._json(answered, id).get("status") != "done":
            raise SourceMisread(f"source {self.name}: it does not say that it is done. {MEND}.")

    def _found(self, who: Sequence[Identifier]) -> Held:
        """All that it gives, page by page; only what is reached from these identifiers."""
        values, held = spelt(who), Held()
        if not values:
            return held
        for page in self._pages(_identities(who)):
            self._take(page, held)
        return self._theirs(held, values)

    def _sorted(self, held: Held) -> list[Record]:
        order = self._map.order()
        return sorted(held.records.values(), key=lambda r: (order.index(r.collection), r.key))

    def _theirs(self, held: Held, values: dict[str, list[str]]) -> Held:
        """Each record with how it was reached. Raises SourceMisread when one is not the person's."""
        reached: dict[str, list[Mapping[str, Any]]] = {}
        for name in self._map.order():
            collection = self._map.collections[name]
            given = [(place, r) for place, r in held.records.items() if place[0] == name]
            reached[name] = []
            for place, record in given:
                if way := reached_by(collection, record.values, values, reached):
                    held.records[place] = record.model_copy(update={"reached": way})
                    reached[name].append(record.values)
            if len(reached[name]) < len(given):
                raise SourceMisread(
                    f"source {self.name}: it gives records of {name} that are not the person's. {MEND}."
                )
        return held

    def _pages(self, identities: list[dict[str, str]]) -> Iterator[Any]:
        at, seen = None, set[str]()
        for _ in range(MOST_PAGES):
            id = str(uuid4())
            said = self._json(self._call(self._asking(id, identities, at)), id)
            yield said.get("records")
            at = said.get("cursor")
            if at is None:
                return
            if not isinstance(at, str) or at in seen:
                break
            seen.add(at)
        raise SourceMisread(f"source {self.name}: its pages do not end. {MEND}.")

    def _asking(self, id: str, identities: list[dict[str, str]], at: str | None, **more: str) -> dict[str, Any]:
        what = {"collections": list(self._map.collections), "identities": identities, "cursor": at}
        return {"protocol": PROTOCOL, "action": "find", "id": id, **what, **more}

    def _held(self, places: Iterable[Place]) -> Held:
        held, asked = Held(), list(dict.fromkeys(places))
        for at in range(0, len(asked), A_CALL):
            id = str(uuid4())
            keys = [{"collection": name, "key": list(key)} for name, key in asked[at : at + A_CALL]]
            self._take(
                self._json(self._call({"protocol": PROTOCOL, "action": "read", "id": id, "keys": keys}), id).get(
                    "records"
                ),
                held,
            )
        if held.records.keys() - set(asked):
            raise SourceMisread(f"source {self.name}: it gives records that were not asked for. {MEND}.")
        return held

    def _take(self, given: Any, held: Held) -> None:
        """Records as the map says them: known collections, every mapped field, the key as in the values."""
        for one in given if isinstance(given, list) else [{}]:
            try:
                name, key, values, version = one["collection"], tuple(one["key"]), one["values"], one["version"]
                collection = self._map.collections[name]
                mapped = {f: values[f] for f in collection.fields}
                if key != tuple(str(mapped[k]) for k in collection.key) or not isinstance(version, str):
                    raise ValueError
            except (KeyError, TypeError, ValueError):
                raise SourceMisread(f"source {self.name}: a record is not as the data map says. {MEND}.") from None
            held.records[name, key] = Record(collection=name, key=key, values=mapped)
            held.versions[name, key] = version

    def _call(self, what: dict[str, Any]) -> Answered:
        """The final answer, after asking again for one that is slow.

        Raises SourceUnavailable, SourceMisread, SourceAwaited.
        """
        answered = self._post(what)
        for seconds in POLLS:
            if answered.status != 202:
                return answered
            self._pause(seconds)
            answered = self._post({"protocol": PROTOCOL, "action": "status", "id": what["id"]})
        if what["action"] == "find" and answered.status == 202:
            raise SourceAwaited(self.name)
        raise SourceUnavailable(f"source {self.name}: it is still working on it")

    def _post(self, what: dict[str, Any]) -> Answered:
        body, key = json.dumps(what).encode(), self._secrets.get(self._map.key)
        try:
            return self._wire.call("POST", self._map.where, body, lambda: wire.signed(key, body, self._clock.now()))
        except PeerUnavailable as fault:
            raise SourceUnavailable(f"source {self.name}: {fault.why}") from None
        except PeerMisread as fault:
            raise SourceMisread(f"source {self.name}: {fault.why}. {MEND}.") from None

    def _json(self, answered: Answered, id: str, *also: int) -> dict[str, Any]:
        try:
            said = answered.expect(200, 422, *also).json()
        except PeerMisread as fault:
            raise SourceMisread(f"source {self.name}: {fault.why}. {MEND}.") from None
        if answered.status == 422:
            missing = said.get("collection")
            named = f"{missing} is" if missing in self._map.collections else "something is"
            raise SourceMisread(f"source {self.name}: it says that {named} not there as agreed. {MEND}.")
        if said.get("id") != id:
            raise SourceMisread(f"source {self.name}: it answered about something else than it was asked. {MEND}.")
        return said


def _identities(who: Sequence[Identifier]) -> list[dict[str, str]]:
    return [{"kind": kind, "value": value} for kind, several in spelt(who).items() for value in several]
