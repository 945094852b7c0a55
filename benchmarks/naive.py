"""What one writes first: a SQLModel object for each event, a session for each batch.

It gets the same tables, pragmas and durability as everyone, and its values ready: only making the objects
and storing them is on the clock.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

import sqlalchemy
from sqlmodel import Session

from aboveboard_server.schema import catalog as schema_catalog
from aboveboard_server.schema.tables import import_all, row_class
from aboveboard_server.storage.columns import EPOCH, MICROSECOND
from aboveboard_server.storage.sqlite_writer import PRAGMAS
from benchmarks.events import SOURCES, TYPES, columns, stored_rows, templates
from benchmarks.ids import IdMaker
from benchmarks.jobs import WriteSpec, answer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    from sqlalchemy.engine import Engine
    from sqlmodel import SQLModel

    from benchmarks.jobs import Result

    # What one object is made of: its class and its fields by name.
    Values: TypeAlias = tuple[type[SQLModel], dict[str, Any]]


def run(raw_spec: dict[str, Any]) -> Result:
    """Store what a spec describes, a session for each batch."""
    spec = WriteSpec(**raw_spec)
    import_all()
    batches = list(_prepared(spec))
    engine = _engine(spec.database)
    done = 0
    begun = time.perf_counter()
    own = time.process_time()
    for batch in batches:
        with Session(engine) as session:
            session.add_all([made(**values) for made, values in batch])
            session.commit()
        done += spec.batch
        if time.perf_counter() - begun > spec.seconds:
            break
    seconds = time.perf_counter() - begun
    own = time.process_time() - own
    engine.dispose()
    return {"events": done, "seconds": seconds, "events_per_second": done / seconds, "cpu": own / seconds}


def _prepared(spec: WriteSpec) -> Iterator[list[Values]]:
    catalog = schema_catalog.default()
    classes = {table: row_class(catalog.event(table)) for table in TYPES}
    names = {table: columns(table) for table in TYPES}
    ids, mix = IdMaker(spec.ids), templates()
    received_at = time.time_ns() // 1_000
    for batch in range(spec.events // spec.batch):
        head = (batch % SOURCES + 1, received_at + batch)
        yield [
            (classes[table], _as_fields(dict(zip(names[table], row, strict=True))))
            for table, row in stored_rows(mix, ids.take(spec.batch), head)
        ]


def _as_fields(values: dict[str, Any]) -> dict[str, Any]:
    """Turn stored values into what a SQLModel field holds: times as datetimes, a payload as an object."""
    for name, value in values.items():
        if name.endswith(("_at", "_at_corrected", "_time")) and value is not None:
            values[name] = EPOCH + value * MICROSECOND
    if values.get("payload") is not None:
        values["payload"] = {"duration_ms": 1520}
    return values


def _engine(url: str) -> Engine:
    engine = sqlalchemy.create_engine(url)
    if engine.dialect.name == "sqlite":

        @sqlalchemy.event.listens_for(engine, "connect")
        def set_pragmas(connection: Any, _record: Any) -> None:
            with contextlib.closing(connection.cursor()) as cursor:
                for pragma in PRAGMAS:
                    cursor.execute(pragma)

    return engine


if __name__ == "__main__":
    answer(run)
