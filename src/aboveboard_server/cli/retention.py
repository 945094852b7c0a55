"""`aboveboard admin retention …`: how long events live, and the removal of those that have lived so long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from aboveboard.admin.v1 import retention_pb2 as r
from aboveboard_server.cli.administration import (
    ENDPOINT,
    AsJson,
    Endpoint,
    administrators,
    print_json,
    print_table,
    whole_list,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

app = typer.Typer(help="How long events live.", no_args_is_help=True)

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell what would go.")]
EventType = Annotated[str, typer.Argument(help="An event's table, such as test_case_stat.")]
Days = Annotated[int, typer.Argument(min=0, help="45 to 3650; 0 goes back to the default.")]


@app.command("list")
def list_policies(*, endpoint: Endpoint = ENDPOINT, as_json: AsJson = False) -> None:
    """List how long the events of each type live."""
    with administrators(endpoint) as stub:
        whole = whole_list(stub.ListRetentionPolicies, r.ListRetentionPoliciesRequest())
    if as_json:
        print_json(whole)
    else:
        _print(whole.retention_policies)


@app.command("set")
def set_policy(
    event_type: EventType, days: Days, *, endpoint: Endpoint = ENDPOINT, as_json: AsJson = False
) -> None:
    """Change how long the events of one type live; the next sweep obeys it."""
    policy = r.RetentionPolicy(event_type=event_type, retention_days=days)
    with administrators(endpoint) as stub:
        done = stub.UpdateRetentionPolicy(r.UpdateRetentionPolicyRequest(retention_policy=policy))
    if as_json:
        print_json(done)
    else:
        _print([done.retention_policy])


@app.command("enforce")
def enforce(*, endpoint: Endpoint = ENDPOINT, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Remove what has outlived its limit, without waiting for the daily sweep."""
    with administrators(endpoint) as stub:
        done = stub.EnforceRetention(r.EnforceRetentionRequest(validate_only=dry_run))
    if as_json:
        print_json(done)
        return
    print_table(
        ("table", "rows that would go" if dry_run else "rows removed"),
        ((count.table, count.rows) for count in done.table_counts),
    )


def _print(policies: Iterable[r.RetentionPolicy]) -> None:
    print_table(
        ("event type", "days", "default", "changed (UTC)"),
        (
            (policy.event_type, policy.retention_days, policy.default_retention_days, policy.updated_at)
            for policy in policies
        ),
    )
