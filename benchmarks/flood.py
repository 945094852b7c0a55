"""Shows that a flood of SetCollectionPreference leaves publishing alone.

`python -m benchmarks.flood '{"target": …, "seconds": …}'` is the flood itself, in a process of its own: as a
proxy that speaks for many addresses it asks at a steady pace, half of it DISABLED for servers that were never
seen, half of it either wish for the same few.
"""

from __future__ import annotations

import itertools
import json
import secrets
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING

import grpc

from aboveboard.ingest.v1.ingest_service_pb2 import SetCollectionPreferenceRequest as Request
from aboveboard.ingest.v1.ingest_service_pb2_grpc import IngestServiceStub
from aboveboard.telemetry.v1.source_pb2 import ServerSource, Source
from benchmarks import jobs, servers
from benchmarks.jobs import LoadSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.jobs import Result
    from benchmarks.stores import Host

# Requests a second, and the callers that ask.
PER_SECOND = 300
CALLERS = 4
# Servers whose preference is changed again and again.
TOGGLED = 8
DEADLINE = 30.0
# The server believes the flood that it speaks for others.
PROXY = ("--trusted-proxy", "127.0.0.0/8")
SECONDS = 10.0
TURNS = 3
# Events that no run gets through.
ENDLESS = 10**9
# The share of its rate that publishing must keep.
REQUIRED = 0.7


@dataclass(frozen=True, slots=True)
class FloodSpec:
    """How long to ask, and whom."""

    target: str
    seconds: float
    per_second: int = PER_SECOND


class Flood(subprocess.Popen[str]):
    """A flood under way in a process of its own."""

    def __init__(self, spec: FloodSpec) -> None:
        # The program is this very interpreter, and the module this one.
        command = [sys.executable, "-m", "benchmarks.flood", json.dumps(asdict(spec))]
        super().__init__(command, stdout=subprocess.PIPE, text=True)

    def told(self) -> dict[str, int]:
        """Wait for its end, and return how many requests were answered with which code."""
        output, _ = self.communicate(timeout=DEADLINE + jobs.PATIENCE)
        if self.returncode:
            raise jobs.JobError("the flood did not come to its end")
        found: dict[str, int] = json.loads(output)
        return found


def measure(host: Host, folder: Path, told: Callable[[str], None]) -> Result:
    """Return how much of its rate publishing keeps beside a flood: turns with and without, in one server."""
    database = host.fresh()
    rates: dict[bool, list[float]] = {False: [], True: []}
    answered: dict[str, int] = {}
    try:
        with servers.aboveboard(database, host.workers, arguments=PROXY) as running:
            spec = LoadSpec(
                running.address, running.pid, str(folder), events=ENDLESS, seconds=SECONDS, lazy=True
            )
            for _, flooded in itertools.product(range(TURNS), (False, True)):
                told(f"{host.name}: {'beside a flood' if flooded else 'alone'}")
                flood = Flood(FloodSpec(running.address, SECONDS)) if flooded else None
                rates[flooded].append(jobs.run("load", spec)["events_per_second"])
                for code, count in flood.told().items() if flood else ():
                    answered[code] = answered.get(code, 0) + count
    finally:
        host.drop(database)
    kept = [beside / alone for alone, beside in zip(rates[False], rates[True], strict=True)]
    return {
        "store": host.name,
        "alone": median(rates[False]),
        "beside": median(rates[True]),
        "kept": median(kept),
        "required": REQUIRED,
        "answered": answered,
    }


def flood(spec: FloodSpec) -> dict[str, int]:
    """Ask at a steady pace; return how many requests were answered with which code."""
    numbers = itertools.count()
    begun = time.monotonic()
    toggled = [str(uuid.uuid4()) for _ in range(TOGGLED)]

    def caller(_number: int) -> list[str]:
        codes = []
        with grpc.insecure_channel(spec.target, [("grpc.use_local_subchannel_pool", 1)]) as channel:
            stub = IngestServiceStub(channel)
            while (number := next(numbers)) < spec.per_second * spec.seconds:
                time.sleep(max(0.0, begun + number / spec.per_second - time.monotonic()))
                codes.append(_ask(stub, number, toggled))
        return codes

    with ThreadPoolExecutor(CALLERS) as pool:
        found = [code for codes in pool.map(caller, range(CALLERS)) for code in codes]
    return {code: found.count(code) for code in set(found)}


def _ask(stub: IngestServiceStub, number: int, toggled: list[str]) -> str:
    again = number % 2
    which = number // 4 % TOGGLED
    request = Request(
        source=Source(server=ServerSource(server_uuid=toggled[which] if again else str(uuid.uuid4()))),
        scope=Request.SCOPE_SERVER,
        preference=Request.PREFERENCE_ENABLED if number % 4 == 1 else Request.PREFERENCE_DISABLED,
        preference_token=which.to_bytes(32, "big"),
    )
    address = f"198.18.{secrets.randbelow(256)}.{secrets.randbelow(256)}"
    try:
        stub.SetCollectionPreference(request, timeout=DEADLINE, metadata=(("x-forwarded-for", address),))
    except grpc.RpcError as error:
        code: str = error.code().name
        return code
    return "OK"


if __name__ == "__main__":
    sys.stdout.write(json.dumps(flood(FloodSpec(**json.loads(sys.argv[1])))) + "\n")
