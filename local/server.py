"""Serving on the loopback: Chalice's own local server, with the limits that API Gateway has in front of it.

Rule 7: it logs nothing, for paths carry tokens. Leaves to others: every answer (app).
"""

from __future__ import annotations

import functools
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import HTTPServer
from typing import Any

from chalice.config import Config
from chalice.local import ChaliceRequestHandler, create_local_server

HOST = "127.0.0.1"
LARGEST = 10 * 1024 * 1024
"""Bytes of a body that API Gateway takes."""
PENDING = 128
"""Connections that may wait to be taken; the standard library's five drop a crowd."""


class Handler(ChaliceRequestHandler):  # type: ignore[misc]
    """Chalice's, silent, and refusing what API Gateway would not pass on."""

    disable_nagle_algorithm = True  # else each answer on a kept connection waits 40 ms for an acknowledgement
    timeout = 30

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the path of a page is its token."""

    def _generic_handle(self) -> None:
        length = self.headers.get("content-length") or "0"
        if not (length.isascii() and length.isdigit()) or self.headers.get("transfer-encoding"):
            self._refuse(400, "Bad request body")
        elif int(length) > LARGEST:
            self._refuse(413, "Request Too Long")
        else:
            super()._generic_handle()

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = do_PATCH = do_OPTIONS = _generic_handle

    def _refuse(self, status: int, why: str) -> None:
        self.close_connection = True  # what is left of the body is not read
        self._send_http_response(status, {"Connection": "close"}, f'{{"error": "{why}"}}')

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """A method nobody serves is the caller's fault, not ours."""
        super().send_error(405 if code == 501 else code, message, explain)


class Quiet:
    """An HTTP server's manners: a visitor who leaves early is no error worth a stack trace."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing."""


def web(app: Any, port: int) -> HTTPServer:
    """Chalice's local server for `app`, bound to `port`."""
    config = Config.create(project_dir=".", chalice_app=app)
    server: HTTPServer = create_local_server(app, config, HOST, port).server
    server.RequestHandlerClass = functools.partial(Handler, app_object=app, config=config)  # type: ignore[assignment]
    server.handle_error = Quiet().handle_error  # type: ignore[method-assign]
    server.socket.listen(PENDING)
    return server


def taken(port: int) -> bool:
    """Whether somebody listens on this port of the loopback already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


@contextmanager
def serving(server: HTTPServer) -> Iterator[None]:
    """Serve in a thread while this lasts."""
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
