"""The short way packs what the reference takes, as the same bytes, and nothing that has a verdict."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.contract.filled import fill
from tests.support.batches import SCHEMA
from tests.support.clients import NOON
from tests.support.dropped_checks import SETTINGS, is_found, mutants
from tests.support.event_strategies import GOOD_UUID, batches, envelopes
from tests.support.packing import COPIES, PACKER, RECEIVED, SOURCE, agrees

from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
from aboveboard_server.schema.compiler import compiled
from aboveboard_server.storage.postgres_packer import Packer, source_of

if TYPE_CHECKING:
    from aboveboard_server.schema.catalog import EventType

SKEWS = st.sampled_from([0, 1, -1, 3_600_000_000])
each_event = pytest.mark.parametrize("event", SCHEMA.events, ids=lambda event: event.name)


@each_event
def test_packer_and_reference_agree_on_an_event(event: EventType) -> None:
    @SETTINGS
    @given(envelope=envelopes(SCHEMA, event), skew=SKEWS)
    def agree(envelope: EventEnvelope, skew: int) -> None:
        assert agrees(PACKER, [envelope], skew)

    agree()


@SETTINGS
@given(events=batches(SCHEMA), skew=SKEWS)
def test_packer_and_reference_agree_on_a_batch(events: list[EventEnvelope], skew: int) -> None:
    assert agrees(PACKER, events, skew)


def plain(event: EventType, event_id: str = GOOD_UUID) -> EventEnvelope:
    """Return an event with every field filled."""
    envelope = EventEnvelope(event_id=event_id, occurred_at=NOON)
    getattr(envelope, event.name).CopyFrom(fill(event.message))
    return envelope


def test_plainly_good_events_are_packed() -> None:
    """Of every kind, and however they are mixed."""
    events = [plain(event) for event in SCHEMA.events] * 2
    packed = PACKER.pack(events, 5, SOURCE, RECEIVED)
    assert packed is not None
    assert packed.packed.rows.keys() == {event.name for event in SCHEMA.events}
    assert agrees(PACKER, events, 5)


@pytest.mark.parametrize(
    "ids",
    [
        # Together they look like two ids.
        (GOOD_UUID + GOOD_UUID[:4], GOOD_UUID[4:]),
        (GOOD_UUID + GOOD_UUID, ""),
        (GOOD_UUID, GOOD_UUID.replace("-", "+")),
        (GOOD_UUID, GOOD_UUID.upper()),
        (GOOD_UUID, GOOD_UUID[:-1] + "é"),
        (GOOD_UUID, GOOD_UUID[:-1] + "g"),
    ],
)
def test_ids_that_do_not_look_alike_are_left_to_the_sorter(ids: tuple[str, str]) -> None:
    """They are checked together, and no bad one hides behind another."""
    event = SCHEMA.event("ping")
    assert PACKER.pack([plain(event, one) for one in ids], 0, SOURCE, RECEIVED) is None


def test_what_is_no_event_is_left_to_the_sorter() -> None:
    """Nothing at all, and what a newer client sends."""
    event = SCHEMA.event("ping")
    nothing = EventEnvelope(event_id=GOOD_UUID, occurred_at=NOON)
    newer = EventEnvelope.FromString(nothing.SerializeToString() + b"\xc2\x3e\x00")
    for other in (nothing, newer):
        assert PACKER.pack([plain(event), other], 0, SOURCE, RECEIVED) is None


def agrees_or_breaks(packer: Packer, envelope: EventEnvelope) -> bool:
    """Whether a packer agrees; where it breaks, it does not."""
    try:
        return agrees(packer, [envelope])
    except Exception:  # noqa: BLE001  # whatever a dropped check lets through
        return False


# Together they have a field of every kind that events have.
@pytest.mark.parametrize("name", ["server_ping", "ping", "integration_stat"])
def test_any_check_that_is_dropped_is_found(name: str) -> None:
    event = SCHEMA.event(name)
    found = mutants(source_of(SCHEMA, event, COPIES[name]))
    assert len(found) > 4
    packers = [Packer(SCHEMA, COPIES, {name: compiled(name, mutant)}) for mutant in found]
    assert all(is_found(SCHEMA, event, partial(agrees_or_breaks, packer)) for packer in packers)
