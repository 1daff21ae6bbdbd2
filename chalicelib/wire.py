"""One HTTPS call to a peer, bounded in time and size, and the signature that both sides put on what they post.

    Rightsdesk-Timestamp: 1795190400            seconds since 1970
    Rightsdesk-Signature: v1=<hex HMAC-SHA256 of "<timestamp>." + raw body>

No redirect is followed, no proxy is asked, and nothing but https is spoken, unless a stand-in on this machine answers
for every peer (the laptop run). Errors say what came back by kind, never what it said (rule 7). Leaves to others: what
is said (adapters/peers, adapters/opendsr, sources/http).
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import io
import json
import random
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from chalicelib.errors import CallbackRefused, Misconfigured, PeerMisread, PeerUnavailable

TIMESTAMP, SIGNATURE = "Rightsdesk-Timestamp", "Rightsdesk-Signature"
SKEW = 300
"""Seconds that a signature's time may be off: what is older may be a replay."""
LARGEST = 8 * 1024 * 1024
"""Bytes of an answer."""
PATIENCE = 10.0
"""Seconds for one try, all in all."""
TRIES = 3
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
LOOPBACK = "http://127.0.0.1:"


@dataclass(frozen=True)
class Answered:
    status: int
    kind: str
    body: bytes

    def json(self) -> dict[str, Any]:
        """The JSON object in the body. Raises PeerMisread."""
        if self.kind.partition(";")[0].strip().lower() not in ("application/json", ""):
            page = "a web page" if "html" in self.kind.lower() else "something"
            raise PeerMisread(f"it answered {self.status} with {page} that is not JSON", self.status)
        try:
            said = json.loads(self.body)
        except (ValueError, RecursionError):
            raise PeerMisread(f"it answered {self.status} with broken JSON", self.status) from None
        if not isinstance(said, dict):
            raise PeerMisread(f"it answered {self.status} with JSON that is no object", self.status)
        return said

    def expect(self, *statuses: int) -> Answered:
        """Raises PeerMisread for any other status."""
        if self.status not in statuses:
            raise PeerMisread(f"it answered with status {self.status}", self.status)
        return self


def signed(key: bytes, body: bytes, at: datetime) -> dict[str, str]:
    """The two headers for `body`, sent at `at`."""
    stamp = str(int(at.timestamp()))
    return {TIMESTAMP: stamp, SIGNATURE: f"v1={_mac(key, stamp, body)}"}


def check(key: bytes, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Whether the holder of `key` signed this just now; `headers` have lower-case names. Raises CallbackRefused."""
    stamp, said = headers.get(TIMESTAMP.lower(), ""), headers.get(SIGNATURE.lower(), "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 12):
        raise CallbackRefused("no timestamp")
    if not hmac.compare_digest(said.encode(), f"v1={_mac(key, stamp, body)}".encode()):
        raise CallbackRefused("not signed so")
    if abs(now.timestamp() - int(stamp)) > SKEW:
        raise CallbackRefused("too old, or a clock is wrong")


def _mac(key: bytes, stamp: str, body: bytes) -> str:
    return hmac.new(key, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


@functools.cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


class Wire:
    """`stand_in`: an address on this machine that answers for every host. `pause` waits between tries (seconds)."""

    def __init__(
        self, stand_in: str | None = None, *, patience: float = PATIENCE, pause: Callable[[float], None] = time.sleep
    ) -> None:
        if stand_in and not stand_in.startswith(LOOPBACK):
            mend = f"begin it with {LOOPBACK}, or leave it out"
            raise Misconfigured("environment", "RIGHTSDESK_PEERS_URL", "is not on this machine", mend)
        self.stand_in, self._patience, self._pause = stand_in, patience, pause

    def call(
        self, method: str, url: str, body: bytes = b"", headers: Callable[[], Mapping[str, str]] | None = None,
        tries: int = TRIES,
    ) -> Answered:  # fmt: skip
        """What was answered, whatever it is, but a passing fault, which is tried again. Raises PeerUnavailable."""
        for left in reversed(range(tries)):
            try:
                answered = self._once(method, url, body, (headers or dict)())
                if answered.status not in PASSING:
                    return answered
                why = f"it answered with status {answered.status}"
            except TimeoutError:
                why = "it did not answer in time"
            except ssl.SSLError:
                why = "its certificate or its TLS is not in order"
            except (OSError, HTTPException):
                why = "it could not be reached"
            if left:
                self._pause(0.2 * 3 ** (tries - 1 - left) * random.uniform(0.5, 1.5))  # noqa: S311  only spreads load
        raise PeerUnavailable(why)

    def _once(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Answered:
        parts, ends = urlsplit(self._stood_in(url)), time.monotonic() + self._patience
        if parts.scheme == "https":
            connection: HTTPConnection = HTTPSConnection(
                parts.hostname or "", parts.port, timeout=self._patience / 2, context=_trust()
            )
        else:
            connection = HTTPConnection(parts.hostname or "", parts.port, timeout=self._patience / 2)
        usual = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "Rightsdesk"}
        try:
            connection.response_class = functools.partial(_InTime, ends)  # type: ignore[assignment]
            connection.request(method, parts.path or "/", body or None, {**usual, **headers})
            response = connection.getresponse()
            return Answered(response.status, response.getheader("Content-Type", ""), _bounded(response))
        finally:
            connection.close()

    def _stood_in(self, url: str) -> str:
        if self.stand_in:
            return f"{self.stand_in}/{url.partition('://')[2]}"
        if not url.startswith("https://"):
            raise Misconfigured("sharing.yaml", "url", "is not https", "begin it with https://")
        return url


class _Until(io.RawIOBase):
    """What a socket gives before a moment of the monotonic clock: a peer that trickles is one that does not answer."""

    def __init__(self, sock: socket.socket, ends: float) -> None:
        self._sock, self._ends, self._from = sock, ends, sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)
        return self._from.readinto(buffer)

    def close(self) -> None:
        self._from.close()
        super().close()


class _InTime(HTTPResponse):
    """An answer whose headers and body end in time, or not at all."""

    def __init__(self, ends: float, sock: socket.socket, *args: Any, **more: Any) -> None:
        super().__init__(sock, *args, **more)
        self.fp.close()
        self.fp = io.BufferedReader(_Until(sock, ends))


def _bounded(response: HTTPResponse) -> bytes:
    """The body, if it ends."""
    body = b""
    while piece := response.read1(65536):
        body += piece
        if len(body) > LARGEST:
            raise PeerMisread(f"it answered with more than {LARGEST // 2**20} MB", response.status)
    return body
