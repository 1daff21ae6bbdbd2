"""An OpenDSR processor on one's own machine: discovery, requests, their status, and signed callbacks.

Of version 2, or of version 1 (`/opengdpr_requests`). Its certificate chains to a root that is made for it. Leaves to
others: being served (peers), who it stands in for.
"""

from __future__ import annotations

import base64
import json
import urllib.request
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Answer = tuple[int, str, bytes]
JSON = "application/json"
DAY = timedelta(days=1)


class Processor:
    """Serves `domain`. `on_request` hears of each new request: its id and its callback addresses."""

    def __init__(
        self, domain: str, token: bytes, *, version: int = 2, pss: bool = False,
        on_request: Callable[[str, list[str]], None] | None = None,
    ) -> None:  # fmt: skip
        self.domain, self.token, self.version, self.pss, self.on_request = domain, token, version, pss, on_request
        self.bodies: dict[str, dict[str, Any]] = {}
        self.status: dict[str, str] = {}
        self.named = domain
        """What its certificate says."""
        self.ends = datetime.now(UTC) + 30 * DAY
        self.certificate_at = f"https://{domain}/certificate.pem"

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        if path == "/certificate.pem":
            return 200, "application/x-pem-file", self.certificate
        root, requests = ("/v2", "/v2/requests") if self.version == 2 else ("", "/opengdpr_requests")
        if headers.get("authorization") != f"Bearer {self.token.decode()}":
            return 401, JSON, b"{}"
        if path == f"{root}/discovery":
            return 200, JSON, json.dumps({"processor_certificate": self.certificate_at}).encode()
        if path == requests and method == "POST":
            return self._take(json.loads(body), body)
        id = path.removeprefix(f"{requests}/")
        if method == "GET" and id in self.status:
            said = {"subject_request_id": id, "request_status": self.status[id], "results_url": None}
            return 200, JSON, json.dumps(said).encode()
        return 404, "text/html", b"<html>no such page</html>"

    def _take(self, told: dict[str, Any], body: bytes) -> Answer:
        id = told["subject_request_id"]
        if id in self.bodies:
            return 409, JSON, json.dumps({"error": {"code": 409, "message": "in flight"}}).encode()
        self.bodies[id], self.status[id] = told, "pending"
        if self.on_request:
            self.on_request(id, told["status_callback_urls"])
        said = {"subject_request_id": id, "encoded_request": base64.b64encode(body).decode(), "controller_id": "1"}
        return 201, JSON, json.dumps(said).encode()

    def callback(self, id: str, status: str, **more: Any) -> tuple[dict[str, str], bytes]:
        """Headers and body of a callback that says so."""
        body = json.dumps({"subject_request_id": id, "request_status": status, **more}).encode()
        return self.signed(body), body

    def signed(self, body: bytes) -> dict[str, str]:
        how = padding.PSS(padding.MGF1(hashes.SHA256()), 32) if self.pss else padding.PKCS1v15()
        signature = base64.b64encode(self.key.sign(body, how, hashes.SHA256())).decode()
        name = "OpenDSR" if self.version == 2 else "OpenGDPR"
        return {f"X-{name}-Processor-Domain": self.domain, f"X-{name}-Signature": signature}

    def report(self, url: str, id: str, status: str) -> None:
        self.status[id] = status
        headers, body = self.callback(id, status, status_callback_url=url)
        with urllib.request.urlopen(urllib.request.Request(url, body, {**headers, "Content-Type": JSON}), timeout=10):
            pass

    @cached_property
    def key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(65537, 2048)

    @cached_property
    def _root(self) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        key, name = ec.generate_private_key(ec.SECP256R1()), _name("An invented root")
        made = _begun(name, name, key.public_key(), datetime.now(UTC) + 60 * DAY)
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        usage = dict.fromkeys(("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
                               "key_agreement", "encipher_only", "decipher_only"), False)  # fmt: skip
        made = made.add_extension(x509.KeyUsage(**usage, key_cert_sign=True, crl_sign=True), critical=True)
        return key, made.sign(key, hashes.SHA256())

    @property
    def root(self) -> bytes:
        return self._root[1].public_bytes(serialization.Encoding.PEM)

    @cached_property
    def certificate(self) -> bytes:
        key, root = self._root
        made = _begun(_name(self.named), root.subject, self.key.public_key(), self.ends)
        made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(self.named)]), critical=False)
        made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
        made = made.add_extension(authority, critical=False)
        return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _name(said: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, said)])


def _begun(subject: x509.Name, issuer: x509.Name, key: Any, ends: datetime) -> x509.CertificateBuilder:
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    made = made.serial_number(x509.random_serial_number()).not_valid_before(ends - 90 * DAY).not_valid_after(ends)
    return made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
