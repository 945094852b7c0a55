"""Rows that were encoded ahead of their commit."""

from __future__ import annotations

from tests.support.batches import SCHEMA, batch_of_rows, full, record, row
from tests.support.clients import server_source

from aboveboard_server.schema import tables
from aboveboard_server.storage.postgres import table_copies
from aboveboard_server.storage.postgres_rows import BatchEncoder

ENCODER = BatchEncoder(table_copies(SCHEMA, tables.import_all()))
LARGE = (1 << 31) - 1


def test_another_source_leaves_everything_else_as_it_was() -> None:
    """Of every event's table, a row that was encoded for one source becomes just what another's is."""
    sent = {event.name: [row(full(event))] for event in SCHEMA.events}
    of_nobody, of_one, at_once = (batch_of_rows(record(server_source()), sent) for _ in range(3))
    ENCODER.prepare(of_nobody, None)
    ENCODER.prepare(of_one, 1)
    expected = ENCODER.rows(at_once, LARGE)
    assert expected.keys() == sent.keys()
    assert ENCODER.rows(of_one, 1) != expected
    assert ENCODER.rows(of_nobody, LARGE) == ENCODER.rows(of_one, LARGE) == expected
    assert not of_one.values
    ENCODER.prepare(of_one, LARGE)
    assert ENCODER.rows(of_one, LARGE) == expected
    assert of_one.packed_bytes == sum(len(one) for rows in expected.values() for one in rows)
