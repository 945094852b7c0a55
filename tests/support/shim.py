"""Faults of a disk, by shared objects that stand between the server's processes and the C library."""

from __future__ import annotations

import errno
import mmap
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from struct import Struct
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from tests.support import missing

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

SOURCES = Path(__file__).parent / "shims"
# What full_disk.c maps: steps taken, the first that fails, and how.
CONTROL = Struct("qqq")
NUMBER = Struct("q")
FIRST, ERROR = 8, 16
NEVER = 0


@cache
def built(name: str) -> Path:
    """Return a shim, compiled; where there is no C compiler, skip the test, or fail it where none may be."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        missing.skip("no C compiler")
    made = Path(mkdtemp(prefix="aboveboard-shim-")) / f"{name}.so"
    source = str(SOURCES / f"{name}.c")
    flags = ("-Wall", "-Wextra", "-Werror", "-O2", "-shared", "-fPIC")
    subprocess.run([compiler, *flags, "-o", str(made), source, "-ldl"], check=True)
    return made


def preloaded(name: str, folder: Path, **variables: str) -> dict[str, str]:
    """Return the environment of a process whose writes to a folder go through a shim."""
    return {**os.environ, "LD_PRELOAD": str(built(name)), "SHIM_FOLDER": str(folder), **variables}


class FaultyDisk:
    """A disk that is well until it is told otherwise; processes with its `environment` write to it."""

    def __init__(self, folder: Path) -> None:
        control = folder / "disk.control"
        control.write_bytes(bytes(CONTROL.size))
        self.environment = preloaded("full_disk", folder, SHIM_CONTROL=str(control))
        with control.open("r+b") as file:
            self._control = mmap.mmap(file.fileno(), CONTROL.size)

    @property
    def failing(self) -> bool:
        """Whether a step has failed since it was told to."""
        steps, first, _ = CONTROL.unpack(self._control)
        return bool(first and steps >= first)

    def fail(self, error: int = errno.ENOSPC, *, after: int = 0) -> None:
        """Fail every step that writes, once so many more have been taken."""
        # The error first: processes look at it when they find that they are to fail.
        NUMBER.pack_into(self._control, ERROR, error)
        steps, _, _ = CONTROL.unpack(self._control)
        NUMBER.pack_into(self._control, FIRST, steps + after + 1)

    def heal(self) -> None:
        """Be well again."""
        NUMBER.pack_into(self._control, FIRST, NEVER)
        NUMBER.pack_into(self._control, ERROR, NEVER)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._control.close()
