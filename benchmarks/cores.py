"""How much all cores do at once, of what one does alone.

A virtual machine's cores are often two threads of one: both at once then do little more than one. What keeps
one core busy, as SQLite's raw limit, is not held back by it; a server that keeps all busy is.
"""

from __future__ import annotations

import marshal
import os
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ROW = [1_795_357_633_211_085, "01a203a7-6870-7e64-9d43-3d3ad0cd749f", None, "2.4.1", "LINUX"] * 20
SECONDS = 0.2
REPEATS = 5


def at_once() -> float:
    """Return how many times the work of one core all do together: their number where none is half of one."""
    all_of_them = os.cpu_count() or 1
    alone, together = [], []
    for _ in range(REPEATS):
        alone += _work(1)
        together.append(sum(_work(all_of_them)))
    return statistics.median(together) / statistics.median(alone)


def sentence(found: Sequence[float]) -> str:
    """Tell what `at_once` returned before each round."""
    return (
        f"All cores at once did {statistics.median(found):.2f} times what one did alone"
        f" ({min(found):.2f} to {max(found):.2f}, before each round)."
    )


def _work(processes: int) -> list[int]:
    """Return what each of so many processes has done, all at the same time."""
    command = [sys.executable, "-m", __name__]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)]  # noqa: S603  # this very module
    return [int(one.communicate()[0]) for one in running]


def _count() -> int:
    """Copy rows, as a server does all day, and return how often."""
    done, end = 0, time.monotonic() + SECONDS
    while time.monotonic() < end:
        for _ in range(50):
            marshal.loads(marshal.dumps(ROW))  # noqa: S302  # what it has just written
        done += 1
    return done


if __name__ == "__main__":
    sys.stdout.write(str(_count()))
