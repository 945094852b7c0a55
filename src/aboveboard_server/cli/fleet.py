"""A simulated population: Testsigma-like servers and Connects-like browser tabs, and what they send.

The same Population yields the same requests, byte by byte: chance comes from its seed and time from its
`end`, never from the clock. Nothing here talks to a server.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest
from aboveboard.telemetry.v1.source_pb2 import DeploymentSource, ServerSource, Source
from aboveboard_server.cli.fleet_events import ServerStory, TabStory
from aboveboard_server.ids import uuid7

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aboveboard.telemetry.v1.event_pb2 import EventEnvelope

MAX_EVENTS_PER_REQUEST = 1000
# A few send much and most send little: the spread of a lognormal distribution.
SPREAD = 1.2
TABS_PER_COMPANY = 8
NAMES = (
    "Aare",
    "Birs",
    "Doubs",
    "Emme",
    "Inn",
    "Limmat",
    "Maggia",
    "Reuss",
    "Rhone",
    "Saane",
    "Thur",
    "Ticino",
)
SERVER_VERSIONS = ("1.0.0", "1.2.0", "1.2.1", "2.0.0")
TAB_VERSIONS = ("4.1.3", "4.1.9", "4.1.10", "4.2.0")


@dataclass(frozen=True)
class Population:
    """How many there are of each, how much they send in all, in the `days` before the day `end`."""

    servers: int
    tabs: int
    days: int
    events: int
    seed: int
    end: date

    @property
    def begin_ms(self) -> int:
        """The first moment at which an event can occur, in milliseconds since 1970."""
        return self.end_ms - self.days * 86_400_000

    @property
    def end_ms(self) -> int:
        """The moment before which the last event occurs: the first one of the day `end`, in UTC."""
        return int(datetime(self.end.year, self.end.month, self.end.day, tzinfo=UTC).timestamp() * 1000)


def requests(population: Population) -> Iterator[PublishEventsRequest]:
    """Yield what the population sends, in batches of one source each; `events` events in all.

    One by one: a large population needs no more memory than a small one.
    """
    makers = [partial(_server, population, i) for i in range(population.servers)]
    makers += [partial(_tab, population, i) for i in range(population.tabs)]
    _chance(population, "order").shuffle(makers)
    for make, count in zip(makers, shares(population, len(makers)), strict=True):
        yield from make(count)


def shares(population: Population, members: int) -> list[int]:
    """Split the events among the members, unevenly as in life; at least one each while there are enough."""
    if not members:
        return []
    chance = _chance(population, "shares")
    weights = [chance.lognormvariate(0, SPREAD) for _ in range(members)]
    one_each = min(population.events, members)
    spare = population.events - one_each
    counts = [int(i < one_each) + int(spare * weight / sum(weights)) for i, weight in enumerate(weights)]
    counts[weights.index(max(weights))] += population.events - sum(counts)
    return counts


def _server(population: Population, index: int, count: int) -> Iterator[PublishEventsRequest]:
    chance = _chance(population, f"server {index}")
    server_uuid = str(UUID(int=chance.getrandbits(128), version=4))
    version = chance.choice(SERVER_VERSIONS)
    source = Source(server=ServerSource(server_uuid=server_uuid, solution="Testsigma CE", version=version))
    story = ServerStory(chance, version)
    moments = story.moments(population.begin_ms, population.end_ms, count)
    yield from _batches(source, chance, moments, story.tell)


def _tab(population: Population, index: int, count: int) -> Iterator[PublishEventsRequest]:
    chance = _chance(population, f"tab {index}")
    company = index // TABS_PER_COMPANY
    name = NAMES[company % len(NAMES)] + (f" {company // len(NAMES) + 1}" if company >= len(NAMES) else "")
    # Two or three tabs share a user, three or four a deployment.
    deployment, user = index % TABS_PER_COMPANY // 3, index % TABS_PER_COMPANY // 2
    # A company stays the same, whatever is sent; servers and tabs are new ones for every population.
    company_chance = random.Random(f"{population.seed}/company {company}")  # noqa: S311 - a simulation, no secret
    source = Source(
        deployment=DeploymentSource(
            solution="b+s Connects for ServiceNow",
            company_id=name.lower().replace(" ", "-"),
            company_name=f"{name} AG",
            deployment_id=f"{company_chance.getrandbits(40):010x}-{deployment}",
            deployment_name=("PROD", "QA", "DEV")[deployment],
            instance_id=f"tab-{chance.getrandbits(32):08x}",
            user_id=f"{company_chance.getrandbits(40):010x}{user:02x}",
            version=chance.choice(TAB_VERSIONS),
        )
    )
    story = TabStory(chance)
    moments = story.moments(population.begin_ms, population.end_ms, count)
    yield from _batches(source, chance, moments, story.tell)


def _batches(
    source: Source,
    chance: random.Random,
    moments: list[int],
    tell: Callable[[EventEnvelope], None],
) -> Iterator[PublishEventsRequest]:
    """Yield the events of one source in order of time, in batches of a lognormal size."""
    rest = iter(moments)
    left = len(moments)
    while left:
        size = min(left, MAX_EVENTS_PER_REQUEST, 1 + int(chance.lognormvariate(3.5, SPREAD)))
        left -= size
        request = PublishEventsRequest(source=source)
        for _ in range(size):
            moment = next(rest)
            envelope = request.events.add(event_id=str(uuid7(moment, chance)))
            envelope.occurred_at.FromMilliseconds(moment)
            tell(envelope)
        yield request


def _chance(population: Population, what: str) -> random.Random:
    """Return a source of chance of its own for each part.

    It depends on the whole population, so that no other one sends the same ids with other content.
    """
    return random.Random(f"{population}/{what}")  # noqa: S311 - a simulation, no secret
