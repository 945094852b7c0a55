"""Locks between processes: flock, which the system lets go of when its holder dies."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aboveboard_client import patience

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

POLL_SECONDS = 0.02


def try_lock(fd: int, *, shared: bool = False) -> bool:
    """Lock an open file without waiting; False where another process holds it."""
    try:
        fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def unlock(fd: int) -> None:
    """Let go of a lock, for every copy of the file descriptor, those of forked children included."""
    fcntl.flock(fd, fcntl.LOCK_UN)


@contextmanager
def locked(path: Path, *, shared: bool = False, timeout: float = 5.0) -> Iterator[None]:
    """Hold the lock of that file, made where there is none; OSError, TimeoutError after `timeout` seconds.

    Sooner where the host waits for less; see patience.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        give_up_at = time.monotonic() + patience.left(timeout)
        while not try_lock(fd, shared=shared):
            if time.monotonic() >= give_up_at:
                raise TimeoutError(f"another process holds {path.name}")
            time.sleep(POLL_SECONDS)
        try:
            yield
        finally:
            # Explicitly: a child forked meanwhile has a copy, and closing ours would not free it.
            unlock(fd)
    finally:
        os.close(fd)
