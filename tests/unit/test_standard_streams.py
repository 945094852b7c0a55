"""What a command's standard output holds at its end, where nobody takes it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.support.log_faults import full, gone

if TYPE_CHECKING:
    from tests.support.log_faults import Fault

# Whatever the tests themselves were started with.
BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
SAY = """
import sys
from aboveboard_server import standard_streams
try:
    sys.stdout.write("held back until the end")
    sys.exit(0)
finally:
    standard_streams.end_quietly_without_reader()
"""


@pytest.mark.parametrize(
    ("fault", "said"), [(gone, b""), (full, b"aboveboard: standard output: No space left on device\n")]
)
def test_what_is_held_back_goes_to_nobody(fault: Fault, said: bytes) -> None:
    """Exit code 1; no traceback, and no word where the reader is gone."""
    with fault() as stream:
        done = subprocess.run(
            [sys.executable, "-c", SAY], stdout=stream, stderr=subprocess.PIPE, env=BUFFERED, check=False
        )
    assert (done.returncode, done.stderr) == (1, said)
