"""The promises of a vault: sealed for one request, and gone for good when its key is (rule 7)."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.adapters.kms import KmsVault
from chalicelib.adapters.memory import MemoryVault
from chalicelib.errors import RequestNotFound, SealBroken
from chalicelib.ports import Vault

from .made import Aws

numbers = itertools.count(1)


class Ticks:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def kms_vault(aws: Aws, ticks: Ticks | None = None) -> KmsVault:
    table, key = aws.settings["RIGHTSDESK_KEYS_TABLE"], aws.settings["RIGHTSDESK_KMS_KEY"]
    return KmsVault(aws.client("kms"), aws.client("dynamodb"), key_id=key, table=table, ticks=ticks or Ticks())


@pytest.fixture
def vault(where: str, request: pytest.FixtureRequest) -> Vault:
    return MemoryVault() if where == "memory" else kms_vault(request.getfixturevalue("aws"))


@pytest.fixture
def reference() -> str:
    return f"R-VALT-{next(numbers):04d}"


def test_what_was_sealed_opens(vault: Vault, reference: str) -> None:
    vault.begin(reference)
    for clear in (b"", b"name", bytes(range(256)) * 500):
        assert vault.open(reference, vault.seal(reference, clear)) == clear


def test_sealing_shows_nothing_and_never_the_same_twice(vault: Vault, reference: str) -> None:
    vault.begin(reference)
    sealed = vault.seal(reference, b"ann@example.com")
    assert b"ann" not in sealed
    assert sealed != vault.seal(reference, b"ann@example.com")


def test_beginning_twice_keeps_the_key(vault: Vault, reference: str) -> None:
    vault.begin(reference)
    sealed = vault.seal(reference, b"kept")
    vault.begin(reference)
    assert vault.open(reference, sealed) == b"kept"


def test_beginning_at_once_makes_one_key(vault: Vault, reference: str) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(vault.begin, [reference] * 8))
        sealed = list(threads.map(lambda _: vault.seal(reference, b"same"), range(8)))
    assert {vault.open(reference, one) for one in sealed} == {b"same"}


def test_forgotten_is_gone_for_good(vault: Vault, reference: str) -> None:
    vault.begin(reference)
    sealed = vault.seal(reference, b"secret")
    vault.forget(reference)
    vault.forget(reference)
    with pytest.raises(RequestNotFound):
        vault.open(reference, sealed)
    with pytest.raises(RequestNotFound):
        vault.seal(reference, b"more")
    vault.begin(reference)  # a new key under the same name is another key
    with pytest.raises(SealBroken):
        vault.open(reference, sealed)


def test_what_was_sealed_for_one_does_not_open_for_another(vault: Vault, reference: str) -> None:
    other = f"{reference}-other"
    vault.begin(reference)
    vault.begin(other)
    with pytest.raises(SealBroken):
        vault.open(other, vault.seal(reference, b"mine"))


@pytest.mark.parametrize("spoil", [lambda s: s[:-1], lambda s: s[:5], lambda s: b"", lambda s: s[:-1] + b"\x00x"])
def test_altered_data_does_not_open(vault: Vault, reference: str, spoil) -> None:
    vault.begin(reference)
    with pytest.raises(SealBroken):
        vault.open(reference, spoil(vault.seal(reference, b"whole")))


def test_without_a_key_nothing_is_sealed(vault: Vault, reference: str) -> None:
    with pytest.raises(RequestNotFound):
        vault.seal(reference, b"too early")


# On AWS: many processes, and a key row that somebody swaps


def test_another_process_opens_it(aws: Aws, reference: str) -> None:
    here = kms_vault(aws)
    here.begin(reference)
    assert kms_vault(aws).open(reference, here.seal(reference, b"ours")) == b"ours"


def test_a_purge_reaches_every_warm_process_within_a_minute(aws: Aws, reference: str) -> None:
    ticks = Ticks()
    here, there = kms_vault(aws), kms_vault(aws, ticks)
    here.begin(reference)
    sealed = here.seal(reference, b"ours")
    assert there.open(reference, sealed) == b"ours"
    here.forget(reference)
    ticks.now += 60
    with pytest.raises(RequestNotFound):
        there.open(reference, sealed)


def test_a_key_row_swapped_for_anothers_opens_nothing(aws: Aws, reference: str) -> None:
    """KMS binds the wrapped key to its request: the row of one is no use to another."""
    vault, dynamodb, table = kms_vault(aws), aws.client("dynamodb"), aws.settings["RIGHTSDESK_KEYS_TABLE"]
    vault.begin(reference)
    sealed = vault.seal(reference, b"mine")
    row = dynamodb.get_item(TableName=table, Key={"pk": {"S": reference}})["Item"]
    dynamodb.put_item(TableName=table, Item={**row, "pk": {"S": f"{reference}-thief"}})
    with pytest.raises(SealBroken):
        kms_vault(aws).open(f"{reference}-thief", sealed)


def test_the_key_table_holds_no_plaintext(aws: Aws, reference: str) -> None:
    vault = kms_vault(aws)
    vault.begin(reference)
    row = aws.client("dynamodb").get_item(
        TableName=aws.settings["RIGHTSDESK_KEYS_TABLE"], Key={"pk": {"S": reference}}
    )["Item"]
    assert set(row) == {"pk", "wrapped"}
    assert vault._key(reference) not in row["wrapped"]["B"]


def test_only_so_many_keys_are_kept(aws: Aws) -> None:
    vault = kms_vault(aws)
    for n in range(300):
        vault._kept.keep(f"R-{n}", b"k" * 32)
    assert vault._kept.get("R-0") is None
    assert vault._kept.get("R-299") is not None
    assert len(vault._kept._keys) == 256
