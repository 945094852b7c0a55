"""docs/clients: each page, followed word for word in an empty folder, ends with an event in the database."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.polyglot import languages

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.server import ServerProcess

ROOT = languages.FOLDER.parents[1]
PAGES = [language for language in languages.LANGUAGES if language != "python"]
pytestmark = [pytest.mark.polyglot, pytest.mark.timeout(900)]


@pytest.mark.parametrize("language", PAGES)
def test_first_event(server: ServerProcess, language: str, tmp_path: Path) -> None:
    """The page's commands, and nothing else, print what the page says; the row holds what they sent."""
    languages.require(language)
    page = (ROOT / f"docs/clients/{language}.md").read_text()
    commands = "\n".join(re.findall(r"^```sh\n(.*?)^```$", page, re.DOTALL | re.MULTILINE))
    _, _, said = page.partition("It prints\n\n")
    folder = tmp_path / "hello"
    folder.mkdir()
    done = subprocess.run(
        # Only the port differs from what a reader does: several servers may run here.
        ["bash", "-euo", "pipefail", "-c", commands.replace("127.0.0.1:50051", server.ingest_address)],
        cwd=folder,
        # Cargo may keep what it built for the page of another run.
        env={
            **os.environ,
            "ABOVEBOARD": str(ROOT),
            "CARGO_TARGET_DIR": str(languages.FOLDER / "rust/target"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # Maven resets the terminal's colours even where there is no terminal.
    printed = re.sub("\x1b\\[[0-9;]*m", "", done.stdout).split("\n")
    expected = [line.strip() for line in said.splitlines()[:2]]
    assert [line for line in printed if line][-2:] == expected
    assert server.query(
        "SELECT solution, version, test_case_id, change_type"
        " FROM test_case_stat JOIN source USING (source_id)"
    ) == [("hello", "1.0.0", "10", "CREATE")]
