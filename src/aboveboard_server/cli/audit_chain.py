"""Checks the audit log's chain of hashes from what was answered alone, without the server's help."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from aboveboard.admin.v1.audit_pb2 import AuditEntry

_MICROSECOND = 1_000


def faults(newest_first: Iterable[AuditEntry]) -> Iterator[str]:
    """Say of each place where the chain is broken what is wrong there, the newest first.

    Whether the newest entries were cut off only somebody can tell who has noted the newest hash before.
    """
    after: AuditEntry | None = None
    for entry in newest_first:
        if entry_hash(entry) != entry.hash:
            yield f"entry {entry.entry_id}: its hash is not that of what it says"
        if after is not None:
            yield from _between(entry, after)
        after = entry
    if after is not None and (after.entry_id != 1 or after.previous_hash):
        yield f"entry {after.entry_id}: what was before it is missing"


def entry_hash(entry: AuditEntry) -> bytes:
    """Return the hash that an entry must have, 32 bytes, as AuditEntry.hash in audit.proto defines it."""
    time = entry.recorded_at
    fields = (
        str(entry.entry_id).encode(),
        f"{time.ToDatetime():%Y-%m-%dT%H:%M:%S}.{time.nanos // _MICROSECOND:06}Z".encode(),
        entry.actor.encode(),
        entry.action.encode(),
        entry.subject_digest,
        entry.reference.encode(),
        entry.details.encode(),
        entry.previous_hash,
    )
    return hashlib.sha256(b"".join(len(field).to_bytes(8, "big") + field for field in fields)).digest()


def _between(entry: AuditEntry, after: AuditEntry) -> Iterator[str]:
    if after.entry_id != entry.entry_id + 1:
        yield f"entry {after.entry_id}: it stands behind entry {entry.entry_id}; what was between is missing"
    elif after.previous_hash != entry.hash:
        yield f"entry {after.entry_id}: it was not made behind entry {entry.entry_id} as that is now"
