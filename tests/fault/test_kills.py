"""The promise of an acknowledgement, under SIGKILL."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest
from tests.support.kills import campaign
from tests.support.server import ServerProcess

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.fault
@pytest.mark.timeout(600)
def test_no_acknowledged_event_is_lost_and_none_is_stored_twice(tmp_path: Path) -> None:
    """Through 40 kills at random moments under 8 clients, of at least 50,000 events 0 are lost, 0 doubled."""
    server = ServerProcess(tmp_path)
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # noqa: T201  # shown where it fails
    try:
        figures = campaign(server, kills=40, events=50_000, seed=seed, limit=480)
    finally:
        server.kill()
    print(figures)  # noqa: T201  # `pytest -s -m fault` shows it
    assert figures.kills >= 30
    assert figures.events >= 50_000
    assert figures.retries >= figures.kills
    assert (figures.lost, figures.doubled) == (0, 0)
