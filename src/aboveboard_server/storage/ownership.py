"""One owner of a SQLite file: an exclusive lock on a side file that the owner holds while it lives.

The lock is the kernel's, so a killed owner lets go of it. `locking_mode=EXCLUSIVE` would do the same but
shut out readers too.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from aboveboard_server.errors import StartupError

if TYPE_CHECKING:
    from pathlib import Path


# Seconds to wait for a killed server's writer to finish its last commit and let go.
PATIENCE = 0.5


class FileOwnership:
    """Holds the lock from construction to `release()`; StartupError where another process holds it.

    A process that inherits `descriptor` holds the lock too.
    """

    def __init__(self, database: Path) -> None:
        try:
            # Of the file itself: a link to it is the same database.
            side_file = f"{database.resolve()}.lock"
            self.descriptor = os.open(side_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StartupError(f"cannot open {database}: {error.strerror}") from error
        if not self._locked():
            owner = os.read(self.descriptor, 32).decode(errors="replace").strip() or "unknown"
            os.close(self.descriptor)
            raise StartupError(
                f"{database} is in use by another Aboveboard process (pid {owner}); "
                "stop it, or choose another file with --database"
            )
        with suppress(OSError):
            # For whoever is refused; a full disk may have no room for it.
            os.ftruncate(self.descriptor, 0)
            os.write(self.descriptor, f"{os.getpid()}\n".encode())

    def _locked(self) -> bool:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    return False
                time.sleep(0.02)
            else:
                return True

    def release(self) -> None:
        """Let go. The side file stays: to remove it would race with the next owner."""
        os.close(self.descriptor)
