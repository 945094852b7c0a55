"""Five million events in one go: what the server holds does not grow with what it has stored."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

import pytest
from benchmarks import jobs
from benchmarks.jobs import LoadSpec
from tests.support.on_postgres import server_on

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.postgres import PostgresServer
    from tests.support.server import ServerProcess

EVENTS = 5_000_000
# Long enough for a slow machine; the run ends with its last event.
SECONDS = 500.0
# MiB that it may hold more at the end: allocators and caches settle, a leak of 16 bytes an event takes 60.
SETTLING = 24

pytestmark = [pytest.mark.fault(seconds=120), pytest.mark.timeout(900)]


@pytest.fixture(params=["sqlite", "postgres"])
def server(
    request: pytest.FixtureRequest, tmp_path: Path, postgres: PostgresServer
) -> Iterator[ServerProcess]:
    process = server_on(request.param, tmp_path, postgres, workers=2)
    process.start()
    yield process
    process.kill()


def test_memory_is_flat_over_five_million_events(server: ServerProcess, tmp_path: Path) -> None:
    """After the first fifth it grows no more; every event is new and is accepted, as the generator checks."""
    load = LoadSpec(
        server.ingest_address,
        server.pid,
        str(tmp_path),
        events=EVENTS,
        seconds=SECONDS,
        channels=16,
        lazy=True,
    )
    result = jobs.run("load", load)
    assert result["events"] == EVENTS
    held = result["memory_mib"]
    fifth = len(held) // 5
    early, late = median(held[fifth : 2 * fifth]), median(held[-fifth:])
    # What a failure is to be judged by.
    print(f"{early=:.0f} MiB, {late=:.0f} MiB, most {max(held):.0f} MiB, {result['seconds']:.0f} s")  # noqa: T201
    assert late < early + SETTLING
