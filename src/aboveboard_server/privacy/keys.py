"""The keys, which live outside the database: whoever holds a dump alone can guess nothing.

Each key is 32 random bytes in a file of its own, readable by its owner only, inside a folder of mode 0700.
The database remembers their fingerprints, so that it is never opened with keys that are not its own.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from aboveboard_server.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    # EventStore.pin_keys.
    Pin: TypeAlias = Callable[[Mapping[str, str]], Awaitable[list[str]]]

KEY_BYTES = 32
DIGEST_KEY = "digest"
WRAPPING_KEY = "wrapping"
SIGNING_KEY = "signing"
PUBLIC_KEY_FILE = "signing.pub"


@dataclass(frozen=True, slots=True)
class Keys:
    """The service's keys.

    `digest` makes the digest of a Subject, `wrapping` encrypts the companies' pseudonym keys, and `signing`
    signs receipts.
    """

    digest: bytes = field(repr=False)
    wrapping: bytes = field(repr=False)
    signing: Ed25519PrivateKey = field(repr=False)


async def unlock(folder: Path, pin: Pin) -> Keys:
    """Read the keys in a folder, and make those that neither it nor the database has.

    StartupError where that cannot be done, where a key is not the one that the database knows, and where its
    file is missing: a lost key is never replaced.
    """
    try:
        _keep_private(folder)
        # One after the other, the oldest first: a folder whose digest key is foreign gets no other key, and
        # none of its other keys is pinned to a database that knows none of that name yet.
        keys = Keys(
            digest=await _unlock(folder, DIGEST_KEY, pin),
            wrapping=await _unlock(folder, WRAPPING_KEY, pin),
            signing=Ed25519PrivateKey.from_private_bytes(await _unlock(folder, SIGNING_KEY, pin)),
        )
        publish(folder / PUBLIC_KEY_FILE, keys.signing.public_key())
    except OSError as error:
        raise StartupError(f"key directory {folder}: {error.strerror}") from error
    return keys


def digest_key(folder: Path) -> bytes:
    """Read the digest key in a folder; StartupError where there is none, for it is not made here."""
    try:
        return _read(_file(folder, DIGEST_KEY))
    except OSError as error:
        raise StartupError(f"{_file(folder, DIGEST_KEY)}: {error.strerror}") from error


def fingerprints(folder: Path) -> dict[str, str]:
    """Return what a database may know of each key in a folder, by name; without those that are not there.

    StartupError where a file is no key, OSError where it cannot be read.
    """
    found = (name for name in (DIGEST_KEY, WRAPPING_KEY, SIGNING_KEY) if _file(folder, name).exists())
    return {name: _fingerprint(name, _read(_file(folder, name))) for name in found}


def key_id(key: Ed25519PublicKey) -> str:
    """Return the name of a public key: the SHA-256 of its 32 bytes in lower-case hexadecimal."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()


async def _unlock(folder: Path, name: str, pin: Pin) -> bytes:
    path = _file(folder, name)
    made = _make(path)
    key = _read(path)
    if not await pin({name: _fingerprint(name, key)}):
        return key
    if made:
        path.unlink()
        raise StartupError(
            f"the {name} key of this database is missing: {path} is not there; "
            "put it back, or give the right directory with --key-dir"
        )
    raise StartupError(
        f"the {name} key in {folder} is not the one this database belongs to; "
        "give the right directory with --key-dir"
    )


def _fingerprint(name: str, key: bytes) -> str:
    """Return what the database may know of a key."""
    if name == SIGNING_KEY:
        return key_id(Ed25519PrivateKey.from_private_bytes(key).public_key())
    return hashlib.sha256(b"aboveboard fingerprint\0" + key).hexdigest()


def _keep_private(folder: Path) -> None:
    for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)
        sync_folder(missing.parent)
    if folder.stat().st_mode & 0o077:
        raise StartupError(f"key directory {folder} is open to others; run: chmod 700 {folder}")


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.key"


def _read(path: Path) -> bytes:
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise StartupError(f"{path} is not a key: {len(key)} bytes instead of {KEY_BYTES}")
    return key


def _make(path: Path) -> bool:
    """Make a key where there is none, and tell whether this process made it."""
    if path.exists():
        return False
    draft = _draft(path, secrets.token_bytes(KEY_BYTES), 0o600)
    try:
        # A link fails where another process was first: its key is the one that counts.
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    sync_folder(path.parent)
    return True


def publish(path: Path, key: Ed25519PublicKey) -> None:
    """Keep the public key as PEM beside its private half: what verifies receipts is given to others."""
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    if not path.exists() or path.read_bytes() != pem:
        _draft(path, pem, 0o644).replace(path)
        sync_folder(path.parent)


def _draft(path: Path, content: bytes, mode: int) -> Path:
    """Write a file beside the one it shall become: so that is there whole, or not at all."""
    draft = path.with_suffix(f".{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        draft.unlink()
        raise
    return draft


def sync_folder(folder: Path) -> None:
    """Make a file's entry in its folder last through a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
