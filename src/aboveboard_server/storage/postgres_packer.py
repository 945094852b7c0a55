"""A request's events as PostgreSQL's rows at once, where all of them are plainly good.

The long way makes a row of values of each event, and takes it apart again to encode it: a tenth of what the
server takes for an event. The short way checks what the long way checks, by the same lines, and makes the
same bytes; a property test holds them equal.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from aboveboard_server.schema.compiler import compiled
from aboveboard_server.schema.compiler_source import SHAPE, UUID, Source, reading
from aboveboard_server.storage.ports import Packed
from aboveboard_server.storage.postgres_binary import local
from aboveboard_server.storage.postgres_rows import Encoded, size_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
    from aboveboard_server.schema.catalog import Catalog, EventType
    from aboveboard_server.storage.postgres_copy import TableCopy

    # Takes an envelope, its id, the bytes that all rows of its request have in common, and the skew in µs.
    Pack: TypeAlias = Callable[[EventEnvelope, bytes, bytes, int], bytes | None]

    # What packs an event, its table's head, and what takes in its row and its index.
    _Place: TypeAlias = tuple[Pack, bytes, Callable[[bytes], None], Callable[[int], None]]

KEY = "event_id"
_KEYS = struct.Struct("16s")

_FUNCTION = '''\
def {event}(envelope, key, head, skew):
    """Return the encoded row of a plainly good {event}, None of any other."""
    try:
        message = envelope.{event}
        {lines}
        return {row}
    except KeyError:  # an enum's value that is unknown, or missing
        return None
'''


class Packer:
    """Knows how each event becomes an encoded row of its table; `copies` say how its columns are written."""

    def __init__(
        self, catalog: Catalog, copies: Mapping[str, TableCopy], packs: Mapping[str, Pack] | None = None
    ) -> None:
        self._copies = copies
        self._packs = dict(packs or _packs(catalog, copies))

    def pack(
        self, events: Sequence[EventEnvelope], skew: int, source_id: int, received_at: int
    ) -> Packed | None:
        """Return the rows of events that are all plainly good, None where any is not; times in µs."""
        envelopes = list(events)
        ids = [envelope.event_id for envelope in envelopes]
        text = "".join(ids)
        # All at once: each is as long as it must be, and together they look as they must.
        if set(map(len, ids)) != {len(UUID)} or text.encode().translate(SHAPE) != UUID * len(ids):
            return None
        keys = _KEYS.iter_unpack(bytes.fromhex(text.replace("-", "")))
        rows: dict[str, list[bytes]] = {}
        indices: dict[str, list[int]] = {}
        places: dict[str | None, _Place] = {}
        for index, (envelope, (key,)) in enumerate(zip(envelopes, keys, strict=True)):
            table = envelope.WhichOneof("event")
            place = places.get(table)
            if place is None:
                if table not in self._packs:
                    return None
                add_row, add_index = rows.setdefault(table, []).append, indices.setdefault(table, []).append
                head = self._copies[table].writer.head(source_id, received_at)
                place = places[table] = (self._packs[table], head, add_row, add_index)
            pack, head, add_row, add_index = place
            row = pack(envelope, key, head, skew)
            if row is None:
                return None
            add_row(row)
            add_index(index)
        return Packed(Encoded(source_id, rows), size_of(rows), indices)


def source_of(catalog: Catalog, event: EventType, copy: TableCopy) -> Source:
    """Write the function that packs an event."""
    checks, values, names = reading(catalog, event, without=KEY)
    held = [f"{local(column)} = {value}" for column, value in values.items() if value != local(column)]
    lines = [*checks, *held, *copy.writer.lines]
    text = _FUNCTION.format(event=event.name, lines="\n        ".join(lines), row=copy.writer.row)
    return Source(text, names | copy.writer.names)


def _packs(catalog: Catalog, copies: Mapping[str, TableCopy]) -> dict[str, Pack]:
    return {
        event.name: compiled(event.name, source_of(catalog, event, copies[event.name]), "packer")
        for event in catalog.events
    }
