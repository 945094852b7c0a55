"""What a server puts off until it serves, and that it does it then."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.server import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Callable

# A library that units of work bring along, as the system sees that a process has loaded it.
OF_UNITS = "pydantic_core"
# Seconds that the machine may take.
PATIENCE = 60.0


def test_a_writer_loads_units_once_its_server_serves(tmp_path: Path) -> None:
    """A server whose keys are known serves before its writer can do more than store; it can soon after."""
    server = ServerProcess(tmp_path)
    server.start()
    try:
        (writer,) = server.children()
        assert not has_loaded_units(writer)
        wait_until(lambda: has_loaded_units(writer))
        assert server.children() == [writer]
    finally:
        server.kill()


def has_loaded_units(pid: int) -> bool:
    return OF_UNITS in Path(f"/proc/{pid}/maps").read_text()


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
