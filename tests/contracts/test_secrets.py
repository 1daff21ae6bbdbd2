"""The promises of secrets: the same bytes each time, and a precise word when one is missing."""

from __future__ import annotations

import base64
import json

import pytest

from chalicelib.adapters.memory import MemorySecrets
from chalicelib.adapters.secrets import ManagerSecrets
from chalicelib.errors import Misconfigured, ServiceUnavailable
from chalicelib.ports import Secrets

from .faulty import Faulty, refusal


@pytest.fixture
def secrets(where: str, request: pytest.FixtureRequest) -> Secrets:
    if where == "memory":
        return MemorySecrets()
    aws = request.getfixturevalue("aws")
    return ManagerSecrets(aws.client("secretsmanager"), aws.settings["RIGHTSDESK_SECRETS"])


def test_each_key_is_long_its_own_and_stays(secrets: Secrets) -> None:
    keys = [secrets.get(name) for name in ("identity", "stop", "member")]
    assert all(len(key) == 32 for key in keys)
    assert len(set(keys)) == 3
    assert keys[0] == secrets.get("identity")


def test_a_missing_key_is_named(secrets: Secrets) -> None:
    with pytest.raises(Misconfigured) as told:
        secrets.get("unknown")
    assert told.value.where == "unknown"


def test_the_manager_is_asked_once() -> None:
    held = json.dumps({"identity": base64.b64encode(b"k" * 32).decode(), "stop": "not base64!"})
    client = Faulty(refusal("InternalServiceError", 500), after={"SecretString": held})
    secrets = ManagerSecrets(client, "keys")
    with pytest.raises(ServiceUnavailable):
        secrets.get("identity")
    assert secrets.get("identity") == secrets.get("identity") == b"k" * 32
    assert client.calls == 2
    with pytest.raises(Misconfigured):
        secrets.get("stop")


@pytest.mark.parametrize("said", ["no json", "[1]", "3"])
def test_a_secret_that_is_no_object_is_named_not_shown(said: str) -> None:
    with pytest.raises(Misconfigured) as told:
        ManagerSecrets(Faulty(after={"SecretString": said}), "keys").get("identity")
    assert told.value.file == "keys"


@pytest.fixture
def own_secrets(where: str, request: pytest.FixtureRequest) -> Secrets:
    """Secrets of its own, for a rotation changes them for everyone."""
    if where == "memory":
        return MemorySecrets()
    client = request.getfixturevalue("aws").client("secretsmanager")
    first = json.dumps({"identity": base64.b64encode(b"k" * 32).decode(), "identity-card": "no version"})
    client.create_secret(Name="rotated", SecretString=first)
    return ManagerSecrets(client, "rotated")


def test_a_rotated_key_has_versions_and_the_old_ones_stay(own_secrets: Secrets) -> None:
    first = own_secrets.get("identity")
    assert own_secrets.versions("identity") == ["identity"]
    assert [own_secrets.rotate("identity") for _ in range(9)][-1] == "identity-10"
    assert own_secrets.versions("identity")[:2] == ["identity-10", "identity-9"]
    assert own_secrets.versions("identity")[-1] == "identity"
    assert own_secrets.get("identity") == first
    assert len(own_secrets.get("identity-10")) == 32
    assert own_secrets.get("identity-10") != own_secrets.get("identity-9")


def test_a_warm_process_learns_of_a_new_version_within_five_minutes() -> None:
    ticks = [0.0]
    held = {"SecretString": json.dumps({"identity": base64.b64encode(b"k" * 32).decode()})}
    client = Faulty(after=held)
    secrets = ManagerSecrets(client, "keys", lambda: ticks[0])
    assert secrets.versions("identity") == ["identity"]
    held["SecretString"] = json.dumps({"identity": "aw==", "identity-2": "aw=="})
    ticks[0] = 299
    assert secrets.versions("identity") == ["identity"]
    ticks[0] = 300
    assert secrets.versions("identity") == ["identity-2", "identity"]
