"""The wire's patience is for one try as a whole: a peer that trickles its answer holds nobody up (rule 11)."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from chalicelib.errors import PeerUnavailable
from chalicelib.wire import Wire

HEADERS = b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: slow\r\n" % n for n in range(80))
BODY = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + b" " * 500


@pytest.fixture(params=[HEADERS, BODY], ids=["headers", "body"])
def trickling(request: pytest.FixtureRequest) -> Iterator[str]:
    """A peer that sends one byte every 50 ms: always something, never all of it."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                connection, _ = server.accept()
                with connection:
                    for byte in request.param:
                        connection.sendall(bytes([byte]))
                        time.sleep(0.05)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
    thread.join(5)


def test_a_peer_that_trickles_is_one_that_does_not_answer_in_time(trickling: str) -> None:
    began = time.monotonic()
    with pytest.raises(PeerUnavailable, match="in time"):
        Wire(trickling, patience=0.4).call("POST", "https://vendor.example.com/x", b"{}", tries=1)
    assert time.monotonic() - began < 1.5
