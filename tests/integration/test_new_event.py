"""Adding an event is its message, its arm in EventEnvelope, and `make generate`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.support.server import ServerProcess

ROOT = Path(__file__).parents[2]
SERVER_UUID = "0195f3d8-7165-11ec-8d28-2641d35f62cd"

MESSAGE = """
// Counts a report that was exported.
message ReportStat {
  option (aboveboard.schema.v1.event) = {
    owner: "report team"
    purpose: "Shows how often reports are exported."
    category: CATEGORY_INTERACTION
    retention_days: 90
  };

  // Required. How many pages it has.
  uint32 pages = 1 [(aboveboard.schema.v1.field) = {
    data_class: DATA_CLASS_INTERACTION
    purpose: "Shows how large reports are."
    example: "12"
  }];
  // The file format, at most 16 bytes.
  string file_format = 2 [(aboveboard.schema.v1.field) = {
    data_class: DATA_CLASS_TECHNICAL
    purpose: "Shows which formats are wanted."
    example: "PDF"
    format: FORMAT_OPEN_ENUM
    known_values: "PDF"
    max_bytes: 16
    required: true
  }];
}
"""
ARM = """    // A report was exported.
    aboveboard.event.v1.ReportStat report_stat = 90;
"""
FIELD = """  // The tool that wrote the case, at most 32 bytes.
  string editor = 9 [(aboveboard.schema.v1.field) = {
    data_class: DATA_CLASS_TECHNICAL
    purpose: "Shows which editors are used."
    example: "vim"
    format: FORMAT_IDENTIFIER
    max_bytes: 32
  }];
"""


class Scratch:
    """A copy of the tree, used in place of the installed one."""

    def __init__(self, folder: Path) -> None:
        self.root = folder
        for name in ("src", "protos", "generated"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("Makefile", "buf.yaml", "buf.gen.yaml", "pyproject.toml"):
            shutil.copy(ROOT / name, folder / name)
        bin_folder = Path(sys.executable).parent
        self.venv = bin_folder.parent
        self.env = {
            **os.environ,
            "PYTHONPATH": f"{folder / 'src'}:{folder / 'generated/python'}",
            "PATH": f"{bin_folder}:{os.environ['PATH']}",
            "COLUMNS": "200",
        }

    def edit(self, path: str, before: str, insertion: str) -> None:
        """Insert text before the last occurrence of another."""
        file = self.root / path
        head, found, tail = file.read_text().rpartition(before)
        assert found
        file.write_text(head + insertion + found + tail)

    def run(self, *command: str) -> str:
        """Run a command of the copy, and return what it printed."""
        done = subprocess.run(
            command, cwd=self.root, env=self.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def aboveboard(self, *arguments: str) -> str:
        """Run the copy's own command line."""
        return self.run(sys.executable, "-m", "aboveboard_server", *arguments)

    def make(self, target: str) -> None:
        """Run make with the packages that are installed already."""
        stamps = [f"--assume-old={self.venv}/{stamp}" for stamp in (".dev", ".server")]
        self.run("make", *stamps, f"VENV={self.venv}", target)


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    """A copy of the tree with one more event, and one more field of an event that was there."""
    scratch = Scratch(tmp_path / "tree")
    with (scratch.root / "protos/aboveboard/event/v1/test_asset.proto").open("a") as file:
        file.write(MESSAGE)
    scratch.edit("protos/aboveboard/telemetry/v1/event.proto", "  }\n}", ARM)
    asset = scratch.root / "protos/aboveboard/event/v1/test_asset.proto"
    head, case, tail = asset.read_text().partition("message TestCaseStat {")
    end = tail.index("\n}\n") + 1
    asset.write_text(head + case + tail[:end] + FIELD + tail[end:])
    scratch.make("generate")
    return scratch


def send(scratch: Scratch, server: ServerProcess, event: dict[str, Any]) -> dict[str, Any]:
    """Send one event as a client made of the scratch copy's stubs; return the JSON answer."""
    command = [sys.executable, "-m", "aboveboard_server", "send", "--json"]
    done = subprocess.run(
        [*command, "--endpoint", server.ingest_address, "--server", SERVER_UUID, json.dumps(event)],
        cwd=scratch.root,
        env=scratch.env,
        capture_output=True,
        text=True,
        check=False,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_a_new_event_needs_its_message_and_its_arm_alone(
    scratch: Scratch, server: ServerProcess, tmp_path: Path
) -> None:
    """Accepted, stored typed beside older rows, in the dictionary, erasable, replayed: no other edit."""
    old = {"testCaseStat": {"testCaseId": "10", "changeType": "CHANGE_TYPE_CREATE"}}
    new = {"reportStat": {"pages": 12, "fileFormat": "PDF"}}
    send(scratch, server, old)
    assert "QUARANTINED" in json.dumps(send(scratch, server, new)), (
        "the old server keeps what it does not know"
    )
    server.stop()

    upgraded = ServerProcess(tmp_path, env=scratch.env)
    migrated = scratch.aboveboard("migrate", "--database", f"sqlite:///{server.database}")
    assert "table report_stat" in migrated
    assert "column test_case_stat.editor" in migrated
    upgraded.start()
    try:
        send(scratch, upgraded, {"reportStat": {"pages": 7, "fileFormat": "HTML"}})
        send(
            scratch, upgraded, {"testCaseStat": {**old["testCaseStat"], "testCaseId": "11", "editor": "vim"}}
        )
        replayed = scratch.aboveboard(
            "admin", "quarantine", "replay", "--json", "--endpoint", upgraded.admin_address
        )
        assert json.loads(replayed)["replayedCount"] == "1"
        reports = upgraded.query(
            "SELECT pages, typeof(pages), file_format, server_uuid FROM report_stat"
            " JOIN source USING (source_id) ORDER BY pages"
        )
        cases = upgraded.query("SELECT test_case_id, editor FROM test_case_stat ORDER BY test_case_id")
        assert upgraded.query("SELECT count(*) FROM quarantined_event") == [(0,)]
    finally:
        upgraded.stop()
    assert reports == [(7, "integer", "HTML", SERVER_UUID), (12, "integer", "PDF", SERVER_UUID)]
    assert cases == [("10", None), ("11", "vim")]

    dictionary = scratch.aboveboard("schema", "dictionary")
    assert "Shows how often reports are exported." in dictionary
    assert "file_format" in dictionary
    assert "report_stat" in scratch.run(
        sys.executable,
        "-c",
        "from aboveboard_server.schema.erasure import targets\n"
        "from aboveboard_server.schema.tables import import_all\n"
        "print([target.table for target in targets(import_all())])",
    )
    assert "no finding" in scratch.aboveboard("schema", "lint").lower() or scratch.aboveboard(
        "schema", "lint"
    )
    scratch.aboveboard("schema", "check")
