"""How long `Client.record` keeps its caller: `python benchmarks/micro_record.py [--events N]`.

Without a server at the endpoint (the default) it shows what a host pays while the service is down.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
import uuid

from aboveboard.event.v1.change_type_pb2 import CHANGE_TYPE_CREATE
from aboveboard.event.v1.test_asset_pb2 import TestCaseStat
from aboveboard.telemetry.v1.source_pb2 import ServerSource
from aboveboard_client import Client

MICROSECONDS = 1e6


def main() -> None:
    """Record events one after the other, and print the distribution as JSON, in µs."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", type=int, default=50_000)
    arguments.add_argument("--endpoint", default="127.0.0.1:9")
    arguments.add_argument("--pause", type=float, default=0.0, help="seconds between two events")
    given = arguments.parse_args()
    event = TestCaseStat(test_case_id="10", change_type=CHANGE_TYPE_CREATE)
    with tempfile.TemporaryDirectory() as folder:
        source = ServerSource(server_uuid=str(uuid.uuid4()), solution="benchmark")
        client = Client(given.endpoint, source, directory=folder)
        took = []
        for _ in range(given.events):
            began = time.perf_counter()
            client.record(event)
            took.append((time.perf_counter() - began) * MICROSECONDS)
            if given.pause:
                time.sleep(given.pause)
        recorded = client.stats().recorded
        client.close(0)
    took.sort()
    figures = {
        "events": recorded,
        "median_us": round(statistics.median(took), 1),
        "p99_us": round(took[len(took) * 99 // 100], 1),
        "max_us": round(took[-1], 1),
    }
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
