"""A deletion goes on where it was killed; `make fault` tries it with many kills."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from tests.support.deletion_kills import campaign
from tests.support.server import ServerProcess

if TYPE_CHECKING:
    from pathlib import Path


def test_a_killed_deletion_ends_as_if_nothing_had_been(tmp_path: Path) -> None:
    """Through 2 kills the rows removed, the receipts and what is left are those of a clean run."""
    folder = tmp_path / "server"
    folder.mkdir()
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # noqa: T201  # shown where it fails
    server = ServerProcess(folder)
    try:
        campaign(server, tmp_path / "before", kills=2, requests=3, seed=seed)
    finally:
        server.kill()
