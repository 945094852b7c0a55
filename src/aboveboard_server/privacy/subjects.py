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


def digests(key: bytes, names: Mapping[str, str]) -> dict[str, bytes]:
    """Return the digest of every Subject that `names`, values by subject key, falls under; widest first."""
    return {
        kind: digest(key, kind, [names[part] for part in parts])
        for kind, parts in NAMED_BY.items()
        if all(names.get(part) for part in parts)
    }


def digest(key: bytes, kind: str, names: list[str]) -> bytes:
    """Return a Subject's keyed digest, 32 bytes (HMAC-SHA-256).

    Each name goes in behind its length, so that no two lists of names read the same.
    """
    parts = [name.encode() for name in (kind, *names)]
    message = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return hmac.digest(key, message, "sha256")
