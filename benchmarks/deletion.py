"""Shows that what an erasure takes follows the subject's rows, not the rows there are."""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING

from aboveboard.admin.v1 import deletion_pb2 as d
from benchmarks import servers
from benchmarks.events import TYPES
from benchmarks.preload import preload
from benchmarks.probe import process_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.jobs import Result
    from benchmarks.servers import Running
    from benchmarks.stores import Host

SIZES = (50_000, 5_000_000)
QUICK_SIZES = (50_000, 500_000)
# Rows of each company that is erased, and how many are.
ROWS = 10_000
COMPANIES = 3
# Seconds between two looks at whether one is erased, and in which it must be.
LOOK_SECONDS = 0.05
PATIENCE = 600.0
# Nothing is scrubbed meanwhile: it writes the whole file anew, and is no part of erasing.
NO_SCRUBBING = ("--scrub-quiet-seconds", "86400")


def erase(host: Host, sizes: tuple[int, ...], told: Callable[[str], None]) -> Iterator[Result]:
    """Yield what erasing companies of 10,000 rows took, at each size of one store's database."""
    for size in sizes:
        database = host.fresh()
        try:
            told(f"{host.name}: filling to {size:,} rows")
            preload(database.url, 0, size)
            for number in range(COMPANIES):
                host.execute(database, _scattered(number, size))
            host.settle(database)
            told(f"{host.name}: erasing at {size:,} rows")
            with servers.aboveboard(database, arguments=NO_SCRUBBING) as running:
                # What a process needs once is there before the clock starts.
                _erase(running, "nobody")
                runs = [_erase(running, _company(number)) for number in range(COMPANIES)]
        finally:
            host.drop(database)
        yield {
            "store": host.name,
            "rows": size,
            "rows_erased": ROWS,
            "seconds": median(run["seconds"] for run in runs),
            "cpu_seconds": median(run["cpu_seconds"] for run in runs),
        }


def _company(number: int) -> str:
    return f"to-be-erased-{number}"


def _scattered(number: int, size: int) -> list[str]:
    """Return the statements that give a company rows spread evenly over all there are, each alone."""
    name, every = _company(number), size // ROWS
    # Names of the schema and numbers, no value of anyone.
    source = (
        "INSERT INTO source (fingerprint, origin, first_seen_at, last_seen_at, company_id)"  # noqa: S608  # see above
        f" SELECT CAST('{name}' AS {{bytes}}), 'deployment', first_seen_at, last_seen_at, '{name}'"
        " FROM source ORDER BY source_id LIMIT 1"
    )
    numbered = "SELECT event_id, row_number() OVER (ORDER BY event_id) AS place FROM"
    moved = [
        f"UPDATE {table} SET source_id = (SELECT source_id FROM source WHERE company_id = '{name}')"  # noqa: S608  # see above
        " WHERE event_id IN (SELECT event_id FROM"
        f" ({numbered} {table}) AS numbered WHERE place % {every} = {number})"
        for table in TYPES
    ]
    return [source, *moved]


def _erase(running: Running, company_id: str) -> Result:
    """Erase a company; return how long it took by the server's clock, and its processes' CPU time."""
    before = _cpu(running)
    with servers.administrators(running) as stub:
        request = d.CreateDeletionRequest()
        request.subject.company_id = company_id
        done = stub.CreateDeletion(request).deletion
        deadline = time.monotonic() + PATIENCE
        while not done.HasField("erased_at"):
            if time.monotonic() > deadline:
                raise servers.ServerError("the deletion did not end")
            time.sleep(LOOK_SECONDS)
            done = stub.GetDeletion(d.GetDeletionRequest(deletion_id=done.deletion_id)).deletion
    rows = sum(count.rows for count in done.table_counts)
    if company_id != "nobody" and abs(rows - ROWS) > len(TYPES) + 1:
        raise servers.ServerError(f"{rows} rows were erased instead of {ROWS}")
    seconds = (done.erased_at.ToNanoseconds() - done.created_at.ToNanoseconds()) / 1e9
    return {"seconds": seconds, "cpu_seconds": _cpu(running) - before}


def _cpu(running: Running) -> float:
    return sum(usage.cpu_seconds for usage in process_tree(running.pid))
