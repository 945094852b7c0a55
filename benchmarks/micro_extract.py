"""Prints the µs of CPU time that an event takes from the parsed request to its row, by both ways.

    .venv/bin/python benchmarks/micro_extract.py [ROUNDS]

Reference and fast way take turns within a round, since the machine's speed drifts; medians of all rounds.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from typing import TYPE_CHECKING

from aboveboard.event.v1.change_type_pb2 import CHANGE_TYPE_CREATE
from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest
from aboveboard.schema.v1.annotations_pb2 import CATEGORY_INTERACTION
from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
from aboveboard_server.ids import uuid7
from aboveboard_server.ingest.sorter import Sorter
from aboveboard_server.schema import catalog

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BATCH = 500
ROUNDS = 40
NOON = 1_783_944_000


def test_case(event: EventEnvelope) -> None:
    """Fill in the most frequent kind of event: an identifier and an enum."""
    event.test_case_stat.test_case_id = "4711"
    event.test_case_stat.change_type = CHANGE_TYPE_CREATE


def test_plan_run(event: EventEnvelope) -> None:
    """Fill in the widest kind of event: four texts and an enum."""
    run = event.test_plan_run_stat
    run.test_plan_run_id, run.application_type = "4711", "WebApplication"
    run.test_plan_type, run.test_plan_lab_type = "ADHOC_TEST_PLAN", "Hybrid"
    run.change_type = CHANGE_TYPE_CREATE


def ping(event: EventEnvelope) -> None:
    """Fill in the dearest kind of event: a text, an enum and a payload."""
    event.ping.event_name, event.ping.category = "PageLoaded", CATEGORY_INTERACTION
    event.ping.payload.update({"duration_ms": 1520, "route": "/home", "cached": True})


def request(kinds: Sequence[Callable[[EventEnvelope], None]]) -> bytes:
    """Return a request of these kinds of events in turn."""
    events = []
    for number in range(BATCH):
        event = EventEnvelope(event_id=str(uuid7()), sequence=number + 1)
        event.occurred_at.FromMicroseconds(NOON * 1_000_000 + number)
        kinds[number % len(kinds)](event)
        events.append(event)
    return PublishEventsRequest(events=events).SerializeToString()


def timed(sorter: Sorter | None, data: bytes) -> float:
    """Return the µs per event of sorting a request parsed anew, or of parsing it where there is no sorter."""
    start = time.thread_time()
    parsed = PublishEventsRequest.FromString(data)
    if sorter is not None:
        start = time.thread_time()
        sorter.sort(parsed.events, 0)
    return (time.thread_time() - start) / BATCH * 1e6


def main() -> None:
    """Measure, and print a line for each mix of events."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    schema = catalog.default()
    contenders = (Sorter(schema, fast={}), Sorter(schema), None)
    mixes = {kind.__name__: (kind,) for kind in (test_case, test_plan_run, ping)}
    requests = {name: request(kinds) for name, kinds in mixes.items()}
    requests["mixed"] = request((test_case, test_plan_run, ping))
    say(f"{'µs per event':<16}{'reference':>10}{'fast':>8}{'ratio':>8}{'(parse)':>10}")
    gc.disable()
    for name, data in requests.items():
        times = [[timed(sorter, data) for sorter in contenders] for _ in range(rounds)]
        reference, fast, parse = (statistics.median(column) for column in zip(*times, strict=True))
        say(f"{name:<16}{reference:>10.2f}{fast:>8.2f}{reference / fast:>8.1f}{parse:>10.2f}")


def say(line: str) -> None:
    """Write a line of the table."""
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
