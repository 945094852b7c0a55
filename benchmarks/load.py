"""The load generator: sends bytes that are ready, reads every answer and checks every verdict.

A process of its own, so that its share of the machine can be told from the server's.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc

from aboveboard.ingest.v1 import ingest_service_pb2 as ingest
from benchmarks.jobs import LONE, STREAM, LoadSpec, answer
from benchmarks.meter import Meter
from benchmarks.pools import Pool, numbered
from benchmarks.probe import fdatasync_ms, percentile
from benchmarks.streams import Stream

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.jobs import Result
    from benchmarks.pools import Expected

SERVICE = f"/{ingest.DESCRIPTOR.services_by_name['IngestService'].full_name}"
# Seconds for one answer: a server that stalls longer has failed the run.
DEADLINE = 30


def run(raw_spec: dict[str, Any]) -> Result:
    """Send the load that a spec describes and return what was measured."""
    spec = LoadSpec(**raw_spec)
    pool = Pool(spec)
    if spec.mode != LONE:
        return asyncio.run(_send(spec, pool))
    # One sync of this very disk, a moment before and a moment after: what a lone caller is held against.
    syncs = fdatasync_ms(Path(spec.folder))
    result = asyncio.run(_send(spec, pool))
    syncs += fdatasync_ms(Path(spec.folder))
    return result | {"fdatasync_p50_ms": percentile(syncs, 0.5), "fdatasync_p99_ms": percentile(syncs, 0.99)}


async def _send(spec: LoadSpec, pool: Pool) -> Result:
    channels = [grpc.aio.insecure_channel(spec.target, _options(number)) for number in range(spec.channels)]
    try:
        await asyncio.gather(*(channel.channel_ready() for channel in channels))
        await _unary(iter(pool.warm_up()), channels, pool.expected_when_new, Meter(spec), spec.in_flight)
        requests = pool.measured()
        meter = Meter(spec)
        if spec.mode == STREAM:
            await _stream(requests, channels, pool.expected, meter, spec)
        else:
            await _unary(requests, channels, pool.expected, meter, spec.in_flight)
        return meter.result()
    finally:
        await asyncio.gather(*(channel.close() for channel in channels))


async def _unary(
    requests: Iterator[bytes],
    channels: Sequence[grpc.aio.Channel],
    expected: Expected,
    meter: Meter,
    in_flight: int,
) -> None:
    """Keep `in_flight` requests under way, spread over the channels, until there are no more."""

    async def caller(channel: grpc.aio.Channel) -> None:
        publish: Any = channel.unary_unary(
            f"{SERVICE}/PublishEvents", None, ingest.PublishEventsResponse.FromString
        )
        for data in requests:
            begun = time.perf_counter()
            response = await publish(data, timeout=DEADLINE)
            expected.check(response.accepted_count, response.verdicts)
            meter.answered(begun, expected.batch)
            if meter.over:
                return

    async with meter.running(), asyncio.TaskGroup() as tasks:
        for channel in itertools.islice(itertools.cycle(channels), in_flight):
            tasks.create_task(caller(channel))


async def _stream(
    requests: Iterator[bytes],
    channels: Sequence[grpc.aio.Channel],
    expected: Expected,
    meter: Meter,
    spec: LoadSpec,
) -> None:
    """Keep `in_flight` requests under way on one stream per channel, until there are no more."""
    streams = []
    shares: list[list[bytes]] = [[] for _ in channels]
    for position, data in enumerate(requests):
        share = shares[position % len(channels)]
        share.append(numbered(len(share) + 1, data))
    for channel, share in zip(channels, shares, strict=True):
        method: Any = channel.stream_stream(
            f"{SERVICE}/StreamEvents", None, ingest.StreamEventsResponse.FromString
        )
        streams.append(Stream(method, share, expected, spec.in_flight))
    async with meter.running(), asyncio.TaskGroup() as tasks:
        for stream in streams:
            tasks.create_task(stream.run(meter))


def _options(number: int) -> list[tuple[str, Any]]:
    # Channels to one address share a connection unless their arguments differ.
    return [("grpc.use_local_subchannel_pool", 1), ("aboveboard.bench.channel", number)]


if __name__ == "__main__":
    answer(run)
