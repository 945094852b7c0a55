"""A deletion, killed at many points."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest
from tests.support.deletion_kills import campaign
from tests.support.server import ServerProcess

if TYPE_CHECKING:
    from pathlib import Path

KILLS = 30


@pytest.mark.fault
def test_no_kill_changes_what_a_deletion_does(tmp_path: Path) -> None:
    """SIGKILL at 30 random points, of the server or its writer: totals and end state are a clean run's."""
    folder = tmp_path / "server"
    folder.mkdir()
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # noqa: T201  # shown where it fails
    found = campaign(ServerProcess(folder), tmp_path / "before", kills=KILLS, requests=8, seed=seed)
    assert found > KILLS // 4
