"""Whether the processors are crowded, by what a kernel tells of a thread."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from aboveboard_server.ingest.crowding import Crowding

if TYPE_CHECKING:
    from pathlib import Path

MS = 1_000_000


class Kernel:
    """Tells how long a thread ran and waited, and what time it is; a look comes every 100 ms."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now = 1_000.0
        self.ran = self.waited = 0
        self.passes(0, 0)
        self.crowding = Crowding(path, lambda: self.now)

    def passes(self, ran: int, waited: int) -> None:
        """Let 100 ms pass, of which the thread ran and waited for so many."""
        self.now += 0.1
        self.ran, self.waited = self.ran + ran * MS, self.waited + waited * MS
        self.path.write_text(f"{self.ran} {self.waited} 7\n")

    def after(self, looks: int, ran: int, waited: int) -> bool:
        """Return what is known after so many looks that were all alike."""
        known = False
        for _ in range(looks):
            self.passes(ran, waited)
            known = self.crowding.crowded()
        return known


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    return Kernel(tmp_path / "schedstat")


def test_it_is_known_after_a_while(kernel: Kernel) -> None:
    """Whoever waits a third of the time that it could run is crowded; a twelfth is nothing."""
    assert not kernel.after(1, 60, 30)
    assert kernel.after(19, 60, 30)
    assert not kernel.after(20, 66, 6)


def test_one_look_decides_nothing(kernel: Kernel) -> None:
    """Some other program's short work is no crowd."""
    assert not kernel.after(20, 90, 0)
    assert not kernel.after(1, 60, 30)
    assert kernel.after(20, 60, 30)
    assert kernel.after(1, 90, 0)


def test_who_has_nothing_to_do_is_not_heard(kernel: Kernel) -> None:
    """Time counts as far as the thread could have run: a wait at a time of rest says little."""
    assert not kernel.after(20, 60, 3)
    assert not kernel.after(3, 1, 2)


def test_what_is_asked_at_once_is_not_looked_at_again(kernel: Kernel) -> None:
    """A look takes longer than a small commit may: between two there is a while."""
    assert kernel.after(20, 60, 30)
    kernel.path.unlink()
    for before, after in pairwise([kernel.now, kernel.now + 0.05, kernel.now + 0.09]):
        assert before < after
        kernel.now = after
        assert kernel.crowding.crowded()


@pytest.mark.parametrize("text", ["0 0 0\n", "", "no numbers\n", None])
def test_where_the_kernel_does_not_tell_nobody_is_crowded(kernel: Kernel, text: str | None) -> None:
    """A kernel without these counts says 0, and other systems have no such file."""
    if text is None:
        kernel.path.unlink()
    else:
        kernel.path.write_text(text)
    for _ in range(20):
        kernel.now += 0.1
        assert not kernel.crowding.crowded()


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone counts how long a thread waits")
def test_who_shares_a_processor_with_a_busy_program_is_crowded() -> None:
    """This kernel tells, and tells of the thread that asks."""
    known: list[bool] = []
    thread = threading.Thread(target=lambda: known.append(_crowded_beside_a_busy_program()))
    thread.start()
    thread.join()
    assert known == [True]


def _crowded_beside_a_busy_program() -> bool:
    """Be busy on one processor with another program, until that is known or far too long has passed."""
    # Of this thread alone, which ends with it; what it starts has the same.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    crowding = Crowding()
    until = time.monotonic() + 20
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        try:
            while not (known := crowding.crowded()) and time.monotonic() < until:
                pass
        finally:
            busy.kill()
    return known
