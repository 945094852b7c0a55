"""What a server loads before it serves, which everyone who starts one waits for."""

from __future__ import annotations

import subprocess
import sys

# The driver of another store, what migrates databases, and what draws noise once a month.
LATE = {"psycopg", "alembic", "opendp"}


def test_what_few_need_is_loaded_late() -> None:
    """A server that keeps its events in a SQLite file of this version loads nothing for anything else."""
    told = "import sys, aboveboard_server.cli.app, aboveboard_server.bootstrap; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout
    assert "aboveboard_server.storage.sqlite" in loaded.split()
    assert LATE & set(loaded.split()) == set()
