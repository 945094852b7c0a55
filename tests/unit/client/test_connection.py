"""A connection that another thread has ended, at whatever moment, is an error and never a crash."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
from aboveboard.ingest.v1.ingest_service_pb2 import GetCollectionStatusRequest
from aboveboard.telemetry.v1.source_pb2 import ServerSource
from aboveboard_client.failure import Withdrawn
from aboveboard_client.settings import Settings, as_source, folder_of
from aboveboard_client.timing import Timing
from aboveboard_client.transport import Transport
source = as_source(ServerSource(server_uuid="0195f3d8-7165-11ec-8d28-2641d35f62cd"))
folder = folder_of(".", source)
rest = False, 0, 0, True, False, None, Timing()
transport = Transport(Settings("127.0.0.1:9", "", source, folder, "", *rest))
connection = transport._connect()
connection.call_off()
try:
    connection.call("GetCollectionStatus", GetCollectionStatusRequest(), 1)
except Withdrawn:
    print("withdrawn")
"""


def test_what_was_called_off_before_its_first_call_is_withdrawn() -> None:
    """grpc crashes where a stub is made of a closed channel: the host must not."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "withdrawn\n"), done.stderr
