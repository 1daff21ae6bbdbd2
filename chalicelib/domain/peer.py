"""How a recipient's own system, or a source of the kind `http`, is spoken to: as sharing.yaml and the data map say it.

Only addresses from the business's own files are ever called: never one that a caller, a callback or an answer named.
Leaves to others: speaking (wire, adapters/peers, adapters/opendsr, sources/http).
"""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, field_validator, model_validator


def https(url: str) -> str:
    """The address, if it may be called. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("is not a plain https address")
    return url.rstrip("/")


class Peer(BaseModel):
    """A system that is told over the wire: by our own signed HTTP, or by OpenDSR."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    way: Literal["http", "opendsr"]
    url: str
    key: str
    """Name of the secret: for `http` it signs both ways, for `opendsr` it is sent as the bearer token."""
    domain: str = ""
    """Of `opendsr`: whose certificate signs the callbacks, and the only host that it is fetched from."""
    signature: Literal["pkcs1v15", "pss"] = "pkcs1v15"
    """Of `opendsr`: the one RSA padding that is accepted from it."""

    @field_validator("url")
    @classmethod
    def _https(cls, url: str) -> str:
        return https(url)

    @model_validator(mode="after")
    def _named(self) -> Peer:
        if (self.way == "opendsr") is not bool(self.domain):
            raise ValueError("`domain` is needed by `opendsr`, and by nothing else")
        return self
