"""SetCollectionPreference as tests call it, and what it leaves."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.support.clients import TIMEOUT, ingest

from aboveboard.ingest.v1.ingest_service_pb2 import SetCollectionPreferenceRequest as Request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.server import ServerProcess

    from aboveboard.telemetry.v1.source_pb2 import Source
    from aboveboard.telemetry.v1.verdict_pb2 import CollectionStatus

USER, DEPLOYMENT, SERVER = Request.SCOPE_USER, Request.SCOPE_DEPLOYMENT, Request.SCOPE_SERVER
ENABLED, DISABLED = Request.PREFERENCE_ENABLED, Request.PREFERENCE_DISABLED
TOKEN = b"tests" * 6 + b"ab"
NO_TOKEN = b""


@contextmanager
def running(server: ServerProcess) -> Iterator[ServerProcess]:
    """Start a server, and end it whatever happens."""
    try:
        server.start()
        yield server
    finally:
        server.kill()


def set_preference(  # noqa: PLR0913  # what a preference is made of
    server: ServerProcess,
    source: Source | None = None,
    scope: Request.Scope.ValueType = Request.SCOPE_UNSPECIFIED,
    preference: Request.Preference.ValueType = Request.PREFERENCE_UNSPECIFIED,
    *,
    token: bytes = TOKEN,
    asked: Request | None = None,
) -> CollectionStatus:
    """Tick the box, or take the tick away; `asked` is a whole request instead."""
    request = asked or Request(source=source, scope=scope, preference=preference, preference_token=token)
    with ingest(server) as stub:
        return stub.SetCollectionPreference(request, timeout=TIMEOUT).collection_status


def opt_out_rows(server: ServerProcess, source: Source, *, in_force: bool = True) -> list[dict[str, Any]]:
    """Return the opt-outs of a server, or of a company, the oldest first."""
    name = source.WhichOneof("origin")
    column = "server_uuid" if name == "server" else "company_id"
    where = f"{column} = ?" + (" AND revoked_at IS NULL" if in_force else "")
    columns = ("opt_out_id", "token_digest", "is_unseen", "revoked_at", "stored_digest")
    rows = server.query(
        f"SELECT {', '.join(columns)} FROM opt_out WHERE {where} ORDER BY created_at, opt_out_id",
        getattr(getattr(source, str(name)), column),
    )
    return [dict(zip(columns, row, strict=True)) for row in rows]


def footprint(server: ServerProcess) -> dict[str, Any]:
    """Return what any change would leave: rows, the epoch, the audit log and the journal."""
    journal = server.key_dir / "journal"
    return {
        "opt_out": server.query("SELECT opt_out_id, epoch, revoked_at FROM opt_out ORDER BY opt_out_id"),
        "epoch": server.query("SELECT epoch FROM ingest_epoch"),
        "audit": server.query("SELECT count(*) FROM audit_entry"),
        "company_key": server.query("SELECT count(*) FROM company_key"),
        "journal": journal.stat().st_size if journal.exists() else 0,
    }
