"""Walks a disk's failure through an operation, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.server import ServerProcess
from tests.support.shim import FaultyDisk
from tests.support.witness import Witness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path


class Walk:
    """A server on a disk that fails when it is told to, and a client of it."""

    def __init__(self, folder: Path) -> None:
        self.disk = FaultyDisk(folder)
        self.server = ServerProcess(folder, env=self.disk.environment)
        self.server.start()
        self.witness = Witness(self.server)

    def through(
        self,
        operation: Callable[[], Callable[[], object]],
        error: int,
        steps: Iterable[int],
        settle: Callable[[], object] = lambda: None,
        end: Callable[[], object] = lambda: None,
    ) -> int:
        """Have the disk fail after each number of steps; return how often that came before the end.

        `operation` makes what is done each time, and may be repeated. What goes on behind it meets the
        failure, or is through, when `settle` returns, and is through when `end` does. The walk ends with the
        first number of steps that is more than it takes.
        """
        failures = 0
        pid = self.server.pid
        for after in steps:
            attempt = operation()
            self.disk.fail(error, after=after)
            refused = self.witness.is_refused(attempt)
            if not refused:
                settle()
            failed = self.disk.failing
            assert failed or not refused
            self.witness.check_copy()
            self.witness.check_alive(pid)
            self.disk.heal()
            self.witness.resume(attempt)
            end()
            if not failed:
                break
            failures += 1
        return failures

    def close(self) -> None:
        """End the server."""
        self.server.kill()
