"""The simulated population of `aboveboard demo`."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from aboveboard.event.v1.server_pb2 import ServerPing
from aboveboard_server.cli.fleet import MAX_EVENTS_PER_REQUEST, Population, requests, shares
from aboveboard_server.cli.fleet_events import CHANGES
from aboveboard_server.schema import catalog

if TYPE_CHECKING:
    from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest

POPULATION = Population(servers=12, tabs=20, days=3, events=4000, seed=7, end=date(2026, 11, 20))


@pytest.fixture(scope="module")
def sent() -> list[PublishEventsRequest]:
    return list(requests(POPULATION))


def ids(sent: list[PublishEventsRequest]) -> list[str]:
    return [envelope.event_id for request in sent for envelope in request.events]


def test_the_same_population_sends_the_same_bytes(sent: list[PublishEventsRequest]) -> None:
    """Seed and end decide on everything, ids and order included."""
    again = list(requests(POPULATION))
    assert [r.SerializeToString(deterministic=True) for r in again] == [
        r.SerializeToString(deterministic=True) for r in sent
    ]


@pytest.mark.parametrize(
    "change",
    [{"seed": 8}, {"end": date(2026, 11, 21)}, {"events": 4001}, {"servers": 13}, {"days": 4}],
    ids=str,
)
def test_another_population_shares_no_id(change: dict[str, Any], sent: list[PublishEventsRequest]) -> None:
    """A new seed, the next day or another size is a fleet of other events: no id has two contents."""
    assert not set(ids(sent)) & set(ids(list(requests(replace(POPULATION, **change)))))


def test_no_id_appears_twice_and_their_number_is_the_one_asked_for(sent: list[PublishEventsRequest]) -> None:
    """`events` events, each with an id of its own."""
    assert len(ids(sent)) == len(set(ids(sent))) == POPULATION.events


def test_pings_and_changes_of_all_kinds_are_sent(sent: list[PublishEventsRequest]) -> None:
    """Servers ping and count every kind of change, integrations too; tabs ping. All are in the schema."""
    seen = {envelope.WhichOneof("event") for request in sent for envelope in request.events}
    assert seen == {"ping", "server_ping", *CHANGES}
    assert seen <= {event.name for event in catalog.default().events}


def test_every_batch_is_one_that_the_server_takes(sent: list[PublishEventsRequest]) -> None:
    """1 to 1,000 events of one source, all within the days asked for."""
    for request in sent:
        assert request.source.WhichOneof("origin")
        assert 1 <= len(request.events) <= MAX_EVENTS_PER_REQUEST
        times = [envelope.occurred_at.ToMilliseconds() for envelope in request.events]
        assert min(times) >= POPULATION.begin_ms
        assert max(times) < POPULATION.end_ms


def test_every_field_that_is_required_is_set(sent: list[PublishEventsRequest]) -> None:
    """Nothing that the fleet sends breaks the schema's own `required`."""
    required = {
        event.name: [field.name for field in event.fields if field.policy.required]
        for event in catalog.default().events
    }
    for request in sent:
        for envelope in request.events:
            arm = envelope.WhichOneof("event") or ""
            assert all(getattr(getattr(envelope, arm), name) for name in required[arm])


def test_a_server_pings_at_its_first_start_and_every_twelve_hours(sent: list[PublishEventsRequest]) -> None:
    """Each server's first event is its first start; its pings lie 12 hours apart."""
    pings: dict[str, list[tuple[int, int]]] = {}
    for request in sent:
        for envelope in request.events:
            if envelope.HasField("server_ping"):
                moment = envelope.occurred_at.ToMilliseconds()
                uuid = request.source.server.server_uuid
                pings.setdefault(uuid, []).append((moment, envelope.server_ping.trigger))
    assert len(pings) == POPULATION.servers
    for moments in pings.values():
        assert [trigger == ServerPing.TRIGGER_FIRST_START for _, trigger in moments] == [
            True,
            *[False] * (len(moments) - 1),
        ]
        assert all(later[0] - earlier[0] == 12 * 3_600_000 for earlier, later in pairwise(moments))


def test_a_tab_counts_its_events_without_gaps(sent: list[PublishEventsRequest]) -> None:
    """Each instance's sequence is 1, 2, 3 … in order of time."""
    sequences: dict[str, list[int]] = {}
    for request in sent:
        if request.source.HasField("deployment"):
            held = sequences.setdefault(request.source.deployment.instance_id, [])
            held.extend(envelope.sequence for envelope in request.events)
    assert len(sequences) == POPULATION.tabs
    assert all(held == list(range(1, len(held) + 1)) for held in sequences.values())


@pytest.mark.parametrize("events", [1, 5, 32, 33, 100_000])
def test_shares_add_up_and_leave_nobody_out(events: int) -> None:
    """However many events there are, they are all given out, and none twice."""
    counts = shares(replace(POPULATION, events=events), 32)
    assert sum(counts) == events
    assert min(counts) >= (events >= 32)


def test_few_members_send_much_and_most_send_little(sent: list[PublishEventsRequest]) -> None:
    """The mix is uneven, as in life: the busiest quarter sends more than half."""
    counts: Counter[bytes] = Counter()
    for request in sent:
        counts[request.source.SerializeToString(deterministic=True)] += len(request.events)
    busiest = sum(count for _, count in counts.most_common(len(counts) // 4))
    assert busiest > POPULATION.events / 2
