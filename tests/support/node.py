"""Node, where there is neither a page nor a worker of one."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from tests.support import missing

if TYPE_CHECKING:
    from pathlib import Path


def node() -> str:
    """Return the path of Node; without it skip, or fail where nothing may be skipped."""
    path = shutil.which("node")
    if path is None:
        missing.skip("no Node: run .ci/install-tools")
    return path


def run_in_node(program: str, folder: Path) -> str:
    """Return what a module prints that Node runs in a folder until it ends by itself."""
    (folder / "main.mjs").write_text(program, encoding="utf-8")
    done = subprocess.run(
        [node(), "main.mjs"], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
