"""What the deletion journal says, and how it is written: one JSON object a line, each with a keyed checksum.

Digests only: no line holds a subject in the clear, nor does a `reference`, which the operator chooses so.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeAlias, get_args

VERSION = 1
CONTEXT = b"aboveboard journal\0"


class JournalError(Exception):
    """Says in one line why the journal, or what is to be imported into it, cannot be used."""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """Refuses a subject's events that occurred at or before `cut_off_at`, in µs since 1970.

    `stored_digest` is that of `subjects.stored_user`, for a user; None for every other kind, and where the
    company's key was not there to make it.
    """

    deletion_id: str
    subject_kind: str
    subject_digest: bytes
    stored_digest: bytes | None
    cut_off_at: int

    @property
    def at(self) -> int:
        """When it was made, in µs since 1970."""
        return self.cut_off_at


@dataclass(frozen=True, slots=True)
class OptOut:
    """Refuses a subject's events from `created_at`, in µs since 1970; `stored_digest` as in a Tombstone."""

    opt_out_id: str
    subject_kind: str
    subject_digest: bytes
    stored_digest: bytes | None
    origin: str
    reference: str
    created_at: int

    @property
    def at(self) -> int:
        """When it was made, in µs since 1970."""
        return self.created_at


@dataclass(frozen=True, slots=True)
class Revocation:
    """Lifts one opt-out at `revoked_at`, in µs since 1970."""

    opt_out_id: str
    revoked_at: int

    @property
    def at(self) -> int:
        """When it was made, in µs since 1970."""
        return self.revoked_at


@dataclass(frozen=True, slots=True)
class KeyRevocation:
    """Ends one access key at `revoked_at`, in µs since 1970.

    `secret_digest` is that of its secret, as the database holds it.
    """

    key_id: str
    secret_digest: bytes
    revoked_at: int

    @property
    def at(self) -> int:
        """When it was made, in µs since 1970."""
        return self.revoked_at


Entry: TypeAlias = Tombstone | OptOut | Revocation | KeyRevocation

_KINDS: dict[str, type[Entry]] = {kind.__name__: kind for kind in get_args(Entry)}


def encode(key: bytes, sequence: int, entry: Entry) -> bytes:
    """Return an entry as the journal's line of that sequence, from 1, its newline included."""
    values = {
        name: value.hex() if isinstance(value, bytes) else value for name, value in asdict(entry).items()
    }
    head = {"version": VERSION, "sequence": sequence, "digest_key": _name(key), "entry": type(entry).__name__}
    return _sealed(key, head | values)


def decode(key: bytes, line: bytes, name: str) -> tuple[int, Entry]:
    """Return the sequence and the entry of a line, given without its newline.

    JournalError, with the line's `name`, where any bit of it is not as it was written.
    """
    try:
        said = json.loads(line)
        checksum = said.pop("checksum", "")
        made_with = said["digest_key"]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise JournalError(f"{name} is damaged: it cannot be read") from None
    if made_with != _name(key):
        raise JournalError(f"{name} was made under another digest key than the one in this key directory")
    # The whole line, and not only what it says, has to be as it was written.
    if not isinstance(checksum, str) or not hmac.compare_digest(_sealed(key, said), line + b"\n"):
        raise JournalError(f"{name} is damaged: its checksum is not right")
    if said["version"] != VERSION or said["entry"] not in _KINDS:
        raise JournalError(f"{name} was written by another version of Aboveboard")
    return said["sequence"], _entry(said)


def _entry(said: dict[str, Any]) -> Entry:
    kind = _KINDS[said["entry"]]
    names = [field.name for field in fields(kind)]
    return kind(**{name: _value(name, said[name]) for name in names})


def _value(name: str, value: Any) -> Any:
    return bytes.fromhex(value) if name.endswith("_digest") and value is not None else value


def _sealed(key: bytes, said: dict[str, Any]) -> bytes:
    """Write an object as one line that ends with its checksum: no other text says the same."""
    checksum = hmac.digest(key, CONTEXT + _json(said), "sha256").hex()
    return _json(said | {"checksum": checksum}) + b"\n"


def _json(said: dict[str, Any]) -> bytes:
    # ASCII alone: no text in it can end a line.
    return json.dumps(said, separators=(",", ":")).encode("ascii")


def _name(key: bytes) -> str:
    """Tell digest keys apart in public: 64 bits of a hash."""
    return hashlib.sha256(CONTEXT + key).hexdigest()[:16]
