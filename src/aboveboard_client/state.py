"""What a source remembers from run to run, shared by the processes that send for it."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from aboveboard_client.locks import locked
from aboveboard_client.segment import sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class State:
    """A small JSON object in a file. What cannot be read counts as nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = folder / "state.json"

    def read(self) -> dict[str, Any]:
        """Return what is remembered."""
        try:
            return self.load()
        except OSError:
            return {}

    @contextmanager
    def changing(self) -> Iterator[dict[str, Any]]:
        """Change what is remembered, durably, while no other process does; OSError.

        Changes nothing where the file is there and cannot be read just now: what it holds must not be lost.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(self.folder / "state.lock"):
            before = self.load()
            values = dict(before)
            yield values
            if values != before:
                replace_durably(self._file, json.dumps(values).encode())

    def load(self) -> dict[str, Any]:
        """Read the file, damaged or missing as empty; OSError."""
        try:
            found = json.loads(self._file.read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


def replace_durably(path: Path, data: bytes) -> None:
    """Write a file so that after any fault it is as before or as meant; OSError."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    sync_folder(path.parent)
