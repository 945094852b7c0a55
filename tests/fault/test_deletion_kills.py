"""A deletion, killed at many points."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest
from tests.support.deletion_kills import campaign
from tests.support.server import ServerProcess

if TYPE_CHECKING:
    from pathlib import Path

# 30 in all, in parts that run beside one another.
PARTS, KILLS = 3, 10


@pytest.mark.fault(seconds=100)
@pytest.mark.parametrize("part", range(PARTS))
def test_no_kill_changes_what_a_deletion_does(tmp_path: Path, part: int) -> None:
    """SIGKILL at random points, of the server or its writer: totals and end state are a clean run's."""
    folder = tmp_path / "server"
    folder.mkdir()
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # noqa: T201  # shown where it fails
    server = ServerProcess(folder)
    try:
        found = campaign(server, tmp_path / "before", kills=KILLS, requests=8, seed=seed)
    finally:
        server.kill()
    print(f"{found} of {KILLS} in the middle")  # noqa: T201  # as above
    assert found > KILLS // 4
