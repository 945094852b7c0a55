"""`aboveboard admin deletion …`: whose data is removed, how far that has come, and what proves it."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from aboveboard.admin.v1 import deletion_pb2 as d
from aboveboard.admin.v1.subject_pb2 import Origin
from aboveboard.schema.v1.annotations_pb2 import SubjectKey
from aboveboard_server.cli import enums
from aboveboard_server.cli.administration import (
    ENDPOINT,
    AsJson,
    Endpoint,
    Reference,
    administrators,
    print_json,
    print_table,
    whole_list,
)
from aboveboard_server.cli.enums import name_of
from aboveboard_server.cli.subjects import (
    Company,
    Deployment,
    Server,
    User,
    exact_text,
    subject_of,
    subject_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aboveboard.admin.v1.admin_service_pb2_grpc import AdminServiceStub

app = typer.Typer(help="Removal of everything held on a subject.", no_args_is_help=True)

# Seconds between two looks at how far a deletion has come.
LOOK_SECONDS = 0.2

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Only tell what would go, per table; nothing is removed.")
]
ScrubNow = Annotated[
    bool, typer.Option("--scrub-now", help="Scrub the files at once; writes wait meanwhile.")
]
Wait = Annotated[
    bool, typer.Option("--wait", help="Return once it is erased; with --scrub-now, once it is scrubbed.")
]
DeletionId = Annotated[str, typer.Argument(help="As `list` shows it.")]
State = Annotated[int | None, enums.option(d.Deletion.State, "STATE_", "Keep only deletions in this state.")]


@app.command("create")
def create_deletion(  # noqa: PLR0913  # one parameter for each flag
    *,
    company: Company = "",
    deployment: Deployment = "",
    server: Server = "",
    user: User = "",
    reference: Reference = "",
    also_opt_out: Annotated[
        bool, typer.Option("--also-opt-out", help="Opt the subject out in the same step.")
    ] = False,
    scrub_now: ScrubNow = False,
    dry_run: DryRun = False,
    wait: Wait = False,
    endpoint: Endpoint = ENDPOINT,
    as_json: AsJson = False,
) -> None:
    """Remove everything held on a subject; what it sent before never comes back."""
    request = d.CreateDeletionRequest(
        subject=subject_of(company, deployment, server, user),
        reference=reference,
        request_id="" if dry_run else str(uuid.uuid4()),
        also_opt_out=also_opt_out,
        scrub_now=scrub_now,
        validate_only=dry_run,
    )
    with administrators(endpoint) as stub:
        done = stub.CreateDeletion(request).deletion
        if wait and not dry_run:
            done = _awaited(stub, done, scrubbed=scrub_now)
    _show_one(done, dry_run=dry_run, as_json=as_json)


@app.command("confirm")
def confirm_deletion(  # noqa: PLR0913  # one parameter for each flag
    deletion_id: DeletionId,
    *,
    reference: Reference = "",
    scrub_now: ScrubNow = False,
    dry_run: DryRun = False,
    wait: Wait = False,
    endpoint: Endpoint = ENDPOINT,
    as_json: AsJson = False,
) -> None:
    """Let a deletion begin that a source has asked for."""
    request = d.ConfirmDeletionRequest(
        deletion_id=deletion_id, reference=reference, scrub_now=scrub_now, validate_only=dry_run
    )
    with administrators(endpoint) as stub:
        done = stub.ConfirmDeletion(request).deletion
        if wait and not dry_run:
            done = _awaited(stub, done, scrubbed=scrub_now)
    _show_one(done, dry_run=dry_run, as_json=as_json)


@app.command("reject")
def reject_deletion(
    deletion_id: DeletionId,
    *,
    reason: Annotated[
        str, typer.Option("--reason", help="Why; kept with the deletion, and must not name the subject.")
    ] = "",
    reference: Reference = "",
    endpoint: Endpoint = ENDPOINT,
    as_json: AsJson = False,
) -> None:
    """End a deletion that waits, without removing anything."""
    request = d.RejectDeletionRequest(deletion_id=deletion_id, reason=reason, reference=reference)
    with administrators(endpoint) as stub:
        done = stub.RejectDeletion(request).deletion
    _show_one(done, as_json=as_json)


@app.command("get")
def get_deletion(deletion_id: DeletionId, *, endpoint: Endpoint = ENDPOINT, as_json: AsJson = False) -> None:
    """Show how far a deletion has come, and what it has removed. --json holds its receipt."""
    with administrators(endpoint) as stub:
        found = stub.GetDeletion(d.GetDeletionRequest(deletion_id=deletion_id)).deletion
    _show_one(found, as_json=as_json)


@app.command("list")
def list_deletions(*, state: State = None, endpoint: Endpoint = ENDPOINT, as_json: AsJson = False) -> None:
    """List deletions, the newest first."""
    request = d.ListDeletionsRequest(state=d.Deletion.State.ValueType(state or 0))
    with administrators(endpoint) as stub:
        whole = whole_list(stub.ListDeletions, request)
    if as_json:
        print_json(whole)
        return
    _show(whole.deletions)


def _awaited(stub: AdminServiceStub, deletion: d.Deletion, *, scrubbed: bool) -> d.Deletion:
    """Return a deletion once it is erased, or once it has its receipt; show on stderr how far it has come."""
    request = d.GetDeletionRequest(deletion_id=deletion.deletion_id)
    with Console(stderr=True).status("") as status:
        while not deletion.HasField("receipt" if scrubbed else "erased_at"):
            rows = sum(count.rows for count in deletion.table_counts)
            state = name_of(d.Deletion.State, deletion.state, "STATE_")
            status.update(f"{state}: {rows:,} rows removed")
            time.sleep(LOOK_SECONDS)
            deletion = stub.GetDeletion(request).deletion
    return deletion


def _show_one(deletion: d.Deletion, *, as_json: bool, dry_run: bool = False) -> None:
    if as_json:
        print_json(deletion)
        return
    if not dry_run:
        _show([deletion])
    print_table(
        ("table", "rows that would go" if dry_run else "rows removed"),
        [(count.table, f"{count.rows:,}") for count in deletion.table_counts],
    )
    if deletion.neighbours:
        # Without the cut of a table's cell: each is shown to its last character.
        typer.echo("Held too, and left alone; they differ only by case, Unicode form or white space:")
        for neighbour in deletion.neighbours:
            typer.echo(f"  {exact_text(neighbour)}")


def _show(deletions: Iterable[d.Deletion]) -> None:
    print_table(
        (
            *("id", "kind", "subject", "reference", "asked by", "state", "rows"),
            *("cut-off (UTC)", "erased (UTC)", "scrubbed (UTC)", "lapses or ended (UTC)"),
        ),
        (
            (
                deletion.deletion_id,
                name_of(SubjectKey, deletion.subject_kind, "SUBJECT_KEY_"),
                subject_text(deletion.subject),
                deletion.reference,
                name_of(Origin, deletion.origin, "ORIGIN_"),
                name_of(d.Deletion.State, deletion.state, "STATE_"),
                f"{sum(count.rows for count in deletion.table_counts):,}",
                deletion.cut_off_at,
                deletion.erased_at,
                deletion.scrubbed_at,
                deletion.ended_at if deletion.HasField("ended_at") else deletion.lapses_at,
            )
            for deletion in deletions
        ),
    )
