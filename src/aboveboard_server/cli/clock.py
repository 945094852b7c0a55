"""`aboveboard admin clock …`: whether the server's clock is plausible, and that it is right."""

from __future__ import annotations

import time

import typer

from aboveboard.admin.v1 import clock_pb2 as c
from aboveboard_server.cli.administration import (
    ENDPOINT,
    AsJson,
    Endpoint,
    Reference,
    administrators,
    print_json,
    print_table,
)

app = typer.Typer(help="The server's clock.", no_args_is_help=True)


@app.command("show")
def show(*, endpoint: Endpoint = ENDPOINT, as_json: AsJson = False) -> None:
    """Show what the server's clock says, whether it is suspect, and what waits for it."""
    with administrators(endpoint) as stub:
        found = stub.GetClock(c.GetClockRequest())
    if as_json:
        print_json(found)
    else:
        _print(found.clock)


@app.command("accept")
def accept(*, endpoint: Endpoint = ENDPOINT, reference: Reference = "", as_json: AsJson = False) -> None:
    """Take the server's clock for right: it must agree with the clock of this machine.

    What was held back goes on; cut-offs that lie in the future are set back to now.
    """
    request = c.AcceptClockRequest(reference=reference)
    request.time.FromNanoseconds(time.time_ns())
    with administrators(endpoint) as stub:
        done = stub.AcceptClock(request)
    if as_json:
        print_json(done)
        return
    _print(done.clock)
    typer.echo(f"cut-offs set back to now: {done.rewritten_cut_offs}")


def _print(clock: c.Clock) -> None:
    suspicion = c.Clock.Suspicion.Name(clock.suspicion).removeprefix("SUSPICION_")
    print_table(
        ("", ""),
        [
            ("suspect", suspicion if clock.suspicion else "no"),
            ("suspect since (UTC)", clock.suspect_since),
            ("server's clock (UTC)", clock.server_time),
            ("database's clock (UTC)", clock.database_time),
            ("newest time kept (UTC)", clock.newest_time),
            ("synchronised, says the kernel", "yes" if clock.is_synchronised else "no"),
            ("cut-offs in the future", clock.future_cut_offs),
            ("rows received in the future", clock.future_rows),
            ("deletions that wait for the clock", clock.waiting_deletions),
        ],
    )
