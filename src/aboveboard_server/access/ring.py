"""The keys that are in force, as each process knows them: read anew all the time, found without waiting."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from aboveboard_server import metrics
from aboveboard_server.access.caller import Caller
from aboveboard_server.errors import StoreUnavailableError
from aboveboard_server.privacy.key_secrets import digest
from aboveboard_server.storage.columns import to_micros
from aboveboard_server.storage.work import access_keys as work

if TYPE_CHECKING:
    from aboveboard_server.background import Background, Loop
    from aboveboard_server.storage.ports import EventStore
    from aboveboard_server.storage.work.access_keys import StoredKey

log = structlog.get_logger()

# Seconds in which a change is in force everywhere, and seconds between two looks at what has changed.
BOUND = 5.0
INTERVAL = 2.0
# A time that never comes.
NEVER = 1 << 63


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is held against a call; what it is not bound to is empty.

    `expires_at` is in µs since 1970.
    """

    caller: Caller
    kind: str
    scopes: frozenset[str]
    solution: str
    company_id: str
    allowed_origins: frozenset[str]
    expires_at: int

    @property
    def is_bound(self) -> bool:
        """Whether it is for some sources or origins only."""
        return bool(self.solution or self.company_id or self.allowed_origins)


class KeyRing:
    """Every key in force, by the digest of its secret."""

    def __init__(self, store: EventStore, background: Background) -> None:
        self._store = store
        self._background = background
        self._keys: dict[bytes, Key] = {}
        # Those shown since they were read, by the secret itself: a digest costs as much as all the rest.
        self._shown: dict[str, Key] = {}
        self._reading = asyncio.Lock()
        self._loop: Loop | None = None
        # When they were read last, and whether it was told that this is too long ago.
        self._read_at = time.monotonic()
        self._is_old = False

    def find(self, secret: str) -> Key | None:
        """Return the key of a secret, None where it was not made here or was revoked; it may have expired."""
        key = self._shown.get(secret)
        if key is None:
            key = self._keys.get(digest(secret))
            if key is not None:
                self._shown[secret] = key
        return key

    async def refresh(self) -> None:
        """Read what is in force now."""
        # One after the other: what was read earlier must not replace what was read later.
        async with self._reading:
            self._keys = {key.secret_digest: _key(key) for key in await self._store.read(work.in_force)}
            self._shown = {}
            self._read_at = time.monotonic()

    async def start(self) -> None:
        """Read what is in force, and go on until closed; StoreUnavailableError where it cannot begin."""
        await self.refresh()
        self._loop = self._background.start("keys", self._keep_up)

    async def close(self) -> None:
        """Stop."""
        if self._loop is not None:
            await self._loop.stop()

    async def _keep_up(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            began = time.monotonic()
            try:
                await self.refresh()
            except StoreUnavailableError:
                # The store has said why. What was known stays: an outage locks nobody out, and nobody in.
                continue
            finally:
                self._tell(0.0 if self._read_at >= began else time.monotonic() - self._read_at)

    def _tell(self, age: float) -> None:
        """Tell for how many seconds the keys could not be read: what was revoked since is let in."""
        metrics.KEYS_AGE_SECONDS.set(age)
        is_old = age > BOUND
        if is_old and not self._is_old:
            log.error("keys_not_read", seconds=round(age))
        elif self._is_old and not is_old:
            log.warning("keys_read_again")
        self._is_old = is_old


def _key(stored: StoredKey) -> Key:
    return Key(
        caller=Caller(stored.key_id, stored.display_name or ""),
        kind=stored.kind,
        scopes=frozenset(stored.scopes.split()),
        solution=stored.solution,
        company_id=stored.company_id or "",
        allowed_origins=frozenset((stored.allowed_origins or "").split()),
        expires_at=to_micros(stored.expires_at) if stored.expires_at else NEVER,
    )
