"""`aboveboard admin …`: speaks to AdminService, never to the database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import grpc
import typer
from google.protobuf.json_format import MessageToJson
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aboveboard.admin.v1 import admin_service_pb2_grpc as stubs
from aboveboard.admin.v1 import loss_pb2
from aboveboard.admin.v1 import quarantine_pb2 as q
from aboveboard.telemetry.v1.verdict_pb2 import RejectionReason
from aboveboard_server.cli import receipt
from aboveboard_server.cli.errors import readable_errors

if TYPE_CHECKING:
    from google.protobuf.message import Message

app = typer.Typer(help="What administrators do.", no_args_is_help=True)
quarantine = typer.Typer(help="Events from newer clients.", no_args_is_help=True)
app.add_typer(quarantine, name="quarantine")
app.add_typer(receipt.app, name="receipt")

Endpoint = Annotated[
    str, typer.Option(envvar="ABOVEBOARD_ADMIN_ENDPOINT", help="The administrators' listener, HOST:PORT.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON, for machines.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell what would become of them.")]
ENDPOINT = "127.0.0.1:50052"
PAGE = 1_000


@quarantine.command("list")
def list_quarantined(endpoint: Endpoint = ENDPOINT, as_json: AsJson = False) -> None:  # noqa: FBT002  # a flag
    """List quarantined events, the newest first."""
    with readable_errors(), grpc.insecure_channel(endpoint) as channel:
        stub = stubs.AdminServiceStub(channel)
        whole = q.ListQuarantinedEventsResponse()
        token = ""
        while True:
            request = q.ListQuarantinedEventsRequest(page_size=PAGE, page_token=token)
            page = stub.ListQuarantinedEvents(request)
            whole.quarantined_events.extend(page.quarantined_events)
            token = page.next_page_token
            if not token:
                break
    if as_json:
        _print_json(whole)
        return
    table = Table("id", "event field", "event id", "bytes", "received (UTC)", "reason")
    for event in whole.quarantined_events:
        received_at = datetime.fromtimestamp(event.received_at.ToMilliseconds() / 1000, UTC)
        table.add_row(
            str(event.quarantined_event_id),
            str(event.event_field_number),
            event.event_id,
            str(event.size_bytes),
            f"{received_at:%Y-%m-%d %H:%M:%S}",
            RejectionReason.Name(event.reason).removeprefix("REJECTION_REASON_"),
        )
    Console().print(table)


@quarantine.command("replay")
def replay_quarantined(
    endpoint: Endpoint = ENDPOINT,
    dry_run: DryRun = False,  # noqa: FBT002  # a flag
    as_json: AsJson = False,  # noqa: FBT002  # a flag
) -> None:
    """Take in the quarantined events that the server knows by now."""
    with readable_errors(), grpc.insecure_channel(endpoint) as channel:
        request = q.ReplayQuarantinedEventsRequest(validate_only=dry_run)
        done = stubs.AdminServiceStub(channel).ReplayQuarantinedEvents(request)
    if as_json:
        _print_json(done)
        return
    table = Table("what became of them", "would be events" if dry_run else "events")
    for field in done.DESCRIPTOR.fields:
        table.add_row(field.name.removesuffix("_count").replace("_", " "), str(getattr(done, field.name)))
    Console().print(table)


@app.command("loss")
def estimate_loss(
    solution: Annotated[str, typer.Option(help="Keep only this product.")] = "",
    days: Annotated[int, typer.Option(help="How many days to look at, today (UTC) included.")] = 30,
    endpoint: Endpoint = ENDPOINT,
    as_json: AsJson = False,  # noqa: FBT002  # a flag
) -> None:
    """Estimate how many events never arrived, for each product and day: a lower bound (docs/browser.md)."""
    with readable_errors(), grpc.insecure_channel(endpoint) as channel:
        stub = stubs.AdminServiceStub(channel)
        whole = loss_pb2.EstimateLossResponse()
        request = loss_pb2.EstimateLossRequest(page_size=PAGE, solution=solution, days=days)
        while True:
            page = stub.EstimateLoss(request)
            whole.estimates.extend(page.estimates)
            request.page_token = page.next_page_token
            if not request.page_token:
                break
    if as_json:
        _print_json(whole)
        return
    table = Table("day (UTC)", "solution", "instances", "arrived", "missing", "lost", "left out")
    for estimate in whole.estimates:
        sent = estimate.received_count + estimate.missing_count
        table.add_row(
            estimate.day,
            escape(estimate.solution),
            str(estimate.instance_count),
            str(estimate.received_count),
            str(estimate.missing_count),
            f"{estimate.missing_count / sent:.2%}" if sent else "",
            str(estimate.excluded_instance_count),
        )
    Console().print(table)


def _print_json(message: Message) -> None:
    typer.echo(MessageToJson(message, always_print_fields_with_no_presence=True))
