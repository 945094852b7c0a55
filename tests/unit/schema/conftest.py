"""The schema as it stands, compiled once, and scratch copies of it to spoil."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from aboveboard_server.schema.image import Image, compile_protos

ROOT = Path(__file__).parents[3]
BUF = shutil.which("buf", path=str(Path(sys.executable).parent)) or "buf"


class Tree(NamedTuple):
    """A scratch copy of the protos, with its baseline beside them."""

    protos: Path

    def edit(self, file: str, pattern: str, replacement: str) -> None:
        """Replace the first match of a pattern in a file below `aboveboard/`; there must be one."""
        path = self.protos / "aboveboard" / file
        text, changes = re.subn(pattern, replacement, path.read_text(), count=1, flags=re.DOTALL)
        assert changes == 1, f"{pattern!r} is not in {file}"
        path.write_text(text)


@pytest.fixture(scope="session")
def image() -> Image:
    return compile_protos(ROOT / "protos")


@pytest.fixture(scope="session")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hold the schema as it stands to be the released one, whatever was released last."""
    path = tmp_path_factory.mktemp("baseline") / "released.binpb"
    command = [BUF, "build", str(ROOT / "protos"), "--exclude-source-info", "-o", str(path)]
    subprocess.run(command, check=True)
    return path


@pytest.fixture
def tree(tmp_path: Path, baseline: Path) -> Tree:
    protos = tmp_path / "protos"
    shutil.copytree(ROOT / "protos", protos)
    shutil.copy(ROOT / "buf.yaml", tmp_path)
    shutil.copy(baseline, protos / "released.binpb")
    return Tree(protos)
