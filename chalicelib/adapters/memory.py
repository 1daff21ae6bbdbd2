"""Every port in memory, for tests and for trying things out: real ones, not recordings of calls.

The workflow drives nothing by itself: a test looks at `started`, opens waits with `wait_for` and reads `answers`,
or hands in `on_start` and `on_complete` to drive the steps. Leaves to others: the store (memory_store).
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import Any

from chalicelib import wire
from chalicelib.adapters.memory_store import MemoryStore
from chalicelib.adapters.peers import said
from chalicelib.adapters.sealing import seal, unseal
from chalicelib.adapters.secrets import next_version, versions_of
from chalicelib.domain.notice import NoticeState, Posted, Reply, Tidings
from chalicelib.domain.peer import Peer
from chalicelib.domain.request import Right
from chalicelib.errors import CallbackRefused, Misconfigured, PeerMisread, RequestNotFound
from chalicelib.ports import Clock, Secrets, Unfinished
from chalicelib.wire import Answered

__all__ = [
    "MemoryMailer",
    "MemoryPackageStore",
    "MemoryPeers",
    "MemorySecrets",
    "MemoryStore",
    "MemoryVault",
    "MemoryWorkflow",
    "Sent",
    "SetClock",
    "SteadyChance",
]


class MemoryVault:
    """See ports.Vault."""

    def __init__(self) -> None:
        self._keys: dict[str, bytes] = {}

    def begin(self, reference: str) -> None:
        self._keys.setdefault(reference, os.urandom(32))

    def seal(self, reference: str, clear: bytes) -> bytes:
        return seal(self._key(reference), reference, clear)

    def open(self, reference: str, sealed: bytes) -> bytes:
        return unseal(self._key(reference), reference, sealed)

    def forget(self, reference: str) -> None:
        self._keys.pop(reference, None)

    def _key(self, reference: str) -> bytes:
        try:
            return self._keys[reference]
        except KeyError:
            raise RequestNotFound(reference) from None


@dataclass(frozen=True)
class Sent:
    id: str
    sender: str
    to: str
    message: bytes


class MemoryMailer:
    """See ports.Mailer. `sent` keeps every message, oldest first; `fault` is raised instead of sending, if set."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.fault: Exception | None = None
        self._lock = RLock()

    def send(self, *, sender: str, to: str, message: bytes) -> str:
        if self.fault:
            raise self.fault
        with self._lock:
            mail = Sent(f"mail-{len(self.sent) + 1}", sender, to, message)
            self.sent.append(mail)
        return mail.id


@dataclass
class MemoryWorkflow:
    """See ports.Workflow. Answers to a wait are (output, None) or (None, error class)."""

    on_start: Callable[[str, Mapping[str, Any]], None] | None = None
    on_complete: Callable[[str, Mapping[str, Any]], None] | None = None
    started: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[str, tuple[dict[str, Any] | None, str | None]] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    _lock: Any = field(default_factory=RLock, repr=False)
    _tokens: Any = field(default_factory=lambda: itertools.count(1), repr=False)

    def wait_for(self, what: str = "wait") -> str:
        """Begin a wait as the machine would; its task token."""
        with self._lock:
            token = f"{what}-{next(self._tokens)}"
            self.waiting.add(token)
        return token

    def time_out(self, token: str) -> None:
        """The wait ends without an answer."""
        with self._lock:
            self.waiting.discard(token)

    def start(self, name: str, data: Mapping[str, Any]) -> None:
        with self._lock:
            if name in self.started:
                return
            self.started[name] = dict(data)
        if self.on_start:
            self.on_start(name, data)

    def complete(self, token: str, output: Mapping[str, Any]) -> bool:
        if not self._answer(token, (dict(output), None)):
            return False
        if self.on_complete:
            self.on_complete(token, output)
        return True

    def fail(self, token: str, error: str) -> bool:
        return self._answer(token, (None, error))

    def _answer(self, token: str, answer: tuple[dict[str, Any] | None, str | None]) -> bool:
        with self._lock:
            if token not in self.waiting:
                return False
            self.waiting.remove(token)
            self.answers[token] = answer
        return True


