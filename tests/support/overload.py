"""Many callers in a process of their own: what was answered, and how soon.

python -m tests.support.overload '{"target": …, "pid": …, "callers": …, "seconds": …}'
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

import grpc
from benchmarks.jobs import LoadSpec
from benchmarks.pools import Pool

from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsResponse
from aboveboard_client.failure import read_failure

PUBLISH = "/aboveboard.ingest.v1.IngestService/PublishEvents"
DEADLINE = 30
BATCH = 100


@dataclass(frozen=True)
class Load:
    """So many callers, each with one call under way, over so many connections. `rude` ones never wait."""

    target: str
    callers: int
    seconds: float
    batch: int = BATCH
    channels: int = 4
    rude: bool = False


@dataclass
class Told:
    """What callers were told: seconds until each answer, and what refusals said."""

    events: int = 0
    accepted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    refusals: dict[str, int] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """Return what a test looks at."""
        return {
            "events": self.events,
            "accepted": len(self.accepted),
            "refused": len(self.refused),
            "median_accepted": median(self.accepted or [0]),
            "median_refused": median(self.refused or [0]),
            "slowest_accepted": max(self.accepted or [0]),
            "refusals": self.refusals,
        }


class Run(subprocess.Popen[str]):
    """A load under way in a process of its own."""

    def __init__(self, load: Load) -> None:
        command = [sys.executable, "-m", "tests.support.overload", json.dumps(asdict(load))]
        super().__init__(command, stdout=subprocess.PIPE, text=True)

    def told(self) -> dict[str, Any]:
        """Wait for its end, and return its summary."""
        output, _ = self.communicate(timeout=180)
        assert self.returncode == 0
        summary: dict[str, Any] = json.loads(output)
        return summary


async def send(load: Load) -> Told:
    """Call until the time is over."""
    told = Told()
    pool = Pool(LoadSpec(load.target, 0, "", batch=load.batch, lazy=True, events=10**12))
    requests = pool.measured()
    channels = [
        grpc.aio.insecure_channel(
            load.target, [("grpc.use_local_subchannel_pool", 1), ("aboveboard.channel", number)]
        )
        for number in range(load.channels)
    ]
    await asyncio.gather(*(channel.channel_ready() for channel in channels))
    ends = time.monotonic() + load.seconds

    async def caller(channel: grpc.aio.Channel) -> None:
        publish: Any = channel.unary_unary(PUBLISH, None, PublishEventsResponse.FromString)
        while time.monotonic() < ends:
            request = next(requests)
            while (wait := await _call(publish, request, told)) is not None:
                wait = 0 if load.rude else wait * random.uniform(1, 1.5)
                if time.monotonic() + wait >= ends:
                    return
                await asyncio.sleep(wait)

    async with asyncio.TaskGroup() as group:
        for number in range(load.callers):
            group.create_task(caller(channels[number % len(channels)]))
    for channel in channels:
        await channel.close()
    return told


async def _call(publish: Any, request: bytes, told: Told) -> float | None:
    """Send once; return None where it was taken, otherwise the seconds to wait."""
    begun = time.perf_counter()
    try:
        answer = await publish(request, timeout=DEADLINE)
    except grpc.aio.AioRpcError as error:
        told.refused.append(time.perf_counter() - begun)
        failure = read_failure(error)
        name = f"{failure.code} {failure.reason or failure.message}"
        told.refusals[name] = told.refusals.get(name, 0) + 1
        return failure.retry_seconds or 1.0
    told.accepted.append(time.perf_counter() - begun)
    told.events += answer.accepted_count
    return None


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(send(Load(**json.loads(sys.argv[1])))).summary()))
