"""Users' pseudonyms: keyed again at the door, under a key of their company that ends with it.

A company's key is stored only as the wrapping key encrypts it, and that one lives outside the database.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12


def new_company_key() -> bytes:
    """Return a new pseudonym key, 32 random bytes."""
    return secrets.token_bytes(KEY_BYTES)


def wrap(wrapping_key: bytes, company_id: str, key: bytes) -> bytes:
    """Encrypt a company's key for the database, 60 bytes: nonce, ciphertext and tag of AES-256-GCM."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(wrapping_key).encrypt(nonce, key, _owner(company_id))


def unwrap(wrapping_key: bytes, company_id: str, wrapped: bytes) -> bytes:
    """Return the key that was wrapped; ValueError where it was changed, or wrapped for another company."""
    nonce, ciphertext = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
    try:
        return AESGCM(wrapping_key).decrypt(nonce, ciphertext, _owner(company_id))
    except (InvalidTag, ValueError):
        raise ValueError("a pseudonym key does not belong to its company or to the wrapping key") from None


def rekey(company_key: bytes, user_id: str) -> str:
    """Return what is stored of a user_id: HMAC-SHA-256 in lower-case hexadecimal, 64 characters."""
    return hmac.digest(company_key, user_id.encode(), "sha256").hex()


def _owner(company_id: str) -> bytes:
    """Tie a wrapped key to its company, so that it cannot serve in another one's row."""
    return hashlib.sha256(company_id.encode()).digest()
