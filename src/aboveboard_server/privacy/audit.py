"""The audit log as an administrator reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard.admin.v1 import audit_pb2
from aboveboard_server.privacy import arguments, times
from aboveboard_server.storage.work import audit as work

if TYPE_CHECKING:
    from aboveboard_server.storage.ports import EventStore
    from aboveboard_server.storage.privacy_tables import AuditEntryRow

# Who acts where it is no administrator: a source for itself, and a scheduled job.
SELF_SERVICE_ACTOR = "self-service"
SERVER_ACTOR = "server"


class AuditLog:
    """What AdminService promises of the audit log."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    async def page(self, request: audit_pb2.ListAuditEntriesRequest) -> audit_pb2.ListAuditEntriesResponse:
        """Return a page of entries, the newest first."""
        size = arguments.page_size(request.page_size)
        before = arguments.number(request.page_token)
        found = await self._store.read(work.page, before=before, limit=size + 1)
        response = audit_pb2.ListAuditEntriesResponse(audit_entries=[_described(row) for row in found[:size]])
        if len(found) > size:
            response.next_page_token = str(found[size - 1].entry_id)
        return response


def _described(row: AuditEntryRow) -> audit_pb2.AuditEntry:
    return audit_pb2.AuditEntry(
        entry_id=row.entry_id,
        recorded_at=times.timestamp(row.recorded_at),
        actor=row.actor,
        action=row.action,
        subject_digest=row.subject_digest,
        reference=row.reference,
        details=row.details,
        previous_hash=row.previous_hash,
        hash=row.hash,
    )
