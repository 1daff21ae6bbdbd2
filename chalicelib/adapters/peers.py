"""Recipients told over the wire by our own signed HTTP (docs/peers.md), and the way to those who speak OpenDSR.

Rule 18: the notice's id makes a second telling the same one. Rule 8: only a plain word for this very id counts as an
answer; a page, a 404 or anything else is a failure that says what came. Leaves to others: the wire and its signature
(wire), OpenDSR itself (opendsr), what follows from an answer (usecases/recipients).
"""

from __future__ import annotations

import json
from typing import Any

from chalicelib import wire
from chalicelib.adapters.opendsr import OpenDsr
from chalicelib.domain.notice import SAID, NoticeState, Posted, Reply, Tidings
from chalicelib.domain.peer import Peer
from chalicelib.domain.request import Right
from chalicelib.errors import CallbackRefused, PeerMisread
from chalicelib.ports import Clock, Secrets
from chalicelib.wire import Answered, Wire

PROTOCOL = "rightsdesk/1"
ACTIONS = {Right.DELETION: "erase", Right.CORRECTION: "correct", Right.OPT_OUT: "stop"}


class WirePeers:
    """See ports.Peers."""

    def __init__(self, wire: Wire, secrets: Secrets, clock: Clock, opendsr: OpenDsr) -> None:
        self._wire, self._secrets, self._clock, self._opendsr = wire, secrets, clock, opendsr

    def takes(self, peer: Peer, right: Right) -> bool:
        return right in ACTIONS if peer.way == "http" else self._opendsr.takes(right)

    def tell(self, peer: Peer, tidings: Tidings) -> Reply:
        if peer.way == "opendsr":
            return self._opendsr.tell(peer, tidings)
        return self._post(peer, tidings.id, message(tidings))

    def ask(self, peer: Peer, id: str) -> Reply:
        if peer.way == "opendsr":
            return self._opendsr.ask(peer, id)
        return self._post(peer, id, {"protocol": PROTOCOL, "action": "status", "id": id})

    def hear(self, peer: Peer, id: str, posted: Posted) -> Reply:
        if peer.way == "opendsr":
            return self._opendsr.hear(peer, id, posted)
        wire.check(self._secrets.get(peer.key), posted.headers, posted.body, self._clock.now())
        try:
            return said(Answered(200, "", posted.body), id)
        except PeerMisread as misread:
            raise CallbackRefused(misread.why) from None

    def _post(self, peer: Peer, id: str, what: dict[str, Any]) -> Reply:
        body = json.dumps(what).encode()
        key = self._secrets.get(peer.key)
        answered = self._wire.call("POST", peer.url, body, lambda: wire.signed(key, body, self._clock.now()))
        return said(answered.expect(200, 202), id)


def message(tidings: Tidings) -> dict[str, Any]:
    """The body of a telling."""
    what: dict[str, Any] = {
        "protocol": PROTOCOL, "action": ACTIONS[tidings.right], "id": tidings.id, "reference": tidings.reference,
        "identities": [{"kind": i.kind, "value": i.value} for i in tidings.identities], "name": tidings.name,
        "due_at": tidings.due_at.isoformat(), "callback_url": tidings.callback_url,
    }  # fmt: skip
    if tidings.corrections:
        what["corrections"] = [{"category": c, "label": label, "value": v} for c, label, v in tidings.corrections]
    if tidings.stop:
        what["stop"] = list(tidings.stop)
    return what


def said(answered: Answered, id: str) -> Reply:
    """What an answer or a callback says of the notice `id`. Raises PeerMisread."""
    told = answered.json()
    if told.get("id") != id:
        raise PeerMisread("it answered about something else than it was asked", answered.status)
    status = told.get("status")
    if status == "pending":
        return Reply(state=NoticeState.TOLD)
    if status == "failed":
        return Reply(state=NoticeState.FAILED, why="it says that it failed")
    if not isinstance(status, str) or status not in SAID:
        raise PeerMisread("it answered without a status that was agreed", answered.status)
    return Reply(state=SAID[status])
