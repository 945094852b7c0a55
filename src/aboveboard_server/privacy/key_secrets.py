"""The secrets of access keys: made here, told once, and kept as digests.

A secret is 256 random bits. Nobody finds it by trying, however fast its hash is, so that SHA-256 serves: a
slow hash protects what people make up, and would cost each request more than all the rest. Keys are looked up
by that digest; how long a look-up takes tells something of digests, and nothing of secrets.
"""

from __future__ import annotations

import hashlib
import re
import secrets

# Kinds of keys, by the words that are stored.
WRITE, ADMIN = "WRITE", "ADMIN"
# Beginnings that scanners for leaked secrets can look for.
PREFIXES = {WRITE: "abw_", ADMIN: "aba_"}
BYTES = 32
SHOWN = 4
_ADMIN_SECRET = re.compile(rf"{PREFIXES[ADMIN]}[A-Za-z0-9_-]{{43}}")


def make(kind: str) -> str:
    """Return a new secret of a kind of key: its prefix and 43 characters of base64url."""
    return PREFIXES[kind] + secrets.token_urlsafe(BYTES)


def digest(secret: str) -> bytes:
    """Return what is stored of a secret, 32 bytes, whatever text it is."""
    return hashlib.sha256(secret.encode()).digest()


def end(secret: str) -> str:
    """Return the last characters, by which its holder knows it again."""
    return secret[-SHOWN:]


def is_admin_secret(text: str) -> bool:
    """Whether a text could be an admin key's secret."""
    return bool(_ADMIN_SECRET.fullmatch(text))
