"""Writes one run's figures into docs/performance.md, between markers, and draws the plot beside it."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks import reading
from benchmarks.bench import FULL
from benchmarks.cores import sentence
from benchmarks.judge import cores, cpu_micros, judge, memory, middle
from benchmarks.plot import draw

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

BEGIN = "<!-- Written by `python -m benchmarks report`; do not edit by hand. -->"
# The load before a run, beyond which others were using the machine.
QUIET = 0.5
END = "<!-- End of what is written. -->"


class MarkerError(Exception):
    """The document does not say where the figures go."""


def write(results: dict[str, Any], document: Path, earlier: Sequence[dict[str, Any]] = ()) -> None:
    """Replace what stands between the markers, and draw the plot anew; `results` are of a run with rounds.

    Runs that went before it, the oldest first, are told beside it, as far as something is required.
    """
    replace(document, BEGIN, _body(results, earlier))
    document.with_suffix(".svg").write_text(draw(results))


def replace(document: Path, begin: str, lines: Iterable[str]) -> None:
    """Replace what stands between a marker and the end of what is written."""
    text = document.read_text()
    if begin not in text or END not in text:
        raise MarkerError(f"{document}: no markers")
    before, _, rest = text.partition(begin)
    after = rest.partition(END)[2]
    body = "\n".join(lines)
    document.write_text(f"{before}{begin}\n\n{body}\n\n{END}{after}")


def _body(results: dict[str, Any], earlier: Sequence[dict[str, Any]]) -> Iterator[str]:
    yield from _machine(results)
    yield from ("", "### Against what is required", "")
    yield from _verdicts(results)
    if earlier:
        yield from ("", "### The same in several runs", "")
        yield from _several([*earlier, results])
    yield from ("", "### Every figure", "")
    yield from _rates(results)
    if results["growth"]:
        yield from ("", "### Growth", "")
        yield from _growth(results["growth"])
    if results["memory"]:
        yield from ("", "### Memory at sustained load", "")
        yield from _memory(results["memory"])


def _machine(results: dict[str, Any]) -> Iterator[str]:
    facts = results["machine"]
    yield (
        f"Measured {facts['when']} at commit {facts['commit']}: {facts['processor']}, {facts['cores']} cores "
        f"shared by server, store and load generator, {facts['memory_gib']} GiB, Linux {facts['kernel']}, "
        f"Python {facts['python']}; {facts['filesystem']}, one fdatasync {facts['fdatasync_p50_ms']:.2f} ms "
        f"(p99 {facts['fdatasync_p99_ms']:.2f}); load before the run {facts['load_before']:.2f}; "
        f"{results['rounds']} rounds."
    )
    if at_once := results.get("cores_at_once"):
        yield ""
        yield sentence(at_once)
    if results["rounds"] < FULL.rounds or facts["load_before"] > QUIET:
        yield ""
        yield "**Not to be relied on:** fewer rounds than a full run has, or others were using the machine."
    yield ""
    for store, settings in facts["stores"].items():
        yield f"{store}: {', '.join(f'{name}={value}' for name, value in settings.items())}."


def _verdicts(results: dict[str, Any]) -> Iterator[str]:
    yield "| what | measured | lowest to highest | required | stretch | |"
    yield "|---|---:|---:|---:|---:|---|"
    for found in judge(results["runs"], results["stores"]):
        stretch = f"{found.stretch:g}" if found.stretch is not None else ""
        measured = f"{found.figure:.2f} | {found.spread} | {found.bound} | {stretch}"
        yield f"| {found.row} | {measured} | {found.verdict} |"


def _several(every: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Tell each run's figures, and the medians over the rounds of all: a run tells of one hour."""
    when = [f"{run['machine']['when'][5:16].replace('T', ' ')}, {run['machine']['commit']}" for run in every]
    yield f"| what is required | {' | '.join(when)} | all rounds | required | met in |"
    yield f"|---|{'---:|' * (len(every) + 3)}"
    found = [{one.row: one for one in judge(run["runs"], run["stores"])} for run in every]
    for row, last in found[-1].items():
        if last.required:
            # What an earlier run did not measure stays empty.
            single = [run.get(row) for run in found]
            measured = [one for one in single if one]
            cells = [f"{one.figure:.2f}" if one else "" for one in single]
            cells.append(f"{median(figure for one in measured for figure in one.figures):.2f}")
            met = f"{sum(one.is_met for one in measured)} of {len(measured)}"
            yield f"| {' | '.join([row, *cells, last.bound, met])} |"


def _rates(results: dict[str, Any]) -> Iterator[str]:
    yield "| contender | events/s | CPU, µs an event | p50 ms | p99 ms | cores | generator's | MiB |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|"
    for name, runs in results["runs"].items():
        cells = [name, f"{middle(runs, 'events_per_second'):,.0f}", f"{median(map(cpu_micros, runs)):.1f}"]
        if "p50_ms" in runs[0]:
            cells += [f"{middle(runs, figure):.2f}" for figure in ("p50_ms", "p99_ms")]
            cells += [f"{median(map(cores, runs)):.2f}", f"{middle(runs, 'generator_cpu'):.2f}"]
            cells.append(f"{middle(runs, 'server_rss_mib'):.0f}")
        yield f"| {' | '.join(cells + [''] * (8 - len(cells)))} |"
    for name, runs in results["runs"].items():
        if "fdatasync_p50_ms" in runs[0]:
            synced = f"{middle(runs, 'fdatasync_p50_ms'):.2f} ms, p99 {middle(runs, 'fdatasync_p99_ms'):.2f}"
            yield ""
            yield f"One fdatasync beside *{name}*, in the same runs: p50 {synced} ms."


def _growth(growth: list[dict[str, Any]]) -> Iterator[str]:
    yield "| store | rows there | events/s | batch p99 ms | find one subject, ms | p99 | its rows |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for at in growth:
        yield (
            f"| {at['store']} | {at['rows']:,} | {at['events_per_second']:,.0f} | {at['batch_p99_ms']:.0f} "
            f"| {at['look_up_p50_ms']:.2f} | {at['look_up_p99_ms']:.2f} | {at['rows_found']:,.0f} |"
        )
    yield ""
    yield f"| {' | '.join(reading.COLUMNS)} |"
    yield f"|---|{'---:|' * (len(reading.COLUMNS) - 1)}"
    for at in growth:
        yield f"| {' | '.join(reading.cells(at))} |"


def _memory(runs: dict[str, dict[str, Any]]) -> Iterator[str]:
    yield "| store | events | highest MiB | shared pages split | growth over the second half, MiB | flat |"
    yield "|---|---:|---:|---:|---:|---|"
    for store, run in runs.items():
        found = memory(run)
        grown = f"{found['growth_mib']:+.1f} | {'yes' if found['flat'] else 'no'}"
        highest = f"{found['highest_mib']:.0f} | {found['proportional_mib']:.0f}"
        yield f"| {store} | {run['events']:,} | {highest} | {grown} |"
