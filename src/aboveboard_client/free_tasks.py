"""How many tasks (processes and threads) this process may still start: grpc aborts where it finds too few."""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")
# CAP_SYS_ADMIN and CAP_SYS_RESOURCE: who has one of them is not limited by RLIMIT_NPROC.
UNLIMITED = 1 << 21 | 1 << 24
# grpc starts as many as there are processors, within these bounds, and some to look after them.
FEWEST, MOST, BESIDE = 4, 16, 8


def enough_for_grpc() -> bool:
    """Whether grpc can start its threads; True where the system does not tell."""
    needed = min(max(os.cpu_count() or FEWEST, FEWEST), MOST) + BESIDE
    return _left_to_user(needed) and all(left >= needed for left in _left_to_groups())


def of_user() -> int:
    """Return how many tasks the real user of this process has, as far as they can be seen."""
    uid, count = str(os.getuid()), 0
    for status in PROC.glob("[0-9]*/status"):
        fields = _fields(status)
        if fields.get("Uid", "").split()[:1] == [uid]:
            count += int(fields.get("Threads", "1"))
    return count


def _left_to_user(needed: int) -> bool:
    limit = resource.getrlimit(resource.RLIMIT_NPROC)[0]
    if limit == resource.RLIM_INFINITY:
        return True
    capabilities = int(_fields(PROC / "self/status").get("CapEff", "0"), 16)
    if capabilities & UNLIMITED:
        return True
    # Nobody has more tasks than there are: mostly that says enough, and is read at once.
    everybodys = _all_tasks()
    return (everybodys is not None and limit - everybodys >= needed) or limit - of_user() >= needed


def _left_to_groups() -> Iterator[int]:
    """Yield what each control group that holds this process leaves, where it may be read."""
    for line in _read(PROC / "self/cgroup").splitlines():
        _, controllers, place = line.split(":", 2)
        if controllers not in {"", "pids"}:
            continue
        root = CGROUPS / controllers
        group = root / place.strip("/")
        for folder in (group, *group.parents):
            if not folder.is_relative_to(root):
                break
            most, now = _read(folder / "pids.max").strip(), _read(folder / "pids.current").strip()
            if most.isdecimal() and now.isdecimal():
                yield int(most) - int(now)


def _all_tasks() -> int | None:
    """Return how many tasks the whole machine has; None where it does not tell."""
    words = _read(PROC / "loadavg").split()
    total = words[3].partition("/")[2] if len(words) > 3 else ""  # noqa: PLR2004  # its fourth word
    return int(total) if total.isdecimal() else None


def _fields(status: Path) -> dict[str, str]:
    lines = (line.partition(":") for line in _read(status).splitlines())
    return {name: value.strip() for name, _, value in lines}


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
