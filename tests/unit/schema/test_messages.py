"""A row turns back into the message that it was made of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf import json_format
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.contract.filled import fill
from tests.support.clients import NOON
from tests.support.event_strategies import GOOD_UUID, envelopes

from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
from aboveboard_server.ingest.sorter import Sorter
from aboveboard_server.schema import catalog, messages, rows
from aboveboard_server.schema.catalog import STRUCT

if TYPE_CHECKING:
    from aboveboard_server.schema.catalog import EventType, Field, Origin
    from aboveboard_server.schema.rows import Row

SCHEMA = catalog.default()
SORTER = Sorter(SCHEMA)
SKEWS = st.sampled_from([0, 1, -1, 3_600_000_000])
each_event = pytest.mark.parametrize("event", SCHEMA.events, ids=lambda event: event.name)


def comparable(columns: tuple[str, ...], fields: tuple[Field, ...], row: Row) -> dict[str, Any]:
    """Return a row's values with their types; a payload's keys have no order."""
    structs = {field.name for field in fields if field.message_type == STRUCT}
    return {
        name: json.loads(str(value)) if name in structs and value is not None else (type(value), value)
        for name, value in zip(columns, row, strict=True)
    }


@each_event
def test_an_event_survives_the_way_there_and_back(event: EventType) -> None:
    """Whatever event is stored, its row's message has the same row."""
    columns = rows.columns(SCHEMA, event)
    to_row, to_message = rows.row_maker(SCHEMA, event), messages.event_maker(SCHEMA, event)

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(envelope=envelopes(SCHEMA, event), skew=SKEWS)
    def holds(envelope: EventEnvelope, skew: int) -> None:
        done = SORTER.sort([envelope], skew)
        for row in done.rows(event.name) if event.name in done.values else []:
            message = to_message(dict(zip(columns, row, strict=True)))
            assert message.WhichOneof("event") == event.name
            again = to_row(message, skew)
            assert comparable(columns, event.fields, again) == comparable(columns, event.fields, row)

    holds()


@each_event
def test_every_field_comes_back(event: EventType) -> None:
    """An event with something in every field is the same again, seen as an administrator sees it."""
    envelope = EventEnvelope(event_id=GOOD_UUID, occurred_at=NOON, sequence=7)
    getattr(envelope, event.name).CopyFrom(fill(event.message))
    row = rows.row_maker(SCHEMA, event)(envelope, 0)
    made = messages.event_maker(SCHEMA, event)(dict(zip(rows.columns(SCHEMA, event), row, strict=True)))
    assert json_format.MessageToDict(made) == json_format.MessageToDict(envelope)


@pytest.mark.parametrize("origin", SCHEMA.origins, ids=lambda origin: origin.name)
def test_a_source_comes_back(origin: Origin) -> None:
    """Whole, and with nothing in its optional fields."""
    columns = rows.source_columns(SCHEMA)
    to_row, to_source = rows.source_maker(SCHEMA, origin), messages.source_maker(origin)
    whole = fill(catalog.message_of(origin.arm))
    bare = type(whole)()
    for field in origin.fields:
        if field.policy.required:
            setattr(bare, field.name, getattr(whole, field.name))
    for message in (whole, bare):
        source = to_source(dict(zip(columns, to_row(message), strict=True)))
        assert source.WhichOneof("origin") == origin.name
        assert getattr(source, origin.name) == message
