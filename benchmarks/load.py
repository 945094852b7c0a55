"""The load generator: sends bytes that are ready, reads every answer and checks every verdict.

A process of its own, so that its share of the machine can be told from the server's.
"""

from __future__ import annotations

import itertools
import selectors
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc

from aboveboard.ingest.v1 import ingest_service_pb2 as ingest
from benchmarks.http2 import Connection
from benchmarks.jobs import ALONE, LONE_GRPC, STREAM, LoadSpec, answer
from benchmarks.meter import Meter
from benchmarks.pools import Pool, WrongAnswerError, numbered
from benchmarks.probe import fdatasync_ms, percentile
from benchmarks.streams import Stream

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from benchmarks.jobs import Result
    from benchmarks.pools import Expected

SERVICE = f"/{ingest.DESCRIPTOR.services_by_name['IngestService'].full_name}"
PUBLISH, STREAM_EVENTS = f"{SERVICE}/PublishEvents", f"{SERVICE}/StreamEvents"
# Seconds for one answer: a server that stalls longer has failed the run.
DEADLINE = 30
# Requests under way at once while the server warms up: no server takes more on one connection than 100.
WARM_UP_IN_FLIGHT = 64


class StalledError(Exception):
    """The server did not answer in time."""


def run(raw_spec: dict[str, Any]) -> Result:
    """Send the load that a spec describes and return what was measured."""
    spec = LoadSpec(**raw_spec)
    pool = Pool(spec)
    if spec.mode not in ALONE:
        return _send(spec, pool)
    # One sync of this very disk, a moment before and a moment after: what a lone caller is held against.
    syncs = fdatasync_ms(Path(spec.folder))
    result = _send(spec, pool)
    syncs += fdatasync_ms(Path(spec.folder))
    return result | {"fdatasync_p50_ms": percentile(syncs, 0.5), "fdatasync_p99_ms": percentile(syncs, 0.99)}


def _send(spec: LoadSpec, pool: Pool) -> Result:
    with ExitStack() as stack:

        def connections(method: str) -> list[Connection]:
            made = [Connection(spec.target, method) for _ in range(spec.channels)]
            return [stack.enter_context(closing(one)) for one in made]

        publishing = connections(PUBLISH)
        in_flight = min(spec.in_flight, WARM_UP_IN_FLIGHT)
        _unary(iter(pool.warm_up()), publishing, pool.expected_when_new, Meter(spec), in_flight)
        requests, meter = pool.measured(), Meter(spec)
        if spec.mode == STREAM:
            _stream(requests, connections(STREAM_EVENTS), pool.expected, meter, spec)
        elif spec.mode == LONE_GRPC:
            _lone_with_grpc(requests, spec.target, pool.expected, meter)
        else:
            _unary(requests, publishing, pool.expected, meter, spec.in_flight)
        return meter.result()


def _unary(
    requests: Iterator[bytes],
    connections: Sequence[Connection],
    expected: Expected,
    meter: Meter,
    in_flight: int,
) -> None:
    """Keep `in_flight` requests under way, spread over the connections, until there are no more."""
    under_way: set[tuple[Connection, int]] = set()
    begun: dict[tuple[Connection, int], float] = {}

    def begin(connection: Connection) -> None:
        data = None if meter.over else next(requests, None)
        if data is not None:
            stream = connection.call()
            under_way.add((connection, stream))
            begun[connection, stream] = time.perf_counter()
            connection.send(stream, data, last=True)

    with meter.running():
        for connection in itertools.islice(itertools.cycle(connections), in_flight):
            begin(connection)
        for connection, stream, message in _arriving(connections, under_way):
            if message is None:
                if (connection, stream) in begun:
                    raise WrongAnswerError("a call came to its end without an answer")
                under_way.remove((connection, stream))
                begin(connection)
            else:
                response = ingest.PublishEventsResponse.FromString(message)
                expected.check(response.accepted_count, response.verdicts)
                meter.answered(begun.pop((connection, stream)), expected.batch)


def _stream(
    requests: Iterator[bytes],
    connections: Sequence[Connection],
    expected: Expected,
    meter: Meter,
    spec: LoadSpec,
) -> None:
    """Keep `in_flight` requests under way on one stream per connection, until there are no more."""
    shares: list[list[bytes]] = [[] for _ in connections]
    for position, data in enumerate(requests):
        share = shares[position % len(connections)]
        share.append(numbered(len(share) + 1, data))
    streams = {
        connection: Stream(connection, share, expected, spec.in_flight)
        for connection, share in zip(connections, shares, strict=True)
    }
    with meter.running():
        for stream in streams.values():
            stream.send(meter)
        for connection, _, message in _arriving(connections, streams):
            if message is None:
                streams.pop(connection).ended()
            else:
                streams[connection].take(message, meter)


def _arriving(
    connections: Sequence[Connection], under_way: Collection[Any]
) -> Iterator[tuple[Connection, int, bytes | None]]:
    """Yield what comes as long as anything is under way, and send what that gives rise to."""
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection, selectors.EVENT_READ, connection)
            connection.flush()
        while under_way:
            ready = selector.select(DEADLINE)
            if not ready:
                raise StalledError(f"no answer within {DEADLINE} s")
            for key, _ in ready:
                for stream, message in key.data.receive():
                    yield key.data, stream, message
                key.data.flush()


def _lone_with_grpc(requests: Iterator[bytes], target: str, expected: Expected, meter: Meter) -> None:
    """Send one request after the other as a product in Python does, with grpc's own client."""
    with grpc.insecure_channel(target) as channel:
        publish: Any = channel.unary_unary(PUBLISH, None, ingest.PublishEventsResponse.FromString)
        grpc.channel_ready_future(channel).result(DEADLINE)
        with meter.running():
            for data in requests:
                begun = time.perf_counter()
                response = publish(data, timeout=DEADLINE)
                expected.check(response.accepted_count, response.verdicts)
                meter.answered(begun, expected.batch)
                if meter.over:
                    return


if __name__ == "__main__":
    answer(run)
