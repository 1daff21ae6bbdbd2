"""The vault: a data key per request from KMS, wrapped, in a table of its own without backups.

Rule 7: deleting a key's row makes the request's personal data unreadable everywhere, backups of the main table
included. KMS holds the wrapped key to the request by encryption context. Leaves to others: the cipher (sealing).
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.adapters.faults import code, retryable
from chalicelib.adapters.sealing import seal, unseal
from chalicelib.errors import RequestNotFound, SealBroken

_KEPT_SECONDS = 60
_KEPT_KEYS = 256


class KmsVault:
    """See ports.Vault. `kms` and `dynamodb` are boto3 clients; `ticks` counts seconds, from anywhere."""

    def __init__(
        self, kms: Any, dynamodb: Any, *, key_id: str, table: str, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self.kms, self.dynamodb, self.key_id, self.table = kms, dynamodb, key_id, table
        self._kept = _Keys(ticks)

    def begin(self, reference: str) -> None:
        """Make the request's data key; one that it has already stays."""
        with retryable("kms"):
            made = self.kms.generate_data_key(
                KeyId=self.key_id, KeySpec="AES_256", EncryptionContext={"request": reference}
            )
        row = {"pk": {"S": reference}, "wrapped": {"B": made["CiphertextBlob"]}}
        try:
            with retryable("dynamodb"):
                self.dynamodb.put_item(
                    TableName=self.table, Item=row, ConditionExpression="attribute_not_exists(pk)"
                )  # fmt: skip
        except ClientError as fault:
            if code(fault) != "ConditionalCheckFailedException":
                raise
        else:
            self._kept.keep(reference, made["Plaintext"])

    def seal(self, reference: str, clear: bytes) -> bytes:
        return seal(self._key(reference), reference, clear)

    def open(self, reference: str, sealed: bytes) -> bytes:
        return unseal(self._key(reference), reference, sealed)

    def forget(self, reference: str) -> None:
        with retryable("dynamodb"):
            self.dynamodb.delete_item(TableName=self.table, Key={"pk": {"S": reference}})
        self._kept.drop(reference)

    def _key(self, reference: str) -> bytes:
        kept = self._kept.get(reference)
        if kept is not None:
            return kept
        with retryable("dynamodb"):
            row = self.dynamodb.get_item(TableName=self.table, Key={"pk": {"S": reference}}, ConsistentRead=True)
        if "Item" not in row:
            raise RequestNotFound(reference)
        key = self._unwrapped(reference, row["Item"]["wrapped"]["B"])
        self._kept.keep(reference, key)
        return key

    def _unwrapped(self, reference: str, wrapped: bytes) -> bytes:
        try:
            with retryable("kms"):
                key: bytes = self.kms.decrypt(
                    CiphertextBlob=wrapped, KeyId=self.key_id, EncryptionContext={"request": reference}
                )["Plaintext"]
        except ClientError as fault:
            if code(fault) != "InvalidCiphertextException":
                raise
            raise SealBroken(reference) from None
        return key


class _Keys:
    """Plaintext keys of the last minute, so that a page that opens a request twice asks KMS once.

    No longer: `forget` reaches only the process it runs in, and every other warm one must lose the key too. No more
    than a few: a worker's memory is no second key table.
    """

    def __init__(self, ticks: Callable[[], float]) -> None:
        self._ticks, self._lock = ticks, Lock()
        self._keys: OrderedDict[str, tuple[bytes, float]] = OrderedDict()

    def get(self, reference: str) -> bytes | None:
        with self._lock:
            key, until = self._keys.get(reference, (None, 0.0))
            if key is not None and self._ticks() >= until:
                del self._keys[reference]
                return None
            return key

    def keep(self, reference: str, key: bytes) -> None:
        with self._lock:
            self._keys[reference] = (key, self._ticks() + _KEPT_SECONDS)
            self._keys.move_to_end(reference)
            while len(self._keys) > _KEPT_KEYS:
                self._keys.popitem(last=False)

    def drop(self, reference: str) -> None:
        with self._lock:
            self._keys.pop(reference, None)
