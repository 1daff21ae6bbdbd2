"""A visitor of our own pages: the canary's hands. It can go to the one public address, and nowhere else.

Only paths are taken, so nothing that stood in a mail can lead it to another host; no redirect is followed, no proxy is
asked. Leaves to others: where to go (usecases/canary).
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlencode, urlsplit

from chalicelib.errors import ServiceUnavailable
from chalicelib.ports import Seen

PATIENCE = 29.0
"""Seconds: what API Gateway gives a page."""
LARGEST = 1_000_000
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class HttpVisitor:
    """See ports.Visitor. `base` is the public address; without https only on this machine."""

    def __init__(self, base: str) -> None:
        self.base = urlsplit(base)

    def get(self, path: str) -> Seen:
        return self._ask("GET", path, None)

    def post(self, path: str, fields: Mapping[str, str]) -> Seen:
        return self._ask("POST", path, urlencode(fields).encode())

    def _ask(self, method: str, path: str, body: bytes | None) -> Seen:
        connection = self._connection()
        try:
            connection.request(method, self.base.path + path, body, {"Accept": "text/html", **(FORM if body else {})})
            answer = connection.getresponse()
            text = answer.read(LARGEST).decode(errors="replace")
            return Seen(answer.status, answer.getheader("Location") or "", text)
        except (OSError, HTTPException) as fault:
            raise ServiceUnavailable(f"our own pages: {type(fault).__name__}") from None
        finally:
            connection.close()

    def _connection(self) -> HTTPConnection:
        if self.base.scheme == "http" and self.base.hostname == "127.0.0.1":
            return HTTPConnection(self.base.netloc, timeout=PATIENCE)
        return HTTPSConnection(self.base.netloc, timeout=PATIENCE, context=ssl.create_default_context())
