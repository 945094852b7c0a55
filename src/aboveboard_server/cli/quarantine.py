"""`aboveboard admin quarantine …`: what newer clients have sent."""

from __future__ import annotations

from typing import Annotated

import typer

from aboveboard.admin.v1 import quarantine_pb2 as q
from aboveboard.telemetry.v1.verdict_pb2 import RejectionReason
from aboveboard_server.cli.administration import (
    ENDPOINT,
    AsJson,
    Endpoint,
    administrators,
    print_json,
    print_table,
    whole_list,
)
from aboveboard_server.cli.enums import name_of

app = typer.Typer(help="Events from newer clients.", no_args_is_help=True)

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell what would become of them.")]


@app.command("list")
def list_quarantined(*, endpoint: Endpoint = ENDPOINT, as_json: AsJson = False) -> None:
    """List quarantined events, the newest first."""
    with administrators(endpoint) as stub:
        whole = whole_list(stub.ListQuarantinedEvents, q.ListQuarantinedEventsRequest())
    if as_json:
        print_json(whole)
        return
    print_table(
        ("id", "event field", "event id", "bytes", "received (UTC)", "reason"),
        (
            (
                event.quarantined_event_id,
                event.event_field_number,
                event.event_id,
                event.size_bytes,
                event.received_at,
                name_of(RejectionReason, event.reason, "REJECTION_REASON_"),
            )
            for event in whole.quarantined_events
        ),
    )


@app.command("replay")
def replay_quarantined(
    *, endpoint: Endpoint = ENDPOINT, dry_run: DryRun = False, as_json: AsJson = False
) -> None:
    """Take in the quarantined events that the server knows by now."""
    with administrators(endpoint) as stub:
        done = stub.ReplayQuarantinedEvents(q.ReplayQuarantinedEventsRequest(validate_only=dry_run))
    if as_json:
        print_json(done)
        return
    print_table(
        ("what became of them", "would be events" if dry_run else "events"),
        (
            (field.name.removesuffix("_count").replace("_", " "), getattr(done, field.name))
            for field in done.DESCRIPTOR.fields
        ),
    )
