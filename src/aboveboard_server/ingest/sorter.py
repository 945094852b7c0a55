"""Sorts a request's events: into rows of their tables, into the quarantine, or into a verdict."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from google.protobuf.unknown_fields import UnknownFieldSet

from aboveboard.telemetry.v1 import verdict_pb2 as v
from aboveboard_server.ingest.salvage import MALFORMED_FIELD
from aboveboard_server.ingest.verdicts import quarantined, rejected, subject_erased
from aboveboard_server.schema import rows
from aboveboard_server.schema.compiler import extractors
from aboveboard_server.schema.validate import Rejection, validator
from aboveboard_server.storage.ports import QUARANTINE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
    from aboveboard_server.schema.catalog import Catalog, EventType
    from aboveboard_server.schema.compiler import Extractor
    from aboveboard_server.schema.rows import Row, Value

    # Makes a row of an event of one table, and takes in its values and the event's index.
    _Place: TypeAlias = tuple[Extractor, Callable[[Row], None], Callable[[int], None]]

LENGTH_DELIMITED = 2
# The most bytes an unknown event may have and still be kept.
QUARANTINE_MAX_BYTES = 16 * 1024

MALFORMED = Rejection(v.REJECTION_REASON_MALFORMED, "", "the bytes are no valid event, such as invalid UTF-8")
NO_EVENT = Rejection(v.REJECTION_REASON_EVENT_MISSING, "event", "required")


@dataclass(slots=True)
class Sorted:
    """What became of a request's events: rows by table, where each came from, and the verdicts so far.

    `values` holds those of each table's rows one after the other, as `EventBatch` does. `skew` is how far the
    client's clock is behind, in µs.
    """

    skew: int
    values: dict[str, list[Value]] = field(default_factory=dict)
    indices: dict[str, list[int]] = field(default_factory=dict)
    verdicts: list[v.EventVerdict] = field(default_factory=list)

    def add(self, table: str, index: int, row: Row) -> None:
        """Put the row of the event at `index` to its table."""
        self.values.setdefault(table, []).extend(row)
        self.indices.setdefault(table, []).append(index)

    @property
    def size(self) -> int:
        """How many rows there are."""
        return sum(map(len, self.indices.values()))

    def rows(self, table: str) -> list[Row]:
        """Return the rows of a table that has any."""
        values = self.values[table]
        return list(rows.in_rows(values, len(values) // len(self.indices[table])))

    def drop_erased(self, events: Sequence[EventEnvelope], cut_off: int) -> None:
        """Give a verdict instead of a row to what occurred at or before `cut_off`, as sent or as corrected.

        In µs since 1970. `events` are those that were sorted.
        """
        # A row begins with the corrected time; the time as sent is by the skew less.
        limit = cut_off + max(self.skew, 0)
        erased: set[int] = set()
        for table in list(self.values):
            made = self.rows(table)
            del self.values[table]
            for row, index in zip(made, self.indices.pop(table), strict=True):
                if cast("int", row[0]) > limit:
                    self.add(table, index, row)
                else:
                    erased.add(index)
        # One that would have been quarantined has a verdict already.
        verdicts = [verdict for verdict in self.verdicts if verdict.index not in erased]
        verdicts += [subject_erased(index, events[index]) for index in erased]
        self.verdicts = sorted(verdicts, key=lambda verdict: verdict.index)

    def drop_empty(self) -> None:
        """Forget the tables that no row came to: each event of theirs has a verdict."""
        for table in [table for table, made in self.values.items() if not made]:
            del self.values[table], self.indices[table]


class Sorter:
    """Knows every event of the catalog, what it must hold, and how it becomes a row.

    A plainly good event takes the fast way, `fast` by event name; every other is judged by the reference,
    and all of them are where `fast` is empty.
    """

    def __init__(self, catalog: Catalog, fast: Mapping[str, Extractor] | None = None) -> None:
        self._check_envelope = validator(catalog.envelope)
        self._events = {event.name: _Event(catalog, event) for event in catalog.events}
        self._fast = dict(extractors(catalog) if fast is None else fast)

    def sort(self, events: Sequence[EventEnvelope], skew: int) -> Sorted:
        """Sort events; `skew` is how far the client's clock is behind, in µs."""
        done = Sorted(skew)
        if len(events) == 1:
            self._sort_one(done, events[0])
            return done
        # By table, what makes a row, and where its values and the event's index go: looked up once for each.
        places: dict[str | None, _Place] = {}
        for index, envelope in enumerate(events):
            table = envelope.WhichOneof("event")
            try:
                extract, add_values, add_index = places[table]
            except KeyError:
                extract, add_values, add_index = places[table] = self._place(done, table or "")
            row = extract(envelope, skew)
            if row is None:
                self._judge(done, index, envelope)
            else:
                add_values(row)
                add_index(index)
        if done.verdicts:
            done.drop_empty()
        return done

    def _sort_one(self, done: Sorted, envelope: EventEnvelope) -> None:
        """Sort a request's only event: what is looked up once for many costs more than the event itself."""
        table = envelope.WhichOneof("event") or ""
        row = self._fast.get(table, _not_plain)(envelope, done.skew)
        if row is None:
            self._judge(done, 0, envelope)
        else:
            done.values[table], done.indices[table] = [*row], [0]

    def _place(self, done: Sorted, table: str) -> _Place:
        values, indices = done.values.setdefault(table, []), done.indices.setdefault(table, [])
        return self._fast.get(table, _not_plain), values.extend, indices.append

    def _judge(self, done: Sorted, index: int, envelope: EventEnvelope) -> None:
        """Sort one event by the reference."""
        arm = envelope.WhichOneof("event")
        event = self._events.get(arm) if arm else None
        rejection = self._check_envelope(envelope) if event else None
        if event is None:
            self._unknown(done, index, envelope)
        elif rejection is None and (rejection := event.validate(getattr(envelope, event.name))) is None:
            done.add(event.name, index, event.make(envelope, done.skew))
        elif rejection.reason == v.REJECTION_REASON_UNKNOWN_ENUM_VALUE:
            self._quarantine(done, index, envelope, event.number, rejection)
        else:
            done.verdicts.append(rejected(index, envelope, rejection))

    def _unknown(self, done: Sorted, index: int, envelope: EventEnvelope) -> None:
        unknown = _unknown_fields(envelope)
        arms = [number for number, wire_type in unknown.items() if wire_type == LENGTH_DELIMITED]
        if MALFORMED_FIELD in unknown:
            done.verdicts.append(rejected(index, envelope, MALFORMED))
        elif not arms:
            done.verdicts.append(rejected(index, envelope, self._check_envelope(envelope) or NO_EVENT))
        else:
            reason = Rejection(
                v.REJECTION_REASON_UNKNOWN_EVENT, "event", f"event {arms[-1]} is not known to this server yet"
            )
            self._quarantine(done, index, envelope, arms[-1], reason)

    def _quarantine(
        self, done: Sorted, index: int, envelope: EventEnvelope, number: int, why: Rejection
    ) -> None:
        broken = self._check_envelope(envelope)
        data = envelope.SerializeToString()
        if broken is not None:
            done.verdicts.append(rejected(index, envelope, broken))
        elif len(data) > QUARANTINE_MAX_BYTES:
            text = f"{why.text}, too large to keep: over {QUARANTINE_MAX_BYTES} bytes"
            done.verdicts.append(rejected(index, envelope, Rejection(why.reason, why.field, text)))
        else:
            occurred_at = rows.micros(envelope.occurred_at)
            row = (occurred_at + done.skew, envelope.event_id.lower(), occurred_at, number, why.reason, data)
            done.add(QUARANTINE, index, row)
            done.verdicts.append(quarantined(index, envelope, why))


class _Event:
    """Checks and reads one kind of event."""

    def __init__(self, catalog: Catalog, event: EventType) -> None:
        self.name = event.name
        self.number = event.arm.number
        self.validate = validator(event.fields, f"{event.name}.")
        self.make: Callable[[Any, int], Row] = rows.row_maker(catalog, event)


def _not_plain(envelope: EventEnvelope, skew: int) -> None:  # noqa: ARG001  # an Extractor that knows no event
    return None


def _unknown_fields(message: EventEnvelope) -> dict[int, int]:
    """Return the wire types of a message's unknown fields by number."""
    unknown = UnknownFieldSet(message)
    entries = [unknown[position] for position in range(len(unknown))]
    return {entry.field_number: entry.wire_type for entry in entries}
