"""The keys, which live outside the database: whoever holds a dump alone can guess nothing.

Each key is 32 random bytes in a file of its own, readable by its owner only, inside a folder of mode 0700.
The database remembers their fingerprints, so that it is never opened with keys that are not its own.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aboveboard_server.errors import StartupError

if TYPE_CHECKING:
    from pathlib import Path

KEY_BYTES = 32
DIGEST_KEY = "digest"


@dataclass(frozen=True, slots=True)
class Keys:
    """The service's keys: `digest` makes the digest of a Subject."""

    digest: bytes

    def fingerprints(self) -> dict[str, str]:
        """Return what the database may know of each key, by the key's name."""
        return {DIGEST_KEY: hashlib.sha256(b"aboveboard fingerprint\0" + self.digest).hexdigest()}


def load(folder: Path) -> Keys:
    """Read the keys in a folder, and make those that are missing; StartupError where that cannot be done."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o077:
            raise StartupError(f"key directory {folder} is open to others; run: chmod 700 {folder}")
        return Keys(digest=_key(folder / f"{DIGEST_KEY}.key"))
    except OSError as error:
        raise StartupError(f"key directory {folder}: {error.strerror}") from error


def _key(path: Path) -> bytes:
    if not path.exists():
        _write_once(path, secrets.token_bytes(KEY_BYTES))
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise StartupError(f"{path} is not a key: {len(key)} bytes instead of {KEY_BYTES}")
    return key


def _write_once(path: Path, key: bytes) -> None:
    """Write a key so that it is there whole or not at all, and stays there through a power cut."""
    draft = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    try:
        # A link fails where another process was first: its key is the one that counts.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
