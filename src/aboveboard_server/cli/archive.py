"""`aboveboard admin archive …`: what remains of the months that have been released."""

from __future__ import annotations

from typing import Annotated

import typer

from aboveboard.admin.v1 import archive_pb2 as a
from aboveboard.event.v1.change_type_pb2 import ChangeType
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

app = typer.Typer(help="Released months.", no_args_is_help=True)

Month = Annotated[str, typer.Option(metavar="YYYY-MM", help="Itself included.")]


@app.command("list")
def list_archived(
    *,
    min_month: Month = "",
    max_month: Month = "",
    event_type: Annotated[str, typer.Option(help="Keep only this event type.")] = "",
    endpoint: Endpoint = ENDPOINT,
    as_json: AsJson = False,
) -> None:
    """List the archive, the newest month first; ± is the noise's standard deviation (docs/archive.md)."""
    request = a.ListArchivedAggregatesRequest(min_month=min_month, max_month=max_month, event_type=event_type)
    with administrators(endpoint) as stub:
        whole = whole_list(stub.ListArchivedAggregates, request)
    if as_json:
        print_json(whole)
        return
    print_table(
        ("month", "event type", "change", "solution", "events", "contributors", "epsilon", "released (UTC)"),
        (
            (
                cell.month,
                cell.event_type,
                name_of(ChangeType, cell.change_type, "CHANGE_TYPE_") if cell.change_type else "",
                cell.solution,
                f"{cell.count:,} ± {cell.count_expected_error:,.0f}",
                f"{cell.contributors:,} ± {cell.contributors_expected_error:,.0f}",
                f"{cell.epsilon:g}",
                cell.released_at,
            )
            for cell in whole.archived_aggregates
        ),
    )
