"""Signed questions: a program of the business proves that it holds the `check` key, and that nobody repeats it.

HMAC-SHA256 over time, nonce, route and body; five minutes, each nonce once. A nonce is noted only after the signature
was found right, so strangers write nothing. Leaves to others: what is asked (screening).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime

from chalicelib.errors import LimitReached, SignatureInvalid
from chalicelib.services import Services

SECONDS = 300
"""How far the asker's clock may be from ours."""


def sign(key: bytes, route: str, timestamp: str, nonce: str, body: bytes) -> str:
    """The signature of a question: the recipe of docs/suppression.md. `route`: `POST /api/suppressions/check`."""
    said = "\n".join((timestamp, nonce, route, hashlib.sha256(body).hexdigest()))
    return hmac.new(key, said.encode(), hashlib.sha256).hexdigest()


def verify(svc: Services, route: str, *, timestamp: str, nonce: str, signature: str, body: bytes) -> None:
    """Raises SignatureInvalid, the same for every fault."""
    now = svc.now()
    well_formed = re.fullmatch(r"\d{1,12}", timestamp) and re.fullmatch(r"[\w-]{16,64}", nonce, re.ASCII)
    if not well_formed or abs(now.timestamp() - int(timestamp)) > SECONDS:
        raise SignatureInvalid
    honest = sign(svc.secrets.get("check"), route, timestamp, nonce, body)
    if not hmac.compare_digest(honest.encode(), signature.lower().encode()):
        raise SignatureInvalid
    try:
        # The window is the signed time's own: the same question, asked again, is always counted in the same one.
        ends = datetime.fromtimestamp(int(timestamp) + SECONDS, UTC)
        svc.store.count("nonce", nonce, limit=1, ends=ends)
    except LimitReached:
        raise SignatureInvalid from None
