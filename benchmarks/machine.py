"""Says on what was measured: no figure means anything without it."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.probe import fdatasync_ms, percentile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.stores import Host

# Where a sync does nothing, durability costs nothing, and every ratio is wrong.
NOT_DURABLE = {"tmpfs", "ramfs"}
GIB = 1024**3


def describe(folder: Path, hosts: Iterable[Host]) -> dict[str, Any]:
    """Return what there is to know of the machine, the disk under `folder`, and the stores."""
    syncs = fdatasync_ms(folder)
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _git("rev-parse", "--short", "HEAD") + ("+" if _git("status", "--porcelain") else ""),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / GIB),
        "kernel": platform.release(),
        "python": f"{platform.python_version()} ({platform.python_build()[1]})",
        "filesystem": filesystem(folder),
        "fdatasync_p50_ms": percentile(syncs, 0.5),
        "fdatasync_p99_ms": percentile(syncs, 0.99),
        "load_before": os.getloadavg()[0],
        "stores": {host.version: host.durability for host in hosts},
    }


def filesystem(folder: Path) -> str:
    """Return the type of the filesystem that a folder lies on."""
    found = ("", "unknown")
    for line in Path("/proc/mounts").read_text().splitlines():
        _, mount, kind, *_ = line.split()
        if folder.resolve().is_relative_to(mount) and len(mount) >= len(found[0]):
            found = (mount, kind)
    return found[1]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _git(*arguments: str) -> str:
    try:
        # git and its arguments are our own; the path is the user's.
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)  # noqa: S603, S607  # see above
    except FileNotFoundError:
        return ""
    return done.stdout.strip()
