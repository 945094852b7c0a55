"""Power cuts: whatever was not synced is gone from a folder, in content and in names."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.shim import preloaded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.server import ServerProcess

# Syncs a folder and all that is in it, the innermost first.
SYNC_ALL = """
import os, sys
for folder, _, names in os.walk(sys.argv[1], topdown=False):
    for path in (*(os.path.join(folder, name) for name in names), folder):
        if not path.endswith('.log'):
            descriptor = os.open(path, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)
"""


class PowerCut:
    """What a power cut would leave of `folder` is kept in `synced`, by processes with this `environment`.

    With `lies` every sync says that it was done and does nothing, as some disks do.
    """

    def __init__(self, folder: Path, synced: Path, *, lies: bool = False) -> None:
        synced.mkdir()
        self._folder, self._synced = folder, synced
        # The folder itself is there, and was before.
        self._environment = preloaded("lost_fsync", folder, SHIM_SYNCED=str(synced))
        self.environment = {**self._environment, **({"SHIM_LIES": "1"} if lies else {})}
        self._sync_all()

    def cut(self) -> None:
        """Turn the folder to what was synced; nobody writes to it any more."""
        left = list(self._left(Path(), (self._synced / "root").readlink().name))
        for path in self._folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.suffix != ".log":
                path.unlink()
        for place, mode, content in left:
            path = self._folder / place
            if content is None:
                path.mkdir()
            else:
                path.write_bytes(content)
            path.chmod(mode)
        shutil.rmtree(self._synced)
        self._synced.mkdir()
        self._sync_all()

    def _left(self, place: Path, name: str) -> Iterator[tuple[Path, int, bytes | None]]:
        """Yield what is left of a folder, by the name it is kept under; the content is None for a folder."""
        names = self._synced / name
        for line in names.read_text().splitlines() if names.exists() else ():
            kept, mode, entry = line.split(" ", 2)
            inside, content = place / entry, self._synced / kept
            if kept.startswith("d"):
                yield inside, int(mode, 8), None
                yield from self._left(inside, kept)
            elif inside.suffix != ".log":
                # Of a file that was never synced its name may be left.
                yield inside, int(mode, 8), content.read_bytes() if content.exists() else b""

    def _sync_all(self) -> None:
        command = [sys.executable, "-S", "-c", SYNC_ALL, str(self._folder)]
        subprocess.run(command, env=self._environment, check=True)


def cut_power(server: ServerProcess, power: PowerCut) -> None:
    """End a server and its writer at once, with all that was not synced; start it where it was."""
    address = server.ingest_address
    for pid in server.children():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    server.kill()
    power.cut()
    server.start(grpc_bind=address)
