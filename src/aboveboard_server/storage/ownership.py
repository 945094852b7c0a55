"""One owner of a SQLite file: an exclusive lock on a side file that the owner holds while it lives.

The lock is the kernel's, so a killed owner lets go of it. `locking_mode=EXCLUSIVE` would do the same but
shut out readers too.
"""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from aboveboard_server.errors import StartupError

if TYPE_CHECKING:
    from pathlib import Path


class FileOwnership:
    """Holds the lock from construction to `release()`; StartupError where another process holds it."""

    def __init__(self, database: Path) -> None:
        self._fd = os.open(f"{database}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(self._fd, 32).decode(errors="replace").strip() or "unknown"
            os.close(self._fd)
            raise StartupError(
                f"{database} is in use by another Aboveboard process (pid {owner}); "
                "stop it, or choose another file with --database"
            ) from None
        os.ftruncate(self._fd, 0)
        os.write(self._fd, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Let go. The side file stays: to remove it would race with the next owner."""
        os.close(self._fd)