class MemoryPackageStore:
    """See ports.PackageStore. Its links are `memory:` addresses that nothing opens."""

    def __init__(self) -> None:
        self._parts: dict[str, dict[str, bytes]] = {}
        self._answers: dict[str, dict[str, bytes]] = {}
        self.packages: dict[str, bytes] = {}

    def put_part(self, reference: str, name: str, data: bytes) -> None:
        self._parts.setdefault(reference, {})[name] = data

    def part(self, reference: str, name: str) -> bytes:
        try:
            return self._parts[reference][name]
        except KeyError:
            raise RequestNotFound(reference) from None

    def put_answer(self, reference: str, name: str, data: bytes) -> None:
        self._answers.setdefault(reference, {})[name] = data

    def answer(self, reference: str, name: str) -> bytes:
        try:
            return self._answers[reference][name]
        except KeyError:
            raise RequestNotFound(reference) from None

    def parts(self, reference: str) -> list[str]:
        """The names of its parts, for a test to look at."""
        return sorted(self._parts.get(reference, {}))

    def write_package(self, reference: str, so_far: Unfinished | None = None) -> _MemoryWriter:
        return _MemoryWriter(self.packages, reference, so_far.tail if so_far else b"")

    def package_url(self, reference: str, filename: str, seconds: int) -> str:
        if reference not in self.packages:
            raise RequestNotFound(reference)
        return f"memory:packages/{reference}/{filename}?seconds={seconds}"

    def drop_package(self, reference: str) -> None:
        self.packages.pop(reference, None)

    def forget(self, reference: str) -> None:
        self._parts.pop(reference, None)
        self._answers.pop(reference, None)
        self.packages.pop(reference, None)


class _MemoryWriter:
    def __init__(self, packages: dict[str, bytes], reference: str, so_far: bytes) -> None:
        self._packages, self._reference, self._written = packages, reference, bytearray(so_far)

    def write(self, data: bytes) -> None:
        self._written += data

    def pause(self) -> Unfinished:
        return Unfinished(tail=bytes(self._written))

    def finish(self) -> None:
        self._packages[self._reference] = bytes(self._written)


class MemoryPeers:
    """See ports.Peers. `told` has every telling, by id; `says` what a peer answers to one (else that it works on it).

    `faults` are raised in place of an answer, by the peer's address.
    """

    def __init__(self, secrets: Secrets, clock: Clock) -> None:
        self.told: dict[str, Tidings] = {}
        self.says: dict[str, Reply] = {}
        self.faults: dict[str, Exception] = {}
        self._secrets, self._clock = secrets, clock

    def takes(self, peer: Peer, right: Right) -> bool:
        return right is Right.DELETION or peer.way == "http"

    def tell(self, peer: Peer, tidings: Tidings) -> Reply:
        self._fault(peer)
        self.told.setdefault(tidings.id, tidings)
        return self.ask(peer, tidings.id)

    def ask(self, peer: Peer, id: str) -> Reply:
        self._fault(peer)
        if id not in self.told:
            raise PeerMisread("it answered with status 404", 404)
        return self.says.get(id, Reply(state=NoticeState.TOLD))

    def hear(self, peer: Peer, id: str, posted: Posted) -> Reply:
        wire.check(self._secrets.get(peer.key), posted.headers, posted.body, self._clock.now())
        try:
            return said(Answered(200, "", posted.body), id)
        except PeerMisread as misread:
            raise CallbackRefused(misread.why) from None

    def _fault(self, peer: Peer) -> None:
        if peer.url in self.faults:
            raise self.faults[peer.url]


class MemoryInbox:
    """See ports.Inbox. `mails` is what came in, by id."""

    def __init__(self) -> None:
        self.mails: dict[str, bytes] = {}

    def read(self, id: str) -> bytes | None:
        return self.mails.get(id)

    def forget(self, id: str) -> None:
        self.mails.pop(id, None)


class MemorySecrets:
    """See ports.Secrets. Without `keys`: fixed ones, for tests only."""

    def __init__(self, keys: Mapping[str, bytes] | None = None) -> None:
        self._keys = dict(
            keys or {name: name.encode().ljust(32, b".") for name in ("identity", "stop", "member", "check")}
        )

    def get(self, name: str) -> bytes:
        if name not in self._keys:
            raise Misconfigured("memory", name, "is missing", "put 32 random bytes there")
        return self._keys[name]

    def versions(self, name: str) -> list[str]:
        return versions_of(name, self._keys)

    def rotate(self, name: str) -> str:
        newer = next_version(name, self._keys)
        self._keys[newer] = os.urandom(32)
        return newer


class SetClock:
    """See ports.Clock: stands still until told to go on."""

    def __init__(self, at: datetime | None = None) -> None:
        self.at = at or datetime(2026, 11, 2, 17, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def forward(self, by: timedelta) -> None:
        self.at += by


class SteadyChance:
    """See ports.Chance: the same row of tokens and numbers every time, each different."""

    def __init__(self) -> None:
        self._next = itertools.count(1)

    def token(self) -> str:
        return f"token-{next(self._next):037d}"

    def number(self, bits: int) -> int:
        return (next(self._next) * 0x9E3779B97F4A7C15) % (1 << bits)
