"""The promise of an acknowledgement, under a few SIGKILLs; `make fault` tries it with many."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from tests.support.kills import ON_SQLITE, campaign
from tests.support.server import ServerProcess

if TYPE_CHECKING:
    from pathlib import Path


def test_a_kill_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """Through 3 kills under 8 clients no acknowledged event is lost, and none is stored twice."""
    server = ServerProcess(tmp_path)
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # noqa: T201  # shown where it fails
    try:
        kills = {"server": 2, "writer": 1}
        figures = campaign(server, kills, ON_SQLITE, events=2_000, seed=seed)
    finally:
        server.kill()
    assert figures.kills == kills
    assert (figures.lost, figures.doubled) == (0, 0)
