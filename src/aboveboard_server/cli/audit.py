"""`aboveboard admin audit`: who did what, when, and whether the log is whole."""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer

from aboveboard.admin.v1 import audit_pb2
from aboveboard_server.cli.administration import (
    ENDPOINT,
    AsJson,
    Endpoint,
    administrators,
    pages,
    print_json,
    print_table,
    whole_list,
)
from aboveboard_server.cli.audit_chain import faults

if TYPE_CHECKING:
    from collections.abc import Iterable

Verify = Annotated[
    bool, typer.Option("--verify", help="Check the chain of hashes instead; exit code 1 where it is broken.")
]


def audit(*, verify: Verify = False, endpoint: Endpoint = ENDPOINT, as_json: AsJson = False) -> None:
    """List who did what, the newest first."""
    request = audit_pb2.ListAuditEntriesRequest()
    with administrators(endpoint) as stub:
        if verify:
            asked = pages(stub.ListAuditEntries, request)
            _verify(chain.from_iterable(page.audit_entries for page in asked), as_json=as_json)
            return
        whole = whole_list(stub.ListAuditEntries, request)
    if as_json:
        print_json(whole)
        return
    print_table(
        ("id", "recorded (UTC)", "actor", "action", "reference", "details", "subject digest"),
        (
            (
                entry.entry_id,
                entry.recorded_at,
                entry.actor,
                entry.action,
                entry.reference,
                entry.details,
                entry.subject_digest,
            )
            for entry in whole.audit_entries
        ),
    )


def _verify(newest_first: Iterable[audit_pb2.AuditEntry], *, as_json: bool) -> None:
    entries = iter(newest_first)
    newest = next(entries, audit_pb2.AuditEntry())
    found = list(faults(chain([newest] if newest.entry_id else [], entries)))
    newest_hash = newest.hash.hex()
    if as_json:
        told = {"newestEntryId": newest.entry_id, "newestHash": newest_hash, "faults": found}
        typer.echo(json.dumps(told, indent=2))
    else:
        for fault in found:
            typer.echo(fault)
        if not found:
            typer.echo(f"{newest.entry_id} entries, none changed or missing")
            typer.echo(
                f"newest hash {newest_hash}: note it elsewhere, to notice later if entries are cut off"
            )
    if found:
        raise typer.Exit(1)
