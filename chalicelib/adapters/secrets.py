"""The keys of keyed hashes and signed links: one Secrets Manager secret, JSON of base64 values by name.

Read once a process: a changed `identity` key would make every stored hash unknown, so it never changes under way.
"""

from __future__ import annotations

import base64
import binascii
import json
from threading import Lock
from typing import Any

from chalicelib.adapters.faults import retryable
from chalicelib.errors import Misconfigured


class ManagerSecrets:
    """See ports.Secrets. `client` is a boto3 Secrets Manager client, `secret` the name or ARN."""

    def __init__(self, client: Any, secret: str) -> None:
        self.client, self.secret = client, secret
        self._lock = Lock()
        self._keys: dict[str, str] | None = None

    def get(self, name: str) -> bytes:
        """Raises Misconfigured when the secret has no such key."""
        with self._lock:
            if self._keys is None:
                self._keys = self._read()
        try:
            return base64.b64decode(self._keys[name], validate=True)
        except (KeyError, binascii.Error):
            raise Misconfigured(self.secret, name, "is missing or not base64", "put 32 random bytes there") from None

    def _read(self) -> dict[str, str]:
        with retryable("secretsmanager"):
            said = self.client.get_secret_value(SecretId=self.secret)["SecretString"]
        try:
            return dict(json.loads(said))
        except (ValueError, TypeError):
            raise Misconfigured(self.secret, "", "is not a JSON object", "make it one of base64 keys") from None
