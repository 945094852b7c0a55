"""Each target is fuzzed for some seconds, from the corpus on."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.fuzz.__main__ import TARGETS
from tests.support import missing

ROOT = Path(__file__).parents[2]
SECONDS = 3


@pytest.mark.fault
@pytest.mark.parametrize("target", TARGETS)
def test_nothing_new_is_found(tmp_path: Path, target: str) -> None:
    """No input makes the target fail, hang or grow."""
    if find_spec("atheris") is None:
        missing.skip("atheris has no build for this machine")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    fuzz = [sys.executable, "-m", "tests.fuzz", target, f"-max_total_time={SECONDS}"]
    # By a shell that forks: libFuzzer goes by the peak of a process's memory, and one that is started from
    # here begins with the peak of this process, whatever tests have made it hold.
    command = ["sh", "-c", '"$@"; exit $?', "sh", *fuzz]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4_000:]
