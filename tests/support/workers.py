"""What a worker of multiprocessing does; it must be importable."""

from __future__ import annotations

import os

from tests.support.hosts import QUICK

from aboveboard.event.v1.change_type_pb2 import CHANGE_TYPE_CREATE
from aboveboard.event.v1.test_asset_pb2 import ElementStat
from aboveboard.telemetry.v1.source_pb2 import ServerSource
from aboveboard_client import Client


def work(number: int, *, forked: bool) -> None:
    """Record one event with a client of its own, and see it off."""
    source = ServerSource(server_uuid=os.environ["SERVER_UUID"], solution="host")
    client = Client(
        os.environ["ENDPOINT"], source, directory=os.environ["DIRECTORY"], heartbeat=False, timing=QUICK
    )
    assert client.record(ElementStat(element_id=str(number), change_type=CHANGE_TYPE_CREATE))
    # A forked worker of a host that has sent leaves it to that host.
    assert client.close(20) or forked
