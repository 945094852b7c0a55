"""`python -m benchmarks`: run, growth, deletion, flood, report, archive."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks import archive, flood, machine, report, rounds, tables
from benchmarks.bench import FULL, QUICK, Bench
from benchmarks.contenders import contenders
from benchmarks.deletion import QUICK_SIZES as DELETION_QUICK_SIZES
from benchmarks.deletion import SIZES as DELETION_SIZES
from benchmarks.deletion import erase
from benchmarks.growth import QUICK_SIZES, SIZES, grow
from benchmarks.stores import POSTGRES, SQLITE, Host, SqliteHost

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.contenders import Contender
    from benchmarks.jobs import Result

RESULTS = Path(__file__).with_name("results")
DOCUMENT = Path(__file__).parent.parent / "docs" / "performance.md"
ARCHIVE = DOCUMENT.with_name("archive.md")
# Events of the run that watches the server's memory.
SUSTAINED = 5_000_000

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
console = Console()

Quick = Annotated[bool, typer.Option("--quick", help="One short round of what matters most, under a minute.")]
Stores = Annotated[list[str], typer.Option("--store", help="sqlite, postgres; both unless said.")]
Folder = Annotated[Path, typer.Option(help="Where databases are made: a real disk.")]
Required = Annotated[
    bool, typer.Option("--required", help="Measure in full only what is held against a requirement.")
]
Rounds = Annotated[int, typer.Option("--rounds", min=0, help="Rounds; 0 for the usual number.")]
Only = Annotated[str, typer.Option(help="Measure only contenders whose name holds this.")]
EVERY_STORE = [SQLITE, POSTGRES]
TEMPORARY = Path(tempfile.gettempdir())


@app.command()
def run(  # noqa: PLR0913 - a command's options are its arguments.
    *,
    quick: Quick = False,
    required: Required = False,
    count: Rounds = 0,
    store: Stores = EVERY_STORE,
    folder: Folder = TEMPORARY,
    only: Only = "",
) -> None:
    """Measure everything: rounds, growth, memory; show it and keep it as JSON."""
    scale = QUICK if quick else FULL
    scale = replace(scale, rounds=count or scale.rounds)
    with _hosts(folder, store) as (work, hosts), _kept(work, hosts) as results, _progress() as progress:
        bench = Bench(work, hosts, scale)
        few = quick or required
        chosen = [one for one in contenders(store) if only in one.name and (one.quick or not few)]
        results["rounds"] = scale.rounds
        _rounds(bench, chosen, results, progress)
        if not (few or only):
            _growth(hosts, work, SIZES, results, progress)
            for name, host in hosts.items():
                results["memory"][name] = bench.sustained(host, SUSTAINED)


@app.command()
def growth(*, quick: Quick = False, store: Stores = EVERY_STORE, folder: Folder = TEMPORARY) -> None:
    """Measure growth alone: rate, p99 and finding one subject's rows at 10 k, 1 M and 10 M rows."""
    with _hosts(folder, store) as (work, hosts), _kept(work, hosts) as results, _progress() as progress:
        _growth(hosts, work, QUICK_SIZES if quick else SIZES, results, progress)


@app.command()
def deletion(*, quick: Quick = False, store: Stores = EVERY_STORE, folder: Folder = TEMPORARY) -> None:
    """Measure erasing alone: companies of 10,000 rows among 50 k and 5 M."""
    sizes = DELETION_QUICK_SIZES if quick else DELETION_SIZES
    with _hosts(folder, store) as (work, hosts), _kept(work, hosts) as results, _progress() as progress:
        bar = progress.add_task("", total=len(hosts) * len(sizes))
        for host in hosts.values():
            for at in erase(host, sizes, lambda text: progress.update(bar, description=text)):
                progress.advance(bar)
                results["deletion"].append(at)


