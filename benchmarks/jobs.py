"""What is measured in a process of its own: told as JSON on its standard input, answered on its output.

A run thus shares no interpreter with the next one, nor with the progress bar.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

Result: TypeAlias = dict[str, Any]

UNARY = "unary"
STREAM = "stream"
LONE = "lone"
# The same through grpc's own client, as a product in Python calls.
LONE_GRPC = "lone with grpc"
ALONE = {LONE, LONE_GRPC}
# Seconds after which a process that should have ended is ended: a run itself stops far earlier.
PATIENCE = 600

# Requests under way at once that keep one process busy, and the connections, and streams, that they come
# over: several processes serve only several, and the kernel does not deal them out evenly.
IN_FLIGHT = 24
CHANNELS = 4
CHANNELS_PER_WORKER = 8


def channels(workers: int) -> int:
    """Return the connections that keep so many processes busy."""
    return CHANNELS if workers == 1 else CHANNELS_PER_WORKER * workers


@dataclass(frozen=True, slots=True)
class LoadSpec:
    """What the load generator sends. It stops after `events` or `seconds`, whichever comes first."""

    target: str
    server_pid: int
    folder: str
    mode: str = UNARY
    batch: int = 500
    events: int = 500_000
    seconds: float = 10.0
    # Requests under way at once: on every stream, or over all channels.
    in_flight: int = IN_FLIGHT
    # Connections, and streams: one on each.
    channels: int = CHANNELS
    ids: str = "v7"
    # Whether one event in a hundred was sent before.
    duplicates: bool = False
    # Whether requests are built while others are under way: slower, but in constant memory.
    lazy: bool = False


@dataclass(frozen=True, slots=True)
class WriteSpec:
    """What is written to a store without any server."""

    database: str
    events: int = 500_000
    seconds: float = 10.0
    batch: int = 500
    batches_per_commit: int = 8
    ids: str = "v7"


class JobError(Exception):
    """A process that measured did not come to its end; the text is what it said last."""


def run(module: str, spec: LoadSpec | WriteSpec, **extra: Any) -> Result:
    """Run `benchmarks.<module>` on a spec and return its result."""
    # The program is this very interpreter, and the module one of this package.
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", f"benchmarks.{module}"],
        input=json.dumps(asdict(spec) | extra),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    if done.returncode:
        raise JobError(f"{module}: {done.stderr.strip()[-2000:]}")
    result: Result = json.loads(done.stdout.splitlines()[-1])
    return result


def answer(work: Callable[[dict[str, Any]], Result]) -> None:
    """Be such a process: read the spec, do the work, write the result."""
    result = work(json.loads(sys.stdin.read()))
    sys.stdout.write(json.dumps(result) + "\n")
