"""An example of the other side, for docs/peers.md: a system that Rightsdesk tells, or asks for a person's data.

Standard library only and nothing of ours: copy it, put your data in place of `Data`, and keep `remembered` in a table.
The tests hold Rightsdesk against this very file, and the laptop run lets it stand in for every peer.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

SKEW, PAGE = 300, 100
Json = dict[str, Any]
Answer = tuple[int, Json]


class Changed(Exception):
    """A record is no longer at the version that was named: nothing may be changed."""


class Missing(Exception):
    """A collection is not there, or not as agreed; its name is the argument."""


class Data:
    """Your data. Here: one collection `sessions` in memory, a person's found by email."""

    def __init__(self) -> None:
        self.sessions: list[Json] = []

    def find(self, identities: list[Json], cursor: str | None) -> tuple[list[Json], str | None]:
        """Some of the records of the person, and where to go on; None at the end. Values come normalised."""
        emails, at = {i["value"] for i in identities if i["kind"] == "email"}, int(cursor or 0)
        found = [self._record(s) for s in self.sessions if str(s["email"]).casefold() in emails]
        return found[at : at + PAGE], str(at + PAGE) if at + PAGE < len(found) else None

    def read(self, keys: list[Json]) -> list[Json]:
        """Those of these records that exist now."""
        wanted = {tuple(k["key"]) for k in keys if k["collection"] == "sessions"}
        return [self._record(s) for s in self.sessions if (str(s["id"]),) in wanted]

    def apply(self, changes: list[Json]) -> None:
        """All of them, in this order, or none: one transaction. One already gone is no error. Raises Changed."""
        there = {tuple(r["key"]): r["version"] for r in self.read(changes)}
        if any(tuple(c["key"]) in there and there[tuple(c["key"])] != c["version"] for c in changes):
            raise Changed
        for change in changes:
            for session in [s for s in self.sessions if [str(s["id"])] == change["key"]]:
                if change["do"] == "erase":
                    self.sessions.remove(session)
                else:
                    session.update(change["fields"])

    def _record(self, session: Json) -> Json:
        version = hashlib.sha256(json.dumps(session, sort_keys=True).encode()).hexdigest()
        return {"collection": "sessions", "key": [str(session["id"])], "values": dict(session), "version": version}


class ExamplePeer:
    """`act` does what a recipient is told and says how it went: done, none (you hold nothing), kept, or pending."""

    def __init__(self, key: bytes, data: Data | None = None, act: Callable[[Json], str] | None = None) -> None:
        self.key, self.data, self.act = key, data or Data(), act or (lambda _: "done")
        self.remembered: dict[str, Answer] = {}

    def answer(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Status and JSON for a POST; `headers` have lower-case names, `body` is as it came."""
        if not genuine(self.key, headers, body):
            return 401, {"error": "signature"}
        try:
            told = json.loads(body)
            return self._act(told) if told["protocol"] == "rightsdesk/1" else (400, {"error": "protocol"})
        except Missing as missing:
            return 422, {"collection": str(missing)}
        except (ValueError, KeyError, TypeError):
            return 400, {"error": "unreadable"}

    def _act(self, told: Json) -> Answer:
        id, action = told["id"], told["action"]
        if action == "find":
            records, cursor = self.data.find(told["identities"], told["cursor"])
            return 200, {"id": id, "records": records, "cursor": cursor}
        if action == "read":
            return 200, {"id": id, "records": self.data.read(told["keys"])}
        if id not in self.remembered:  # the same id again is the same call again, and gets the same answer
            if action == "status":
                return 404, {"id": id}
            self.remembered[id] = self._change(told)
        return self.remembered[id]

    def _change(self, told: Json) -> Answer:
        if told["action"] != "apply":
            status = self.act(told)
            return (202 if status == "pending" else 200), {"id": told["id"], "status": status}
        try:
            self.data.apply(told["changes"])
        except Changed:
            return 409, {"id": told["id"], "status": "changed"}
        return 200, {"id": told["id"], "status": "done"}

    def report(self, callback_url: str, id: str, status: str) -> int:
        """Tell Rightsdesk later how it went; its status (202: noted). Once more after a 5xx is right."""
        self.remembered[id] = 200, {"id": id, "status": status}
        body = json.dumps({"id": id, "status": status}).encode()
        headers = {"Content-Type": "application/json", **signature(self.key, body)}
        with urllib.request.urlopen(urllib.request.Request(callback_url, body, headers), timeout=10) as answered:
            return int(answered.status)


def signature(key: bytes, body: bytes) -> dict[str, str]:
    stamp = str(int(time.time()))
    return {"Rightsdesk-Timestamp": stamp, "Rightsdesk-Signature": "v1=" + _mac(key, stamp, body)}


def genuine(key: bytes, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether Rightsdesk signed these very bytes in the last five minutes."""
    stamp = headers.get("rightsdesk-timestamp", "")
    if not stamp.isascii() or not stamp.isdigit() or abs(time.time() - int(stamp)) > SKEW:
        return False
    return hmac.compare_digest(
        headers.get("rightsdesk-signature", "").encode(), b"v1=" + _mac(key, stamp, body).encode()
    )


def _mac(key: bytes, stamp: str, body: bytes) -> str:
    return hmac.new(key, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
