"""What PostgreSQL's short way must come to: what the reference and the encoder make of the same events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.batches import SCHEMA

from aboveboard_server.ingest.sorter import Sorter
from aboveboard_server.schema import tables
from aboveboard_server.storage.postgres import table_copies
from aboveboard_server.storage.postgres_packer import Packer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aboveboard.telemetry.v1.event_pb2 import EventEnvelope

COPIES = table_copies(SCHEMA, tables.import_all())
PACKER = Packer(SCHEMA, COPIES)
REFERENCE = Sorter(SCHEMA, fast={})
SOURCE, RECEIVED = 7, 1_790_000_000_000_000


def agrees(packer: Packer, events: Sequence[EventEnvelope], skew: int = 0) -> bool:
    """Whether a packer leaves events alone, or makes of them what the reference and the encoder do."""
    packed = packer.pack(events, skew, SOURCE, RECEIVED)
    if packed is None:
        return True
    done = REFERENCE.sort(events, skew)
    rows = {table: COPIES[table].encode(values, SOURCE, RECEIVED) for table, values in done.values.items()}
    return (
        not done.verdicts
        and packed.packed.rows == rows
        and packed.packed.source_id == SOURCE
        and packed.indices == done.indices
        and packed.packed_bytes == sum(len(row) for encoded in rows.values() for row in encoded)
    )
