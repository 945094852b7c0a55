"""The result in the terminal."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from benchmarks import reading
from benchmarks.cores import sentence
from benchmarks.judge import cores, cpu_micros, judge, memory, middle

if TYPE_CHECKING:
    from rich.console import Console

COLOURS = {"not met": "red", "met": "green", "stretch met": "bold green"}


def show(console: Console, results: dict[str, Any]) -> None:
    """Print everything a run found; `load` is the load generator's share of a core."""
    if results["runs"]:
        console.print(_rates(results), _verdicts(results))
        console.print(sentence(results["cores_at_once"]))
    if results["growth"]:
        console.print(_growth(results), _reading(results))
    if results.get("deletion"):
        console.print(_deletion(results))
    if results.get("flood"):
        console.print(_flood(results))
    for store, run in results["memory"].items():
        found = memory(run)
        console.print(
            f"memory, {store}: {found['highest_mib']:.0f} MiB at most over {run['events']:,} events "
            f"({found['proportional_mib']:.0f} with shared pages split among their processes), "
            f"{found['growth_mib']:+.1f} MiB over the second half"
        )


def _rates(results: dict[str, Any]) -> Table:
    table = Table(
        title=f"Medians of {results['rounds']} rounds",
        title_justify="left",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    for name in ("contender", "events/s", "CPU µs", "p50 ms", "p99 ms", "cores", "load", "MiB"):
        words = name == "contender"
        table.add_column(name, justify="left" if words else "right", no_wrap=not words)
    for name, runs in results["runs"].items():
        row = [name, f"{middle(runs, 'events_per_second'):,.0f}", f"{median(map(cpu_micros, runs)):.1f}"]
        if "p50_ms" in runs[0]:
            row += [f"{middle(runs, figure):.2f}" for figure in ("p50_ms", "p99_ms")]
            row += [f"{median(map(cores, runs)):.2f}", f"{middle(runs, 'generator_cpu'):.2f}"]
            row.append(f"{middle(runs, 'server_rss_mib'):.0f}")
        table.add_row(*row)
    return table


def _verdicts(results: dict[str, Any]) -> Table:
    table = Table(title="Within each round", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("what", "figure", "range", "required", "stretch", ""):
        words = name in {"what", ""}
        table.add_column(name, justify="left" if words else "right", no_wrap=name != "what")
    for found in judge(results["runs"], results["stores"]):
        colour = COLOURS.get(found.verdict, "dim")
        table.add_row(
            found.row,
            f"{found.figure:.2f}",
            found.spread,
            found.bound,
            f"{found.stretch:g}" if found.stretch is not None else "",
            f"[{colour}]{found.verdict}[/]",
        )
    return table


def _growth(results: dict[str, Any]) -> Table:
    table = Table(title="Growth", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("store", "rows there", "events/s", "batch p99 ms", "find one subject, ms", "its rows"):
        table.add_column(name, justify="left" if name == "store" else "right")
    for at in results["growth"]:
        table.add_row(
            at["store"],
            f"{at['rows']:,}",
            f"{at['events_per_second']:,.0f}",
            f"{at['batch_p99_ms']:.0f}",
            f"{at['look_up_p50_ms']:.1f}",
            f"{at['rows_found']:,.0f}",
        )
    return table


def _deletion(results: dict[str, Any]) -> Table:
    table = Table(title="Erasing", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("store", "rows there", "rows erased", "until erased, s", "CPU s", "as long as at first"):
        table.add_column(name, justify="left" if name == "store" else "right")
    first: dict[str, float] = {}
    for at in results["deletion"]:
        seconds = at["seconds"]
        ratio = seconds / first.setdefault(at["store"], seconds)
        table.add_row(
            at["store"],
            f"{at['rows']:,}",
            f"{at['rows_erased']:,}",
            f"{seconds:.2f}",
            f"{at['cpu_seconds']:.2f}",
            f"{ratio:.2f} x",
        )
    return table


def _flood(results: dict[str, Any]) -> Table:
    title = "Publishing beside a flood of SetCollectionPreference"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("store", "alone, events/s", "beside it", "kept", "required", "answered"):
        table.add_column(name, justify="left" if name in {"store", "answered"} else "right")
    for at in results["flood"]:
        table.add_row(
            at["store"],
            f"{at['alone']:,.0f}",
            f"{at['beside']:,.0f}",
            f"{at['kept']:.2f}",
            f"≥ {at['required']:g}",
            ", ".join(f"{code} {count:,}" for code, count in sorted(at["answered"].items())),
        )
    return table


def _reading(results: dict[str, Any]) -> Table:
    table = Table(title="Reading", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in reading.COLUMNS:
        table.add_column(name, justify="left" if name == "store" else "right")
    for at in results["growth"]:
        table.add_row(*reading.cells(at))
    return table
