"""The keys of keyed hashes and signed links: one Secrets Manager secret, JSON of base64 values by name.

A key that was rotated stands there in every version, `identity`, `identity-2` and so on: what was written under an old
one is still known. Read again every few minutes, so that a new version comes to every warm process without a
deployment. Leaves to others: which version writes (services).
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import time
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any

from chalicelib.adapters.faults import retryable
from chalicelib.errors import Misconfigured

KEPT_SECONDS = 300


def versions_of(name: str, names: Iterable[str]) -> list[str]:
    """Those of `names` that are versions of `name`, the newest first."""
    numbered = {found: int(m[1] or 1) for found in names if (m := re.fullmatch(rf"{name}(?:-(\d+))?", found))}
    return sorted(numbered, key=lambda found: numbered[found], reverse=True)


def next_version(name: str, names: Iterable[str]) -> str:
    newest = versions_of(name, names)
    return f"{name}-{int(newest[0].removeprefix(name).lstrip('-') or 1) + 1}" if newest else name


class ManagerSecrets:
    """See ports.Secrets. `client`: boto3's Secrets Manager; `secret`: its name or ARN; `ticks` counts seconds."""

    def __init__(self, client: Any, secret: str, ticks: Callable[[], float] = time.monotonic) -> None:
        self.client, self.secret, self._ticks = client, secret, ticks
        self._lock = Lock()
        self._keys: dict[str, str] = {}
        self._until = float("-inf")

    def get(self, name: str) -> bytes:
        """Raises Misconfigured when the secret has no such key."""
        try:
            return base64.b64decode(self._known()[name], validate=True)
        except (KeyError, binascii.Error):
            raise Misconfigured(self.secret, name, "is missing or not base64", "put 32 random bytes there") from None

    def versions(self, name: str) -> list[str]:
        return versions_of(name, self._known())

    def rotate(self, name: str) -> str:
        """Needs the right to write the secret, which no function of ours has. Two at once: the later one's stands."""
        with self._lock:
            keys = self._read()
            newer = next_version(name, keys)
            keys[newer] = base64.b64encode(os.urandom(32)).decode()
            with retryable("secretsmanager"):
                self.client.put_secret_value(SecretId=self.secret, SecretString=json.dumps(keys))
            self._keys = keys
        return newer

    def _known(self) -> dict[str, str]:
        with self._lock:
            if self._ticks() >= self._until:
                self._keys, self._until = self._read(), self._ticks() + KEPT_SECONDS
            return self._keys

    def _read(self) -> dict[str, str]:
        with retryable("secretsmanager"):
            said = self.client.get_secret_value(SecretId=self.secret)["SecretString"]
        try:
            return dict(json.loads(said))
        except (ValueError, TypeError):
            raise Misconfigured(self.secret, "", "is not a JSON object", "make it one of base64 keys") from None
