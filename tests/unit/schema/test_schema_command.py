"""`aboveboard schema` says what it finds in a line each, and its exit code says whether it found anything."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from aboveboard_server.cli.schema import app

if TYPE_CHECKING:
    from tests.unit.schema.conftest import Tree

ROOT = Path(__file__).parents[3]
PING = "event/v1/ping.proto"


def run(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def test_lint_passes(tree: Tree) -> None:
    """A schema without fault exits with 0 and says so."""
    code, output = run("lint", "--protos", tree.protos)
    assert code == 0
    assert "every collected field is annotated" in output


def test_lint_refuses(tree: Tree) -> None:
    """A fault exits with 1, in one line that names field and rule."""
    tree.edit(PING, r'purpose: "Holds what only.*?"', "")
    code, output = run("lint", "--protos", tree.protos)
    assert code == 1
    assert output.splitlines()[-1] == "1 found."
    assert "aboveboard.event.v1.Ping.payload" in output.splitlines()[0]
    assert "[field-states-its-purpose]" in output.splitlines()[0]


def test_check_passes_and_refuses(tree: Tree) -> None:
    """The gate exits with 0 before a bad edit and with 1 after it."""
    assert run("check", "--protos", tree.protos)[0] == 0
    tree.edit(PING, "max_bytes: 8192", "max_bytes: 9000")
    code, output = run("check", "--protos", tree.protos)
    assert code == 1
    assert "[size-not-raised]" in output


def test_check_against_another(tree: Tree, tmp_path: Path) -> None:
    """With --against the gate holds another schema's promises too, and tells each finding once."""
    other = tmp_path / "other"
    shutil.copytree(tree.protos, other)
    path = other / "aboveboard" / PING
    path.write_text(path.read_text().replace("max_bytes: 8192", "max_bytes: 8000"))
    code, output = run("check", "--protos", tree.protos, "--against", other)
    assert code == 1
    assert "max_bytes raised from 8000 to 8192" in output
    assert output.splitlines()[-1] == "1 found."


@pytest.mark.parametrize("command", ["lint", "check"])
def test_folder_without_protos(tmp_path: Path, command: str) -> None:
    """A folder without protos or baseline is an error in plain words."""
    code, output = run(command, "--protos", tmp_path)
    assert code == 1
    assert "no .proto file" in output or "no released schema" in output


def test_dictionary(tmp_path: Path) -> None:
    """The dictionary goes to standard output, or to a file."""
    code, output = run("dictionary")
    assert code == 0
    assert output.startswith("# What is collected")
    assert run("dictionary", "--output", tmp_path / "dictionary.md") == (0, "")
    assert (tmp_path / "dictionary.md").read_text() == output


def test_generated_is_fresh(tmp_path: Path) -> None:
    """The freshness check passes on what was just generated, and finds a change and a left-over file."""
    for name in ("protos", "buf.yaml", "buf.gen.yaml", ".ci/generated-is-fresh"):
        source, target = ROOT / name, tmp_path / name
        target.parent.mkdir(exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    script = [tmp_path / ".ci/generated-is-fresh"]

    def fresh() -> tuple[int, str]:
        done = subprocess.run(
            script, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stderr

    subprocess.run(
        ["buf", "generate"], cwd=tmp_path, env=os.environ | {"PATH": path}, capture_output=True, check=True
    )
    assert fresh() == (0, "")
    stale = tmp_path / "generated/python/aboveboard/event/v1/stale_pb2.py"
    stale.write_text("")
    ping = tmp_path / "protos/aboveboard" / PING
    ping.write_text(ping.read_text().replace("max_bytes: 8192", "max_bytes: 8000"))
    code, said = fresh()
    assert code == 1
    assert "stale_pb2.py" in said
    assert "ping_pb2.py" in said
    assert "make generate" in said
