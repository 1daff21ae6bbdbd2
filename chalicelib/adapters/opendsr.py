"""OpenDSR 2.0, the controller's side: a processor is told of a deletion, asked how it stands, and heard when it calls.

A processor of version 1 answers 404 under /v2 and is spoken to under /opengdpr_requests. A callback counts only when
its raw bytes are signed by the certificate that the processor's own domain names in /discovery, which must chain to a
root that is trusted, bear that domain's name and be in date; one padding, the one pinned for it. Both spellings of
words in the field are read. It knows no correction and no opt-out. Leaves to others: the wire (wire).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from chalicelib.domain.identity import IdentifierKind
from chalicelib.domain.notice import NoticeState, Posted, Reply, Tidings
from chalicelib.domain.peer import Peer
from chalicelib.domain.request import Right
from chalicelib.errors import CallbackRefused, Misconfigured, PeerMisread, PeerUnavailable
from chalicelib.ports import Clock, Secrets
from chalicelib.wire import TRIES, Answered, Wire

Roots = Callable[[], list[x509.Certificate]]
IDENTITIES = {IdentifierKind.EMAIL: "email", IdentifierKind.COOKIE: "controller_customer_id",
              IdentifierKind.CUSTOMER_NUMBER: "controller_customer_id"}  # fmt: skip
STATES = {"pending": NoticeState.TOLD, "in_progress": NoticeState.TOLD, "completed": NoticeState.CONFIRMED}
ROOTS = "https://roots.example.com/"
"""Asked of a stand-in only."""
CERTIFICATE_KEPT = timedelta(hours=1)
PLACES = (("/v2", "/requests", "2.0"), ("", "/opengdpr_requests", "1.0"))
"""Where it is asked, and in which version: the newer first."""


class OpenDsr:
    """`roots` gives the certificates that a processor's own must chain to."""

    def __init__(self, wire: Wire, secrets: Secrets, clock: Clock, roots: Roots) -> None:
        self._wire, self._secrets, self._clock, self._roots = wire, secrets, clock, roots
        self._certificates: dict[str, tuple[x509.Certificate, datetime]] = {}

    def takes(self, right: Right) -> bool:
        return right is Right.DELETION

    def tell(self, peer: Peer, tidings: Tidings) -> Reply:
        """Raises PeerUnavailable, PeerMisread."""
        if not body_of(tidings)["subject_identities"]:
            return Reply(state=NoticeState.FAILED, why="OpenDSR has no word for what this person is known by")
        for root, place, version in PLACES:
            answered = self._call(peer, "POST", root + place, json.dumps(body_of(tidings, version)).encode())
            if answered.status not in (404, 405):
                break
        if answered.status == 409:  # it has it already, from a try of ours whose answer was lost
            return Reply(state=NoticeState.TOLD)
        return _said(answered.expect(200, 201, 202), tidings.id, first="pending")

    def ask(self, peer: Peer, id: str) -> Reply:
        """Raises PeerUnavailable, PeerMisread."""
        for root, place, _ in PLACES:
            answered = self._call(peer, "GET", f"{root}{place}/{id}")
            if answered.status not in (404, 405):
                break
        return _said(answered.expect(200), id)

    def hear(self, peer: Peer, id: str, posted: Posted) -> Reply:
        """Raises CallbackRefused; PeerUnavailable when its certificate cannot be fetched: it may call again."""
        if _header(posted, "processor-domain").lower() != peer.domain:
            raise CallbackRefused("another processor")
        try:
            signature = base64.b64decode(_header(posted, "signature"), validate=True)
        except binascii.Error:
            raise CallbackRefused("no signature") from None
        self._verify(peer, signature, posted.body)
        try:
            reply = _said(Answered(200, "", posted.body), id)
        except PeerMisread as misread:
            raise CallbackRefused(misread.why) from None
        meant = json.loads(posted.body).get("status_callback_url")
        if meant and meant != posted.url:
            raise CallbackRefused("meant for another address")
        return reply

    def _call(self, peer: Peer, method: str, place: str, body: bytes = b"", tries: int = TRIES) -> Answered:
        try:
            token = self._secrets.get(peer.key).decode("ascii")
        except UnicodeDecodeError:
            raise Misconfigured("the secret", peer.key, "is no bearer token", "put its ASCII text there") from None
        return self._wire.call(method, peer.url + place, body, lambda: {"Authorization": f"Bearer {token}"}, tries)

    def _verify(self, peer: Peer, signature: bytes, body: bytes) -> None:
        key = self._certificate(peer).public_key()
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.AUTO)
        if not isinstance(key, rsa.RSAPublicKey):
            raise CallbackRefused("its key is not RSA")
        try:
            key.verify(signature, body, pss if peer.signature == "pss" else padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            raise CallbackRefused("not signed so") from None

    def _certificate(self, peer: Peer) -> x509.Certificate:
        """That of the processor's domain, checked; kept for an hour."""
        now = self._clock.now()
        kept, until = self._certificates.get(peer.domain, (None, now))
        if kept is None or until <= now:
            try:
                kept = self._checked(peer.domain, self._fetched(peer), now)
            except PeerMisread as misread:
                raise CallbackRefused(misread.why) from None
            self._certificates[peer.domain] = kept, min(now + CERTIFICATE_KEPT, kept.not_valid_after_utc)
        return kept

    def _fetched(self, peer: Peer) -> list[x509.Certificate]:
        for place in ("/v2/discovery", "/discovery"):
            answered = self._call(peer, "GET", place, tries=1)  # whoever calls back waits for us
            if answered.status not in (404, 405):
                break
        where = str(answered.expect(200).json().get("processor_certificate") or "")
        parts = urlsplit(where)
        if parts.scheme != "https" or parts.hostname != peer.domain or parts.port not in (None, 443):
            raise CallbackRefused("its certificate is not on its own domain")
        try:
            return x509.load_pem_x509_certificates(self._wire.call("GET", where, tries=1).expect(200).body)
        except ValueError:
            raise CallbackRefused("its certificate cannot be read") from None

    def _checked(self, domain: str, chain: list[x509.Certificate], now: datetime) -> x509.Certificate:
        leaf, *between = chain
        try:
            verifier = PolicyBuilder().store(Store(self._roots())).time(now)
            verifier.build_server_verifier(x509.DNSName(domain)).verify(leaf, between)
        except (VerificationError, ValueError):
            raise CallbackRefused("its certificate is not in order") from None
        return leaf


def body_of(tidings: Tidings, version: str = "2.0") -> dict[str, Any]:
    """The body of a request for erasure."""
    return {
        "regulation": "gdpr" if "gdpr" in tidings.regime else "ccpa",
        "subject_request_id": tidings.id,
        "subject_request_type": "erasure",
        "submitted_time": tidings.at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "subject_identities": [
            {"identity_type": IDENTITIES[i.kind], "identity_value": i.value, "identity_format": "raw"}
            for i in tidings.identities
            if i.kind in IDENTITIES
        ],
        "api_version": version,
        "status_callback_urls": [tidings.callback_url],
        "extensions": {},
    }


def _said(answered: Answered, id: str, first: str = "") -> Reply:
    """What is said of the request `id`; `first` is what no word means. Raises PeerMisread."""
    told = answered.json()
    if str(told.get("subject_request_id") or "").lower() != id:
        raise PeerMisread("it answered about something else than it was asked", answered.status)
    status = str(told.get("request_status") or first).lower().replace("-", "_").replace("canceled", "cancelled")
    if status == "cancelled":
        return Reply(state=NoticeState.FAILED, why="it says that it cancelled the request")
    if status not in STATES:
        raise PeerMisread("it answered without a status that was agreed", answered.status)
    return Reply(state=STATES[status])


def _header(posted: Posted, name: str) -> str:
    return posted.headers.get(f"x-opendsr-{name}") or posted.headers.get(f"x-opengdpr-{name}") or ""


def roots_for(wire: Wire) -> Roots:
    """What a processor's certificate must chain to: what this machine trusts, or what the stand-in brings."""
    if wire.stand_in is None:
        return system_roots
    return lambda: x509.load_pem_x509_certificates(wire.call("GET", ROOTS).expect(200).body)


def system_roots() -> list[x509.Certificate]:
    """The roots that this machine trusts. Raises PeerUnavailable where it has none."""
    import ssl

    found = [x509.load_der_x509_certificate(der) for der in ssl.create_default_context().get_ca_certs(True)]
    if not found:
        raise PeerUnavailable("no trusted root certificates are installed here")
    return found
