"""What the kernel says of processes and of the disk."""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
KIB = 1024
MIB = 1024 * KIB
# A commit of one event appends about two pages to SQLite's log.
SYNCED_BYTES = 8192


@dataclass(frozen=True, slots=True)
class Usage:
    """What one process has taken so far: seconds of a core, and memory at this moment."""

    pid: int
    name: str
    cpu_seconds: float
    rss_bytes: int


def process_tree(pid: int) -> list[Usage]:
    """Return the usage of a process and of all that it started, itself first; those gone are left out."""
    stats = {found.pid: (parent, found) for found, parent in _all_processes()}
    tree = [pid]
    for known in tree:
        tree += sorted(child for child, (parent, _) in stats.items() if parent == known)
    return [stats[member][1] for member in tree if member in stats]


def proportional_bytes(pids: Iterable[int]) -> int:
    """Return the memory of processes together, each page split among all processes that share it (Pss)."""
    return sum(map(_pss_bytes, pids))


def fdatasync_ms(folder: Path, count: int = 100) -> list[float]:
    """Append to a file in `folder` and sync it, `count` times; return how long each sync took, in ms."""
    times = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(count):
            file.write(os.urandom(SYNCED_BYTES))
            file.flush()
            begun = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - begun) * 1000)
    return times


def percentile(values: list[float], share: float) -> float:
    """Return the value that `share` of all values do not exceed; 0 where there is none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def _pss_bytes(pid: int) -> int:
    lines = _read(Path(f"/proc/{pid}/smaps_rollup")).splitlines()
    return sum(int(line.split()[1]) * KIB for line in lines if line.startswith("Pss:"))


def _all_processes() -> list[tuple[Usage, int]]:
    entries = (entry for entry in Path("/proc").iterdir() if entry.name.isdecimal())
    return [one for entry in entries if (one := _process(entry)) is not None]


def _process(entry: Path) -> tuple[Usage, int] | None:
    stat = _read(entry / "stat")
    if not stat:
        return None
    # The name stands in parentheses and may hold anything, so what follows is counted from the last one.
    name, _, rest = stat.partition("(")[2].rpartition(")")
    fields = rest.split()
    usage = Usage(
        pid=int(entry.name),
        name=name,
        cpu_seconds=(int(fields[11]) + int(fields[12])) / TICKS,
        rss_bytes=int(fields[21]) * PAGE,
    )
    return usage, int(fields[1])


def _read(file: Path) -> str:
    """Return what the kernel says of a process, nothing where that has ended in between."""
    try:
        return file.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
