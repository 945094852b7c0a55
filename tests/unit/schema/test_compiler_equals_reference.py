"""The compiled extractors take what the reference takes, as the same rows, and nothing else."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.struct_pb2 import Struct, Value
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from tests.contract.filled import fill
from tests.support.clients import NOON
from tests.support.event_strategies import GOOD_UUID, batches, envelopes

from aboveboard.schema.v1.annotations_pb2 import CATEGORY_TECHNICAL
from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
from aboveboard_server.ingest.sorter import Sorter
from aboveboard_server.schema import catalog
from aboveboard_server.schema.compiler import compiled, extractors
from aboveboard_server.schema.compiler_source import BYTES_PER_CHARACTER, Source, source_of
from aboveboard_server.schema.payload_writer import plain_json

if TYPE_CHECKING:
    from aboveboard_server.schema.catalog import EventType

SCHEMA = catalog.default()
REFERENCE = Sorter(SCHEMA, fast={})
FAST = Sorter(SCHEMA)
SKEWS = st.sampled_from([0, 1, -1, 3_600_000_000])
# What is found is the same in every run; nothing is kept beside the code.
SETTINGS = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=400,
    suppress_health_check=[HealthCheck.too_slow],
)
# Enough of them to find any dropped check, and no search for the smallest.
SEARCH = settings(SETTINGS, max_examples=3_000, phases=[Phase.generate])
each_event = pytest.mark.parametrize("event", SCHEMA.events, ids=lambda event: event.name)


def outcome(sorter: Sorter, events: list[EventEnvelope], skew: int) -> tuple[str, ...]:
    """Return what a sorter makes of events, types and order included: 1, 1.0 and True are not the same."""
    done = sorter.sort(events, skew)
    return repr(done.values), repr(done.indices), repr(done.verdicts)


@each_event
def test_fast_and_reference_agree_on_an_event(event: EventType) -> None:
    @settings(SETTINGS)
    @given(envelope=envelopes(SCHEMA, event), skew=SKEWS)
    def agree(envelope: EventEnvelope, skew: int) -> None:
        assert outcome(FAST, [envelope], skew) == outcome(REFERENCE, [envelope], skew)

    agree()


@settings(SETTINGS)
@given(events=batches(SCHEMA), skew=SKEWS)
def test_fast_and_reference_agree_on_a_batch(events: list[EventEnvelope], skew: int) -> None:
    assert outcome(FAST, events, skew) == outcome(REFERENCE, events, skew)


@each_event
def test_a_plainly_good_event_takes_the_fast_way(event: EventType) -> None:
    envelope = EventEnvelope(event_id=GOOD_UUID, occurred_at=NOON)
    getattr(envelope, event.name).CopyFrom(fill(event.message))
    row = extractors(SCHEMA)[event.name](envelope, 0)
    assert row is not None
    assert REFERENCE.sort([envelope], 0).values == {event.name: list(row)}


class _Forgiving(dict[int, Any]):
    """The names of an enum that takes every number."""

    def __missing__(self, number: int) -> None:
        return None


def mutants(event: EventType) -> list[Source]:
    """Return the sources of an extractor with one check dropped each."""
    text, names = source_of(SCHEMA, event)
    lines = text.splitlines(keepends=True)
    checks = [number for number, line in enumerate(lines) if line.endswith(": return None\n")]
    enums = {name: value for name, value in names.items() if isinstance(value, dict)}
    dropped = [
        [*lines[:number], lines[number].replace("return None", "pass"), *lines[number + 1 :]]
        for number in checks
    ]
    return [Source("".join(those), names) for those in dropped] + [
        Source(text, names | {name: _Forgiving(value)}) for name, value in enums.items()
    ]


def differs(sorter: Sorter, event: EventType) -> bool:
    """Whether any event tells a sorter from the reference."""
    try:
        find(
            envelopes(SCHEMA, event),
            lambda envelope: outcome(sorter, [envelope], 0) != outcome(REFERENCE, [envelope], 0),
            settings=SEARCH,
        )
    except NoSuchExample:
        return False
    return True


# Together they have a field of every kind that events have.
@pytest.mark.parametrize("name", ["server_ping", "ping", "integration_stat"])
def test_any_check_that_is_dropped_is_found(name: str) -> None:
    event = SCHEMA.event(name)
    found = mutants(event)
    assert len(found) > 5
    assert all(differs(Sorter(SCHEMA, fast={name: compiled(name, *mutant)}), event) for mutant in found)


def test_a_traceback_shows_the_line_of_an_extractor() -> None:
    with pytest.raises(AttributeError) as raised:
        extractors(SCHEMA)["ping"](None, 0)  # type: ignore[arg-type]  # what makes it fail
    assert "message = envelope.ping" in "".join(traceback.format_exception(raised.value))


@settings(SETTINGS, max_examples=100)
@given(
    st.dictionaries(
        st.text(max_size=3),
        st.recursive(
            st.none()
            | st.booleans()
            | st.floats(allow_nan=False, allow_infinity=False)
            | st.text(max_size=3),
            lambda inner: (
                st.lists(inner, max_size=40) | st.dictionaries(st.text(max_size=2), inner, max_size=8)
            ),
            max_leaves=80,
        ),
        max_size=8,
    )
)
def test_a_payload_has_no_more_bytes_than_the_fast_way_supposes(value: dict[str, Any]) -> None:
    payload = Struct()
    payload.update(value)
    text = plain_json(payload, 64, 4)
    assert text is None or payload.ByteSize() <= len(text) * BYTES_PER_CHARACTER


def test_what_is_not_kept_of_a_payload_does_not_count() -> None:
    unknown = b"\x7a\xa8\x46" + bytes(9_000)
    payload = Struct.FromString(Struct(fields={"a": Value(number_value=1)}).SerializeToString() + unknown)
    assert payload.ByteSize() > 8_192
    envelope = EventEnvelope(event_id=GOOD_UUID, occurred_at=NOON)
    envelope.ping.event_name, envelope.ping.category = "CallHandled", CATEGORY_TECHNICAL
    envelope.ping.payload.CopyFrom(payload)
    assert FAST.sort([envelope], 0).rows("ping") == REFERENCE.sort([envelope], 0).rows("ping")
