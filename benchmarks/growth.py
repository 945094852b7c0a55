"""Shows that cost follows the rows touched, not the rows there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import jobs, reading, servers
from benchmarks.jobs import IN_FLIGHT, LoadSpec
from benchmarks.preload import FIRST_SOURCE, ROWS_PER_SOURCE, preload
from benchmarks.probe import percentile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from benchmarks.jobs import Result
    from benchmarks.stores import Database, Host

SIZES = (10_000, 1_000_000, 10_000_000)
QUICK_SIZES = (10_000, 200_000)
# What is sent at each size, and how many subjects are looked up.
EVENTS = 240_000
SECONDS = 8.0
LOOK_UPS = 50
# How many of them are exported.
EXPORTS = 20


def grow(host: Host, folder: Path, sizes: tuple[int, ...], told: Callable[[str], None]) -> Iterator[Result]:
    """Yield what was measured at each size of one store's database."""
    database = host.fresh()
    there = 0
    try:
        for size in sizes:
            told(f"{host.name}: filling to {size:,} rows")
            preload(database.url, there, size)
            told(f"{host.name}: at {size:,} rows")
            yield _at(host, database, folder, size)
            there = size
    finally:
        host.drop(database)


def _at(host: Host, database: Database, folder: Path, size: int) -> Result:
    look_ups = [host.find(database, number) for number in _subjects(size)]
    with servers.aboveboard(database, host.workers) as running:
        spec = LoadSpec(
            running.address,
            running.pid,
            str(folder),
            events=EVENTS,
            seconds=SECONDS,
            in_flight=IN_FLIGHT * host.workers,
            channels=jobs.channels(host.workers),
        )
        load = jobs.run("load", spec)
        read = reading.read(running, _subjects(size)[:EXPORTS])
    return {
        "store": host.name,
        "rows": size,
        "events_per_second": load["events_per_second"],
        "batch_p99_ms": load["p99_ms"],
        "look_up_p50_ms": percentile([took for took, _ in look_ups], 0.5),
        "look_up_p99_ms": percentile([took for took, _ in look_ups], 0.99),
        "rows_found": sum(found for _, found in look_ups) / len(look_ups),
    } | read


def _subjects(size: int) -> list[int]:
    """Return the numbers of the sources to look for: companies, spread over all there are."""
    count = size // ROWS_PER_SOURCE
    return [FIRST_SOURCE + (position * count // LOOK_UPS) // 2 * 2 + 1 for position in range(LOOK_UPS)]
