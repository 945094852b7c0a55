"""`aboveboard demo`: a simulated fleet that sends to a running server, and a summary of what became of it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from aboveboard_server.cli.connection import Ca, Cert, CertKey, Plaintext, Security
from aboveboard_server.cli.credentials import WriteKeyFile, with_token, write_key
from aboveboard_server.cli.errors import readable_errors
from aboveboard_server.cli.fleet import Population, requests
from aboveboard_server.cli.send import DEFAULT_ENDPOINT, Endpoint
from aboveboard_server.cli.senders import Tally, send_all

if TYPE_CHECKING:
    import grpc

OUTCOMES = ("ACCEPTED", "DUPLICATE", "REJECTED", "QUARANTINED", "OPTED_OUT", "SUBJECT_ERASED")
ALWAYS_SHOWN = ("ACCEPTED", "DUPLICATE")


def demo(  # noqa: PLR0913 - a command's options are its arguments.
    *,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    servers: Annotated[int, typer.Option(min=0, max=100_000, help="Self-hosted servers.")] = 20,
    tabs: Annotated[int, typer.Option(min=0, max=100_000, help="Browser tabs.")] = 60,
    events: Annotated[int, typer.Option(min=1, max=100_000_000, help="Events, all together.")] = 10_000,
    days: Annotated[int, typer.Option(min=1, max=3650, help="Days over which they occur.")] = 7,
    end: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day (UTC) at whose beginning they end; today."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed and end send the same events again.")] = 1,
    senders: Annotated[int, typer.Option(min=1, max=64, help="Requests on their way at once.")] = 8,
    write_key_file: WriteKeyFile = None,
    ca: Ca = None,
    cert: Cert = None,
    cert_key: CertKey = None,
    plaintext: Plaintext = False,
) -> None:
    """Let a simulated fleet send to a running server, then show what became of it.

    Run twice on one day, it sends the same events twice, ids included, and they are answered DUPLICATE.
    """
    if not servers + tabs:
        raise typer.BadParameter("somebody must send: --servers or --tabs")
    until = (end or datetime.now(UTC)).date()
    key = write_key(write_key_file)
    population = Population(servers, tabs, days, events, seed, until)
    console = Console()
    console.print(
        f"{servers} servers and {tabs} browser tabs send {events:,} events of the {days} days before {until} "
        f"to {endpoint} (seed {seed})",
        highlight=False,
        markup=False,
    )
    with Security(ca, cert, cert_key, plaintext).channel(endpoint) as channel, readable_errors(endpoint):
        tally, seconds = _run(population, with_token(channel, key), senders, console)
    console.print(summary(tally))
    console.print(closing_words(tally, seconds), highlight=False, markup=False)
    if tally.outcome("REJECTED") or tally.miscounted:
        raise typer.Exit(1)


def _run(
    population: Population, channel: grpc.Channel, senders: int, console: Console
) -> tuple[Tally, float]:
    """Send everything under a progress bar; return the tally and how long it took."""
    bar = Progress(
        TextColumn("sending"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:,.0f}/s"),
        TimeElapsedColumn(),
        console=console,
    )
    with bar:
        task = bar.add_task("send", total=population.events, rate=0.0)
        begin = time.monotonic()

        def show(done: int) -> None:
            bar.update(task, completed=done, rate=done / max(time.monotonic() - begin, 1e-9))

        tally = send_all(channel, requests(population), senders, show)
        return tally, time.monotonic() - begin


def summary(tally: Tally) -> Table:
    """Return the table: how many events of each type were sent, and what became of them."""
    shown = [name for name in OUTCOMES if name in ALWAYS_SHOWN or tally.outcome(name)]
    shown += sorted(tally.outcomes() - set(OUTCOMES))
    table = Table("event", show_footer=True)
    table.columns[0].footer = "all"
    table.add_column("sent", f"{tally.sent():,}", justify="right")
    for name in shown:
        heading = name.lower().replace("_", " ")
        table.add_column(heading, f"{tally.outcome(name):,}", justify="right")
    for event in tally.events():
        counts = [tally.sent(event), *(tally.outcome(name, event) for name in shown)]
        table.add_row(event, *(f"{count:,}" if count else "·" for count in counts))
    return table


def closing_words(tally: Tally, seconds: float) -> str:
    """Say how long it took, how fast it was, and what to make of it."""
    rate = tally.sent() / max(seconds, 1e-9)
    lines = [f"{tally.sent():,} events in {tally.requests:,} requests, {seconds:.1f} s, {rate:,.0f} events/s"]
    if tally.outcome("DUPLICATE") == tally.sent():
        lines.append("Every event was held already: this seed has been sent before. Try another --seed.")
    elif tally.outcome("DUPLICATE"):
        lines.append("Duplicates were held already: some of this seed has been sent before.")
    if tally.retries:
        lines.append(f"{tally.retries:,} requests were sent again because the server asked for it.")
    if tally.disabled_sources:
        lines.append(f"{tally.disabled_sources:,} sources were told to stop: they have opted out.")
    if tally.miscounted:
        lines.append(f"{tally.miscounted:,} answers count as accepted what their verdicts do not leave.")
    lines += [f"REJECTED for {rule}: {count:,}" for rule, count in tally.rejections.most_common()]
    return "\n".join(lines)
