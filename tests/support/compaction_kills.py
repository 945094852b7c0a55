"""A compaction that is killed before one of the calls by which it touches files."""

from __future__ import annotations

import fcntl
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aboveboard_server.privacy.journal_compaction import compact

if TYPE_CHECKING:
    from collections.abc import Callable

# What it calls, by where it is found.
CALLS: tuple[tuple[Any, str], ...] = (
    (os, "open"),
    (os, "pread"),
    (os, "write"),
    (os, "ftruncate"),
    (os, "fsync"),
    (os, "close"),
    (fcntl, "flock"),
    (Path, "rename"),
    (Path, "unlink"),
)


def killed_at(folder: Path, now: int, step: int) -> bool:
    """Compact in a process that is killed before a call of a number; return whether there was none."""
    pid = os.fork()
    if not pid:
        _die_before(step)
        compact(folder, now, least_bytes=0)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status) == 0


def _die_before(step: int) -> None:
    left = [step]
    for place, name in CALLS:
        setattr(place, name, _dying(getattr(place, name), left))


def _dying(call: Callable[..., Any], left: list[int]) -> Callable[..., Any]:
    def dying(*args: Any, **kwargs: Any) -> Any:
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
        return call(*args, **kwargs)

    return dying
