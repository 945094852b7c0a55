"""What `record(event, durable=True)` promises, through a power cut with all that was not synced."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.support.clients import held
from tests.support.power_cut import PowerCut

from aboveboard.telemetry.v1.source_pb2 import ServerSource, Source

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.hosts import Host
    from tests.support.server import ServerProcess

EVENTS = 5
RECORD = f"""
client = make()
for number in range({EVENTS}):
    assert client.record(element(number), durable=True)
say("recorded")
client.record(element("not yet durable"))
os.kill(os.getpid(), signal.SIGKILL)
"""
SEND = """
client = make()
assert client.flush(30)
client.close()
"""


def test_durable_events_survive(host: Host, shared_server: ServerProcess, tmp_path: Path) -> None:
    """Recorded without a server, in a folder that is new; after the cut the next run sends them."""
    data = tmp_path / "data"
    data.mkdir()
    power = PowerCut(data, tmp_path / "synced")
    host = replace(host, directory=data / "new" / "client")
    with replace(host, endpoint="127.0.0.1:1").start(RECORD, env=power.environment) as process:
        said, complaints = process.communicate(timeout=60)
    assert said == "recorded\n", complaints
    power.cut()
    host.run(SEND)
    found = held(shared_server, Source(server=ServerSource(server_uuid=host.server_uuid)))
    assert found["element_stat"] in {EVENTS, EVENTS + 1}
