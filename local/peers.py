"""Everybody whom a business tells over the wire, on one's own machine: each confirms in a moment.

`server` serves peers by host, as `http://127.0.0.1:<port>/<host>/<path>`. Leaves to others: the protocol of a peer of
our own (example_peer).
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from local.example_peer import ExamplePeer
from local.server import HOST, LARGEST, PENDING, Quiet, serving

if TYPE_CHECKING:
    from chalicelib.businesses.model import Business
    from chalicelib.domain.peer import Peer

Answer = tuple[int, str, bytes]
Ask = Callable[[str, str, Mapping[str, str], bytes], Answer]
"""Method, path, headers in lower case, body; what is answered: status, content type, body."""
MOMENT = 0.4
"""Seconds until a peer confirms."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    peers: Mapping[str, Ask]

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        length = self.headers.get("Content-Length") or "0"
        body = self.rfile.read(min(int(length), LARGEST)) if length.isdigit() else b""
        _, host, *path = self.path.split("/", 2)
        ask = self.peers.get(host)
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, kind, said = ask(self.command, "/" + "".join(path), headers, body) if ask else (404, "text/plain", b"")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_POST = do_DELETE = do_GET


class _Server(Quiet, ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = PENDING


def server(peers: Mapping[str, Ask], port: int = 0) -> ThreadingHTTPServer:
    """A server of peers by host."""
    return _Server((HOST, port), type("Handler", (_Handler,), {"peers": peers}))


@contextmanager
def served(peers: Mapping[str, Ask]) -> Iterator[str]:
    """The address that stands in for all of them, while this lasts."""
    made = server(peers)
    with serving(made):
        yield f"http://{HOST}:{made.server_port}"


def speaking(peer: ExamplePeer) -> Ask:
    """A peer of our own protocol, over HTTP."""

    def ask(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        status, said = peer.answer(headers, body) if method == "POST" else (405, {})
        return status, "application/json", json.dumps(said).encode()

    return ask


def keys_of(business: Business) -> dict[str, bytes]:
    """Fresh keys for all whom this business tells over the wire, by the names that its files give them."""
    told = [r.peer for r in business.sharing.recipients.values() if r.peer]
    return {peer.key: secrets.token_hex(32).encode() for peer in told}


def of(business: Business, keys: Mapping[str, bytes]) -> dict[str, Ask]:
    """Each recipient with a system of its own, by host."""
    told = [r.peer for r in business.sharing.recipients.values() if r.peer]
    hosts = {str(urlsplit(peer.url).hostname): confirming(keys[peer.key]) for peer in told if peer.way == "http"}
    for peer in told:
        if peer.way == "opendsr":
            hosts |= _processing(peer, keys[peer.key])
    return hosts


def _processing(peer: Peer, token: bytes) -> dict[str, Ask]:
    """A processor that speaks OpenDSR, and the root that its certificate chains to."""
    from local.processor import Processor

    def later(id: str, urls: list[str]) -> None:
        _in_a_moment(processor.report, urls[0], id, "completed")

    processor = Processor(peer.domain, token, pss=peer.signature == "pss", on_request=later)
    return {peer.domain: processor.answer, "roots.example.com": lambda *_: (200, "text/plain", processor.root)}


def confirming(key: bytes, status: str = "done") -> Ask:
    """A recipient that takes what it is told, and reports a moment later."""

    def act(told: dict[str, Any]) -> str:
        _in_a_moment(peer.report, told["callback_url"], told["id"], status)
        return "pending"

    peer = ExamplePeer(key, act=act)
    return speaking(peer)


def _in_a_moment(report: Callable[..., object], *what: str) -> None:
    def go() -> None:
        with suppress(OSError):  # whoever it would tell has gone
            report(*what)

    timer = threading.Timer(MOMENT, go)
    timer.daemon = True
    timer.start()