@app.command("flood")
def beside_a_flood(*, store: Stores = EVERY_STORE, folder: Folder = TEMPORARY) -> None:
    """Measure publishing beside a flood of SetCollectionPreference: it must keep 0.7 of its rate."""
    with _hosts(folder, store) as (work, hosts), _kept(work, hosts) as results, _progress() as progress:
        bar = progress.add_task("", total=len(hosts))
        for host in hosts.values():
            found = flood.measure(host, work, lambda text: progress.update(bar, description=text))
            results["flood"].append(found)
            progress.advance(bar)


@app.command("report")
def write_report(results: list[Path], document: Path = DOCUMENT) -> None:
    """Write the last of these runs, its tables and plot, into the documentation; beside it, the others."""
    every = [json.loads(file.read_text()) for file in results]
    for file, found in zip(results, every, strict=True):
        if not found["runs"]:
            raise typer.BadParameter(f"{file} is of no `run`: nothing in it is held against a requirement")
    *earlier, last = every
    report.write(last, document, earlier)
    console.print(f"{document} and {document.with_suffix('.svg')} tell of {results[-1]}")


@app.command("archive")
def write_archive(document: Path = ARCHIVE) -> None:
    """Simulate the archive's releases, and write what privacy costs into the documentation."""
    archive.write(list(archive.table()), document)
    console.print(f"{document} tells of it")


def _rounds(bench: Bench, chosen: list[Contender], results: dict[str, Any], progress: Progress) -> None:
    count = results["rounds"]
    bar = progress.add_task("", total=count * len(chosen))

    def told(number: int, contender: Contender, result: Result | None) -> None:
        if result is None:
            progress.update(bar, description=f"round {number + 1} of {count}: {contender.name}")
        else:
            progress.advance(bar)
            progress.console.print(f"{contender.name:48}{result['events_per_second']:12,.0f} events/s")

    rounds.play(bench, chosen, count, results, told)


def _growth(
    hosts: dict[str, Host], work: Path, sizes: tuple[int, ...], results: dict[str, Any], progress: Progress
) -> None:
    bar = progress.add_task("", total=len(hosts) * len(sizes))
    for host in hosts.values():
        for at in grow(host, work, sizes, lambda text: progress.update(bar, description=text)):
            progress.advance(bar)
            results["growth"].append(at)


@contextlib.contextmanager
def _hosts(folder: Path, stores: list[str]) -> Iterator[tuple[Path, dict[str, Host]]]:
    """Lend a folder and the stores, and leave nothing of them behind."""
    if machine.filesystem(folder) in machine.NOT_DURABLE:
        raise typer.BadParameter(f"{folder} is memory, not a disk: give another with --folder")
    work = Path(tempfile.mkdtemp(prefix="aboveboard-bench-", dir=folder))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, work, ignore_errors=True)
        hosts: dict[str, Host] = {}
        for name in stores:
            hosts[name] = host = _host(name, work)
            stack.callback(host.stop)
        yield work, hosts


def _host(name: str, work: Path) -> Host:
    if name == SQLITE:
        return SqliteHost(work)
    if name != POSTGRES:
        raise typer.BadParameter(f"{name} is no store")
    from benchmarks.stores_postgres import PostgresHost  # noqa: PLC0415  # its packages load only where it is used

    return PostgresHost(work)


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    return Progress(*columns, TimeElapsedColumn(), console=console)


@contextlib.contextmanager
def _kept(work: Path, hosts: dict[str, Host]) -> Iterator[dict[str, Any]]:
    """Lend what a run fills in; show and keep it at the end, as far as it came."""
    facts = machine.describe(work, hosts.values())
    results: dict[str, Any] = {"machine": facts, "stores": list(hosts), "rounds": 0}
    results |= {"runs": {}, "cores_at_once": [], "growth": [], "deletion": [], "flood": [], "memory": {}}
    try:
        yield results
    finally:
        tables.show(console, results)
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{time.strftime('%Y%m%dT%H%M%S')}.json"
        path.write_text(json.dumps(results, indent=1))
        console.print(f"kept in {path}; for the docs: python -m benchmarks report {path}", soft_wrap=True)


if __name__ == "__main__":
    app()
