"""What tests of deletions ask of a server, and how they look at all that it holds."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from tests.support.admin import admin
from tests.support.clients import TIMEOUT, ingest
from tests.support.on_postgres import OnPostgres

from aboveboard.admin.v1 import deletion_pb2 as d
from aboveboard.admin.v1.subject_pb2 import Subject
from aboveboard.ingest.v1.ingest_service_pb2 import SetCollectionPreferenceRequest as Preference
from aboveboard_server.schema import catalog
from aboveboard_server.storage.ports import QUARANTINE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from tests.support.server import ServerProcess

    from aboveboard.telemetry.v1.source_pb2 import Source

THROUGH_SOURCE = [event.name for event in catalog.default().events] + [QUARANTINE]
# Seconds in which a small deletion must be through, on a busy machine.
PATIENCE = 60
# On PostgreSQL a partition's rows are those of its table.
TABLES = {
    "sqlite": "SELECT name FROM sqlite_schema WHERE type = 'table'",
    "postgres": "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
    " AND relnamespace = 'public'::regnamespace",
}


def create(server: ServerProcess, subject: Subject, **fields: Any) -> d.Deletion:
    """Ask for a deletion."""
    with admin(server) as stub:
        request = d.CreateDeletionRequest(subject=subject, **fields)
        return stub.CreateDeletion(request, timeout=TIMEOUT).deletion


def ask(server: ServerProcess, source: Source, scope: Preference.Scope.ValueType) -> str:
    """Have a source ask for its history to be erased, and return the deletion's id."""
    asked = Preference(
        source=source, scope=scope, preference=Preference.PREFERENCE_DISABLED, erase_history=True
    )
    with ingest(server) as stub:
        return stub.SetCollectionPreference(asked, timeout=TIMEOUT).deletion_id


def get(server: ServerProcess, deletion_id: str) -> d.Deletion:
    """Return a deletion as it stands."""
    with admin(server) as stub:
        return stub.GetDeletion(d.GetDeletionRequest(deletion_id=deletion_id), timeout=TIMEOUT).deletion


def finished(server: ServerProcess, deletion: d.Deletion) -> d.Deletion:
    """Return a deletion once it has its receipt."""
    deadline = time.monotonic() + PATIENCE
    while not deletion.HasField("receipt"):
        assert time.monotonic() < deadline, f"the deletion does not end: {deletion}"
        time.sleep(0.02)
        deletion = get(server, deletion.deletion_id)
    return deletion


def delete(server: ServerProcess, subject: Subject, **fields: Any) -> d.Deletion:
    """Delete a Subject, and return the deletion once it has its receipt."""
    return finished(server, create(server, subject, scrub_now=True, **fields))


def counts(deletion: d.Deletion | d.Receipt) -> dict[str, int]:
    """Return the rows that were removed, by table."""
    return {count.table: count.rows for count in deletion.table_counts}


def company(company_id: str) -> Subject:
    """Return a company as administrators name it."""
    return Subject(company_id=company_id)


def kept(server: ServerProcess, key: str, value: str) -> dict[str, int]:
    """Count what is held of the sources in whose column `key` that value stands, by table."""
    mark = "%s" if is_postgres(server) else "?"
    found = {
        table: server.query(
            f"SELECT count(*) FROM {table} JOIN source USING (source_id) WHERE {key} = {mark}", value
        )[0][0]
        for table in THROUGH_SOURCE
    }
    return {table: count for table, count in found.items() if count}


def is_postgres(server: ServerProcess) -> bool:
    return isinstance(server, OnPostgres)


def tables(server: ServerProcess) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table, in an order of its own, but for what servers note of time."""
    return {
        table: sorted(server.query(f"SELECT * FROM {table}"), key=repr)
        for (table,) in server.query(TABLES["postgres" if is_postgres(server) else "sqlite"])
        if not table.startswith("sqlite_") and table != "server_clock"
    }


def dump(server: ServerProcess) -> bytes:
    """Return all that the tables hold as bytes, texts and bytes as they are."""
    rows = [row for found in tables(server).values() for row in found]
    return b"\n".join(_bytes(value) for row in rows for value in row)


def files(folder: Path) -> dict[Path, bytes]:
    """Return every file that was written in a folder, whatever it is; a reserve never was."""
    return {
        path: path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".reserve"
    }


def without(rows: Iterable[Sequence[Any]], *values: Any) -> list[Sequence[Any]]:
    """Return the rows in which none of these values stands."""
    return [row for row in rows if not any(value in row for value in values)]


def _bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    return (json.dumps(value) if isinstance(value, dict | list) else str(value)).encode()
