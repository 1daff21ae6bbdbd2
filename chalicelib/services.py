"""What a use case is given: the business, the settings and the ports, wired once by bootstrap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from chalicelib.businesses.model import Business
from chalicelib.config import Settings
from chalicelib.domain.identity import Identifier, keyed_hash
from chalicelib.domain.request import Personal, Request
from chalicelib.ports import (
    Chance,
    Clock,
    Inbox,
    Mailer,
    PackageStore,
    Peers,
    RequestStore,
    Secrets,
    Source,
    Vault,
    Workflow,
)


@dataclass(frozen=True)
class Services:
    business: Business
    settings: Settings
    store: RequestStore
    vault: Vault
    mailer: Mailer
    workflow: Workflow
    packages: PackageStore
    inbox: Inbox
    sources: Mapping[str, Source]
    secrets: Secrets
    peers: Peers
    clock: Clock
    chance: Chance

    def now(self) -> datetime:
        """UTC."""
        return self.clock.now()

    def hash(self, identifier: Identifier) -> str:
        """The keyed hash under which this identifier is known."""
        return keyed_hash(self.secrets.get("identity"), identifier)

    def hashes(self, identifier: Identifier) -> dict[str, str]:
        """The keyed hashes by which the suppression list may know it, by the name of their key, the newest first."""
        return {name: keyed_hash(self.secrets.get(name), identifier) for name in self.secrets.versions("identity")}

    def open(self, request: Request) -> Personal:
        """What the person typed. Raises RequestNotFound when it has been purged."""
        return Personal.model_validate_json(self.vault.open(request.reference, request.sealed))

    def seal(self, reference: str, personal: Personal) -> bytes:
        return self.vault.seal(reference, personal.model_dump_json(exclude_defaults=True).encode())
