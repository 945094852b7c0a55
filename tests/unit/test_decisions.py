"""Pages of decisions that list code are held against it."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.beside import found

PAGE = Path(__file__).parents[2] / "docs/decisions/0017-who-watches-what-runs-beside-the-answers.md"
ROW = re.compile(r"^\| `(\S+\.py)` \| `(\w+)` \| ([\w ]+) \| (.+) \|$", re.MULTILINE)


def test_whatever_runs_beside_its_caller_or_catches_all_is_listed() -> None:
    """With who waits for it, or why; and nothing is listed that is gone."""
    listed = [(file, function, kind) for file, function, kind, _ in ROW.findall(PAGE.read_text("utf-8"))]
    assert listed == sorted(set(found()))
