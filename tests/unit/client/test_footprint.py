"""What a host pays for the SDK beyond what it pays for grpc."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[3] / "src/aboveboard_client"
IMPORT_SECONDS = 0.150
BYTES = 12 * 1024 * 1024
ALLOWED = {"aboveboard", "aboveboard_client", "google", "grpc"} | sys.stdlib_module_names
MEASURE_MEMORY = """
import grpc
channel = grpc.insecure_channel("127.0.0.1:9")
try:
    grpc.channel_ready_future(channel).result(0.2)
except grpc.FutureTimeoutError:
    pass
"""
USE = """
import tempfile, time
from aboveboard.event.v1.test_asset_pb2 import TestCaseStat
from aboveboard.telemetry.v1.source_pb2 import ServerSource
from aboveboard_client import Client, Timing
source = ServerSource(server_uuid="0195f3d8-7165-11ec-8d28-2641d35f62cd")
client = Client("127.0.0.1:9", source, directory=tempfile.mkdtemp(), timing=Timing(linger=0))
for number in range(1000):
    assert client.record(TestCaseStat(test_case_id=str(number), change_type=1))
client.flush()
assert client.preview().events
"""
REPORT = """
with open("/proc/self/statm") as file:
    print(int(file.read().split()[1]) * 4096)
"""


def run(program: str) -> float:
    command = [sys.executable, "-c", program]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_it_imports_in_under_150_ms() -> None:
    """`import aboveboard_client` takes under 150 ms of the processor: the best of five fresh interpreters."""
    program = "import time\nbegan = time.process_time()\nimport aboveboard_client\n"
    program += "print(time.process_time() - began)"
    assert min(run(program) for _ in range(5)) < IMPORT_SECONDS


def test_importing_it_loads_neither_grpc_nor_protobuf() -> None:
    """What a host does not use yet it does not load: grpc comes with the first send."""
    assert not run(
        "import sys, aboveboard_client\nprint(int('grpc' in sys.modules or 'google.protobuf' in sys.modules))"
    )


def test_it_adds_under_12_mb_to_grpc_and_a_channel() -> None:
    """A host that has recorded 1,000 events and tried to send them is under 12 MB larger."""
    baseline = min(run(MEASURE_MEMORY + REPORT) for _ in range(3))
    used = min(run(MEASURE_MEMORY + USE + REPORT) for _ in range(3))
    assert used - baseline < BYTES


def test_it_imports_stubs_grpc_and_the_standard_library_alone() -> None:
    """No file of the SDK imports anything else, not even late."""
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert not node.level, file
                names = [node.module or ""]
            for name in names:
                top, _, rest = name.partition(".")
                assert top in ALLOWED, f"{file}: {name}"
                assert top != "google" or rest.startswith(("protobuf", "rpc")), f"{file}: {name}"
