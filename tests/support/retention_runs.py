"""A database with much that has expired, servers that remove it, and what must be left of it in the end."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

import grpc
import sqlalchemy
from sqlalchemy.pool import NullPool
from tests.support.admin import admin
from tests.support.batches import batch_of, elements, ids, pings, quarantined_batch
from tests.support.clients import TIMEOUT, deployment_source, server_source
from tests.support.old_rows import days_ago, id_of_day

from aboveboard.admin.v1.retention_pb2 import EnforceRetentionRequest
from aboveboard_server import bootstrap
from aboveboard_server.storage import partitions
from aboveboard_server.storage.ports import QUARANTINE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.support.server import ServerProcess

    from aboveboard_server.storage.ports import EventBatch

SOURCES = 8
OLD = 400
# Seconds within which a run that nobody cuts off is through.
PATIENCE = 60


def fill(url: str, rows: int) -> dict[str, int]:
    """Put rows that have expired and rows that have not into a database; return what is to go, by table.

    On PostgreSQL a part of what has expired lies in a month of its own, which goes as a whole.
    """
    if url.startswith("postgresql"):
        with sqlalchemy.create_engine(url, poolclass=NullPool).connect() as connection:
            day = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=OLD)
            partitions.create_missing(connection, day.replace(day=1))
    asyncio.run(_store(url, rows // SOURCES))
    each = rows // SOURCES
    return {
        "company": SOURCES // 2,
        "deployment": SOURCES // 2,
        "element_stat": each * SOURCES,
        "ping": each * SOURCES,
        QUARANTINE: SOURCES,
        "server": SOURCES // 2,
        "source": SOURCES,
    }


async def _store(url: str, each: int) -> None:
    store = await bootstrap.open_store(url)
    try:
        for batch in _batches(each):
            await store.commit([batch])
    finally:
        await store.close()


def _batches(each: int) -> Iterable[EventBatch]:
    for number in range(SOURCES):
        gone = server_source() if number % 2 else deployment_source(f"gone-{number}")
        of_then = [id_of_day(OLD) for _ in range(each)]
        old = days_ago(OLD)
        yield batch_of(gone, *elements(*ids(each)), *pings(*of_then), received_at=old)
        yield quarantined_batch(gone, *ids(1), received_at=old)
    yield batch_of(deployment_source("young"), *elements(*ids(50)), *pings(*ids(50)), received_at=days_ago(1))


def enforce(server: ServerProcess) -> dict[str, int]:
    """Have a server remove what has expired; return rows by table."""
    with admin(server) as stub:
        done = stub.EnforceRetention(EnforceRetentionRequest(), timeout=TIMEOUT)
    return {count.table: count.rows for count in done.table_counts}


def run_with_kills(server: ServerProcess, points: Iterable[int]) -> None:
    """Have a server remove what has expired, killed once so many rows have gone; then once more, whole."""
    with ThreadPoolExecutor(1) as pool:
        for point in sorted(points):
            server.start()
            running = pool.submit(_enforce_until_killed, server)
            deadline = time.monotonic() + PATIENCE
            while sum(told(server).values()) < point and not running.done():
                assert time.monotonic() < deadline, "the run does not come so far"
                time.sleep(0.002)
            server.kill()
            running.result()
    server.start()
    enforce(server)


def _enforce_until_killed(server: ServerProcess) -> None:
    with suppress(grpc.RpcError):
        enforce(server)


def told(server: ServerProcess) -> Counter[str]:
    """Return what all runs say that they have removed, that of a run under way included."""
    found: Counter[str] = Counter()
    for (details,) in server.query("SELECT details FROM audit_entry WHERE action = 'EnforceRetention'"):
        found.update({table: int(rows) for table, rows in re.findall(r"(\w+) (\d+)", details)})
    for (progress,) in server.query("SELECT progress FROM scheduled_job"):
        found.update(json.loads(progress) if isinstance(progress, str) else progress)
    return found


def check_end(server: ServerProcess, expected: dict[str, int]) -> None:
    """Find nothing left of what had expired, all of what had not, and every row that went counted once."""
    assert told(server) == expected
    for table in ("element_stat", "ping"):
        assert server.query(f"SELECT count(*) FROM {table}") == [(50,)]
    assert server.query("SELECT company_id FROM source") == [("young",)]
    assert server.query("SELECT company_id FROM company JOIN deployment USING (company_id)") == [("young",)]
    for table in ("server", QUARANTINE):
        assert server.query(f"SELECT count(*) FROM {table}") == [(0,)]
    server.check_integrity()
