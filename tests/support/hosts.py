"""Programs that record events, in processes of their own that tests may kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aboveboard_client import Timing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).parents[2]
# Quick enough that a test sees many turns of the sender; the order of things is that of the defaults.
QUICK = Timing(linger=0.02, rpc=5.0, retry_first=0.05, retry_most=0.2, refused=0.3, idle=0.2, adopt=0.1)
PRELUDE = """
import os, sys, time, threading, signal
from pathlib import Path
from aboveboard.event.v1.change_type_pb2 import CHANGE_TYPE_CREATE
from aboveboard.event.v1.test_asset_pb2 import ElementStat
from aboveboard.telemetry.v1.source_pb2 import ServerSource
from aboveboard_client import Client, Timing
from tests.support.hosts import QUICK

def make(**options):
    source = ServerSource(server_uuid=os.environ["SERVER_UUID"], solution="host")
    options = {"heartbeat": False, "timing": QUICK, **options}
    return Client(os.environ["ENDPOINT"], source, directory=os.environ["DIRECTORY"], **options)

def element(number):
    return ElementStat(element_id=str(number), change_type=CHANGE_TYPE_CREATE)

def say(text):
    os.write(1, f"{text}\\n".encode())
"""


@dataclass
class Host:
    """Where a host's client sends, as whom, and where it keeps its files."""

    endpoint: str
    server_uuid: str
    directory: Path

    def start(
        self, program: str, env: Mapping[str, str] | None = None, told: Path | None = None
    ) -> subprocess.Popen[str]:
        """Start a program that finds `make`, `element` and `say`; what it says goes to `told`, if given."""
        variables = {
            "ENDPOINT": self.endpoint,
            "SERVER_UUID": self.server_uuid,
            "DIRECTORY": str(self.directory),
            "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
        }
        with told.open("wb") if told else nullcontext() as stdout:
            return subprocess.Popen(
                [sys.executable, "-X", "faulthandler", "-W", "error", "-c", PRELUDE + program],
                stdout=stdout or subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env={**os.environ, **variables, **(env or {})},
            )

    def run(self, program: str, env: Mapping[str, str] | None = None) -> str:
        """Run a program to its end, and return what it said; AssertionError where it failed or complained."""
        process = self.start(program, env)
        try:
            said, complaints = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            # Its stacks tell where it hangs.
            process.send_signal(signal.SIGABRT)
            raise AssertionError(f"it does not end: {process.communicate()[1]}") from None
        assert process.returncode == 0, complaints
        assert not complaints, complaints
        return said


def wait_for(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until something holds that another thread or process brings about; AssertionError."""
    give_up_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up_at, "it does not come about"
        time.sleep(0.01)
