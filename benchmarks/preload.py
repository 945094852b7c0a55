"""Fills a database with the rows of many sources, past the service: only what comes after is measured."""

from __future__ import annotations

import os
import time

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from aboveboard_server.storage.registry import REGISTRY
from benchmarks import jobs
from benchmarks.jobs import Result, WriteSpec, answer
from benchmarks.stores import SQLITE

# Rows that each source has, however many there are in all: finding one source's touches as many.
ROWS_PER_SOURCE = 1_000
# What is preloaded happened within this time before the run.
HISTORY_MS = 3_600_000
# The number of the first source preloaded: none that the load comes from is among them.
FIRST_SOURCE = 1_000_000


def preload(url: str, there: int, rows: int) -> Result:
    """Bring a database from `there` rows to `rows`, in a process of its own."""
    return jobs.run("preload", WriteSpec(url, events=rows - there), there=there)


def run(raw_spec: dict[str, int | float | str]) -> Result:
    """Do it; the process's side of `preload`."""
    url, there, count = str(raw_spec["database"]), int(raw_spec["there"]), int(raw_spec["events"])
    begun = time.perf_counter()
    if make_url(url).get_backend_name() == SQLITE:
        from benchmarks.preload_sqlite import fill  # noqa: PLC0415  # each store's driver is loaded where it is used
    else:
        from benchmarks.preload_postgres import fill  # noqa: PLC0415  # as above
    fill(url, there, count)
    _register(url)
    # What the kernel still has to write must not be written while something is measured.
    os.sync()
    return {"rows": there + count, "seconds": time.perf_counter() - begun}


def _register(url: str) -> None:
    """Add what the registry knows of the sources that are there."""
    engine = create_engine(url)
    with engine.begin() as connection:
        for table, (keys, names) in (entry for tables in REGISTRY.values() for entry in tables.items()):
            columns = ", ".join(["first_seen_at", "last_seen_at", *keys, *names])
            values = ["min(first_seen_at)", "max(last_seen_at)", *keys, *(f"max({name})" for name in names)]
            # The names are those of the schema.
            statement = (
                f"INSERT INTO {table} ({columns}) SELECT {', '.join(values)} FROM source"  # noqa: S608  # see above
                f" WHERE {keys[-1]} IS NOT NULL GROUP BY {', '.join(keys)} ON CONFLICT DO NOTHING"
            )
            connection.execute(text(statement))
    engine.dispose()


if __name__ == "__main__":
    answer(run)
