"""The limit that PostgreSQL itself sets: rows ready as tuples, no gRPC, no parsing, no verdicts.

Binary COPY straight into the final tables, by two processes of one connection each; same tables, indexes,
partitions and durability as the service's, and its own encoder.
"""

from __future__ import annotations

import itertools
import multiprocessing
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg

from aboveboard_server.schema import catalog as schema_catalog
from aboveboard_server.schema import rows
from aboveboard_server.schema.tables import import_all
from aboveboard_server.storage.postgres_copy import HEADER, TRAILER, TableCopy, table_copy
from benchmarks.events import SOURCES, TYPES, templates
from benchmarks.ids import IdMaker
from benchmarks.jobs import WriteSpec, answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from multiprocessing.synchronize import Barrier
    from typing import TypeAlias

    from aboveboard_server.schema.rows import Value
    from benchmarks.events import Template
    from benchmarks.jobs import Result

    # One batch of one source: its id, the time of receipt, and its rows' values by table.
    Batch: TypeAlias = tuple[int, int, Mapping[str, Sequence[Value]]]
    Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]

WRITERS = 2
# Columns of the mix whose text is one of a few.
REPETITIVE = frozenset({"change_type", "server_version", "server_os", "trigger", "category"})


def run(raw_spec: dict[str, Any]) -> Result:
    """Write what a spec describes, as fast as PostgreSQL takes it."""
    spec = WriteSpec(**raw_spec)
    share = replace(spec, events=spec.events // WRITERS)
    context = multiprocessing.get_context("spawn")
    ready, done = context.Barrier(WRITERS), context.SimpleQueue()
    writers = [context.Process(target=_write, args=(share, ready, done)) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    results = [done.get() for _ in writers]
    for writer in writers:
        writer.join()
    events = sum(count for count, _, _, _ in results)
    seconds = max(ended for _, _, ended, _ in results) - min(begun for _, begun, _, _ in results)
    own = sum(cpu for _, _, _, cpu in results)
    return {"events": events, "seconds": seconds, "events_per_second": events / seconds, "cpu": own / seconds}


def copies() -> dict[str, TableCopy]:
    """Return how the rows of each type in the mix are copied."""
    catalog, metadata = schema_catalog.default(), import_all()
    found = {}
    for name in TYPES:
        table, columns = metadata.tables[name], rows.columns(catalog, catalog.event(name))
        found[name] = table_copy(table, columns, ("event_id",), REPETITIVE & set(columns))
    return found


def prepared(
    spec: WriteSpec, ids: IdMaker, mix: Sequence[Template], sources: int = SOURCES, first_source: int = 1
) -> Iterator[list[Batch]]:
    """Yield the batches of each transaction of a run; they come from the sources by turns."""
    received_at = time.time_ns() // 1_000
    batches = itertools.count()
    for _ in range(spec.events // (spec.batch * spec.batches_per_commit)):
        commit: list[Batch] = []
        for batch in itertools.islice(batches, spec.batches_per_commit):
            by_table: dict[str, list[Value]] = {table: [] for table in TYPES}
            for position, event_id in enumerate(ids.take(spec.batch)):
                template = mix[position % len(mix)]
                by_table[template.table] += (*template.row_before, event_id, *template.row_after)
            commit.append((first_source + batch % sources, received_at + batch, by_table))
        yield commit


def write(connection: Connection, how: Mapping[str, TableCopy], commit: Sequence[Batch]) -> None:
    """Do one transaction."""
    with connection.transaction(), connection.cursor() as cursor:
        for table in TYPES:
            encoded = [
                row
                for source_id, received_at, by_table in commit
                for row in how[table].encode(by_table[table], source_id, received_at)
            ]
            # In the order of the keys, as the service does: the index is filled faster.
            encoded.sort()
            with cursor.copy(how[table].into.encode()) as copy:
                copy.write(b"".join([HEADER, *encoded, TRAILER]))


def connect(url: str) -> Connection:
    """Open a connection to what a URL of SQLAlchemy's names."""
    return psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://", 1))


def _write(spec: WriteSpec, ready: Barrier, done: Any) -> None:
    """Be one of the writers."""
    commits = list(prepared(spec, IdMaker(spec.ids), templates()))
    how = copies()
    with connect(spec.database) as connection:
        ready.wait()
        count = 0
        begun = time.perf_counter()
        own = time.process_time()
        for commit in commits:
            write(connection, how, commit)
            count += spec.batch * spec.batches_per_commit
            if time.perf_counter() - begun > spec.seconds:
                break
        done.put((count, begun, time.perf_counter(), time.process_time() - own))


if __name__ == "__main__":
    answer(run)
