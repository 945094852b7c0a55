"""Room on a disk that is kept for deletions: a full disk must not keep anybody's data from going."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Reserve:
    """A file of that many bytes, given up where there is no other room and made again once there is."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._size = size
        self._held = False
        self.make()

    def make(self) -> bool:
        """Make the file where it was given up; return whether it is there."""
        if not self._held:
            try:
                self._allocate()
            except OSError:
                # What was had of it is room that others need.
                self.release()
            else:
                self._held = True
        return self._held

    def release(self) -> bool:
        """Give the room up; return whether there was any."""
        self._held = False
        try:
            self._path.unlink()
        except OSError:
            return False
        return True

    def _allocate(self) -> None:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, self._size)
        finally:
            os.close(descriptor)
