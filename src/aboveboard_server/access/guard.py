"""Decides who may do what: the one place where a key is held against a call, for every door."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard_server.errors import ServiceError
from aboveboard_server.privacy.key_secrets import ADMIN, WRITE

if TYPE_CHECKING:
    from collections.abc import Callable

    from aboveboard.telemetry.v1.source_pb2 import Source
    from aboveboard_server.access.caller import Caller
    from aboveboard_server.access.ring import Key, KeyRing

BEARER = "bearer "


def bearer(authorization: str) -> str:
    """Return the secret in the value of `authorization`, "" where its scheme is another."""
    return authorization[len(BEARER) :].strip() if authorization[: len(BEARER)].lower() == BEARER else ""


class Guard:
    """Lets callers in by their keys. `required` is whether those who send events must show one.

    `count` is told a write key's id and the bytes of each request, and raises where that is too much.
    """

    def __init__(self, ring: KeyRing, count: Callable[[str, int], None], *, required: bool) -> None:
        self._ring = ring
        self._count = count
        self._required = required

    def administrator(self, secret: str, scope: str = "") -> Caller:
        """Return whose admin key this is; ServiceError unless it is valid, and has the scope if any."""
        key = self._valid(secret)
        if key.kind != ADMIN or (scope and scope not in key.scopes):
            needed = f" with scope {scope.lower().replace('_', '-')}" if scope else ""
            raise _denied(f"this needs an admin key{needed}")
        return key.caller

    def admit_writer(self, secret: str, source: Source, origin: str = "", size: int = 0) -> bool:
        """Let a request of this source in by its write key; ServiceError where that does not.

        Return whether the key is bound to the source's company: such a caller alone is told of its deletions.
        `origin` is that of the page that called, "" where it was none; `size` is the request's in bytes.
        """
        if not secret and not self._required:
            return False
        key = self._valid(secret)
        if key.kind != WRITE:
            raise _denied("this needs a write key")
        if key.is_bound:
            _hold_to_bounds(key, source, origin)
        self._count(key.caller.key_id, size)
        # Held to its bounds by now, it is the source's own company.
        return bool(key.company_id)

    def product(self, secret: str) -> str:
        """Return the solution that a key is bound to, "" where there is none."""
        key = self._find(secret)
        return key.solution if key else ""

    def _find(self, secret: str) -> Key | None:
        return self._ring.find(secret) if secret else None

    def _valid(self, secret: str) -> Key:
        key = self._find(secret)
        # Looked at here, so that it holds to the moment whatever the ring knows.
        if key is None or key.expires_at <= time.time_ns() // 1_000:
            raise ServiceError(reasons.ERROR_REASON_UNAUTHENTICATED, "a valid key is required")
        return key


def _hold_to_bounds(key: Key, source: Source, origin: str) -> None:
    if key.allowed_origins and origin not in key.allowed_origins:
        raise ServiceError(reasons.ERROR_REASON_ORIGIN_NOT_ALLOWED, "this key is not for this origin")
    arm = source.WhichOneof("origin")
    sender = getattr(source, arm) if arm else None
    for name, bound_to in (("company_id", key.company_id), ("solution", key.solution)):
        # An anonymous server has no company, and so is no one's.
        if bound_to and getattr(sender, name, "") != bound_to:
            text = "not one that this key is for"
            raise ServiceError(reasons.ERROR_REASON_SOURCE_NOT_ALLOWED, text, field="source")


def _denied(text: str) -> ServiceError:
    return ServiceError(reasons.ERROR_REASON_PERMISSION_DENIED, text)
