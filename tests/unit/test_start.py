"""What a server loads before it serves, which everyone who starts one waits for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from aboveboard_server.cli import admin, app

# The driver of another store, what migrates databases, what draws noise once a month, and what lays out a
# page for whoever reads it first.
LATE = {"psycopg", "alembic", "opendp", "jinja2"}
# What events go without in the writer: units of work are loaded once it serves.
UNITS = {"sqlalchemy", "sqlmodel", "pydantic"}


def loaded_by(*statements: str) -> set[str]:
    """Return the modules that these statements leave loaded."""
    told = "\n".join(["import sys", *statements, "print(*sys.modules)"])
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_what_few_need_is_loaded_late() -> None:
    """A server that keeps its events in a SQLite file of this version loads nothing for anything else."""
    loaded = loaded_by("import aboveboard_server.cli.app, aboveboard_server.bootstrap")
    assert "aboveboard_server.storage.sqlite" in loaded
    assert LATE & loaded == set()


def test_no_generated_table_is_needed_to_start() -> None:
    """The tables of events and sources are made for those who erase, export and sweep."""
    loaded = loaded_by("import aboveboard_server.bootstrap")
    assert [name for name in loaded if name.startswith("aboveboard.") and name.endswith("_tables")] == []


def test_a_writer_loads_no_units() -> None:
    """A writer is there for events first."""
    loaded = loaded_by("import aboveboard_server.storage.writer_process")
    assert UNITS & loaded == set()


@pytest.mark.parametrize("command", ["serve", "admin key list"])
def test_a_command_loads_no_other(command: str) -> None:
    """Each command waits for itself alone."""
    first, *rest = command.split()
    asked = {app.COMMANDS[first], *(admin.COMMANDS[name] for name in rest[:1])}
    others = {place.partition(":")[0] for place in {*app.COMMANDS.values(), *admin.COMMANDS.values()} - asked}
    loaded = loaded_by(
        "from aboveboard_server.cli.app import app",
        "try: app([*" + repr(command.split()) + ", '--help'])",
        "except SystemExit: pass",
    )
    assert f"aboveboard_server.cli.{first}" in loaded
    assert {f"aboveboard_server.cli.{name}" for name in others - {first}} & loaded == set()
