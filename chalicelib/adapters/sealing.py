"""AES-GCM under a request's own data key: what `seal` makes opens only for the same request.

Rule 7. The reference is the associated data, so a sealed value moved to another request does not open; a fresh
random nonce of 12 bytes stands before the ciphertext. Leaves to others: where keys come from and go (kms).
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chalicelib.errors import SealBroken

_NONCE = 12


def seal(key: bytes, reference: str, clear: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, clear, reference.encode())


def unseal(key: bytes, reference: str, sealed: bytes) -> bytes:
    """Raises SealBroken when it was not sealed so."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], reference.encode())
    except (InvalidTag, ValueError):  # ValueError: too short to hold a nonce
        raise SealBroken(reference) from None
