"""Subjects, and the digests by which they are known without being named."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from aboveboard_server.schema.erasure import NAMED_BY

if TYPE_CHECKING:
    from collections.abc import Mapping

COMPANY = "COMPANY"
DEPLOYMENT = "DEPLOYMENT"
SERVER = "SERVER"
USER = "USER"
# A user as it is stored, keyed again under its company's key. The quarantine is replayed from what is stored,
# where the raw user_id is gone: what forbids a user must be found from there too.
STORED_USER = "STORED_USER"
# Keeps the digests of preference tokens apart from those of Subjects, which are made under the same key.
PREFERENCE_TOKEN = b"aboveboard preference token\0"


def digests(key: bytes, names: Mapping[str, str]) -> dict[str, bytes]:
    """Return the digest of every Subject that `names`, values by subject key, falls under; widest first."""
    return {
        kind: digest(key, kind, [names[part] for part in parts])
        for kind, parts in NAMED_BY.items()
        if all(names.get(part) for part in parts)
    }


def stored_user(key: bytes, company_id: str, deployment_id: str, rekeyed_user_id: str) -> bytes:
    """Return the digest of a user of whom only the re-keyed `user_id` is known, 32 bytes."""
    return digest(key, STORED_USER, [company_id, deployment_id, rekeyed_user_id])


def preference_token(key: bytes, subject_digest: bytes, token: bytes) -> bytes:
    """Return the keyed digest of a Subject's preference token, 32 bytes.

    The Subject's digest has a fixed length, and the context begins no digest of a Subject: there the first
    four bytes are a length.
    """
    return hmac.digest(key, PREFERENCE_TOKEN + subject_digest + token, "sha256")


def digest(key: bytes, kind: str, names: list[str]) -> bytes:
    """Return a Subject's keyed digest, 32 bytes (HMAC-SHA-256).

    Each name goes in behind its length, so that no two lists of names read the same.
    """
    parts = [name.encode() for name in (kind, *names)]
    message = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return hmac.digest(key, message, "sha256")
