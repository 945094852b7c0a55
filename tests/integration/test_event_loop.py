"""Which event loop serves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.server import ServerProcess


def test_a_server_runs_on_uvloop(shared_server: ServerProcess) -> None:
    """What it has loaded tells so: asyncio's own loop would serve as well, and slower."""
    assert "/uvloop/" in Path(f"/proc/{shared_server.pid}/maps").read_text()
