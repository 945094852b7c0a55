# ruff: noqa: D401  # a check's docstring is its title: it says what should hold, not what is done.
"""Is the machine fit: its clock, its disk, its memory, its limits, and the libraries that are installed."""

from __future__ import annotations

import importlib.metadata
import os
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from aboveboard_server.doctor.finding import ok, problem, warning
from aboveboard_server.surroundings import INSTALL, NOT_COMPILED, has_compiled_protobuf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aboveboard_server.doctor.finding import Finding, Host

MIB = 1 << 20
# Below this a disk is as good as full; scrubbing (VACUUM) needs twice the file beside it.
LEAST_FREE = 256 * MIB
SCRUB_FACTOR = 2
# What a server process may come to need, and a connection or two for each of its callers.
LEAST_MEMORY = 512 * MIB
LEAST_FILES = 4_096
# Seconds that a file may seem to come from the future; file systems and clocks differ by less.
SLACK = 120
SYNCS = 16
# Seconds below which a sync cannot have reached a disk.
TOO_QUICK = 20e-6
DISTRIBUTION = "aboveboard"


def libraries_are_recent_enough(_host: Host) -> Iterator[Finding]:
    """Every library is there, in a version that this server was made for."""
    wanted = map(Requirement, importlib.metadata.requires(DISTRIBUTION) or ())
    needed = [one for one in wanted if one.marker is None or one.marker.evaluate({"extra": "server"})]
    for one in needed:
        try:
            version = importlib.metadata.version(one.name)
        except importlib.metadata.PackageNotFoundError:
            yield problem(f"{one.name} is missing", INSTALL)
            continue
        if not one.specifier.contains(version, prereleases=True):
            yield problem(
                f"{one.name} {version}, and {one.specifier} is needed",
                INSTALL,
            )
    yield ok(f"{len(needed)} looked at")


def protobuf_is_compiled(_host: Host) -> Iterator[Finding]:
    """The protobuf library is the compiled one."""
    if has_compiled_protobuf():
        yield ok("it is")
    else:
        yield problem(NOT_COMPILED, "run: pip install --force-reinstall --only-binary :all: protobuf")


def clock_is_right(host: Host) -> Iterator[Finding]:
    """The clock is not behind what it has written itself, and is kept right by something."""
    now = time.time()
    folder = host.settings.key_dir
    files = [*folder.glob("*")] if folder.is_dir() else []
    if not host.on_postgres and host.file.exists():
        files.append(host.file)
    future = [file for file in files if file.stat().st_mtime > now + SLACK]
    if future:
        yield problem(
            f"{future[0]} was written in what is the future by this clock",
            "set the clock: events are stamped, and retention and deletions cut off, by it",
        )
    match _synchronized():
        case "yes":
            yield ok("kept right by NTP")
        case "no":
            yield warning("not kept right by NTP", "switch it on: timedatectl set-ntp true")
        case _:
            yield ok("whether NTP keeps it right cannot be told here")


def disk_has_room(host: Host) -> Iterator[Finding]:
    """The disks of database and keys have room, for scrubbing too."""
    folders = {"keys": host.settings.key_dir}
    size = 0
    if not host.on_postgres:
        folders["database"] = host.file.parent
        size = host.file.stat().st_size if host.file.exists() else 0
    for name, wanted in folders.items():
        folder = _existing(wanted)
        free, files = shutil.disk_usage(folder).free, os.statvfs(folder)
        told = f"{name}: {free // MIB:,} MiB free"
        if free < LEAST_FREE or (files.f_files and not files.f_favail):
            yield problem(told, "make room: nothing can be committed on a full disk, and no journal written")
        elif name == "database" and free < SCRUB_FACTOR * size:
            yield warning(
                f"{told} for a database of {size // MIB:,} MiB",
                "make room for twice the database: scrubbing what was deleted writes it anew",
            )
        else:
            yield ok(told)


def disk_keeps_what_it_was_told_to_keep(host: Host) -> Iterator[Finding]:
    """A sync takes as long as a disk takes: a hint, no proof."""
    folder = _existing(host.settings.key_dir if host.on_postgres else host.file.parent)
    if not os.access(folder, os.W_OK):
        return
    with tempfile.TemporaryFile(dir=folder) as file:
        took = []
        for _ in range(SYNCS):
            file.write(b"\0" * 4096)
            file.flush()
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - began)
    median = statistics.median(took)
    if median < TOO_QUICK:
        yield warning(
            f"one takes {median * 1e6:.0f} µs in {folder}",
            "see whether that is memory, or a cache without a battery: a power cut would lose events",
        )
    else:
        yield ok(f"one takes {median * 1e3:.2f} ms")


def memory_is_enough(host: Host) -> Iterator[Finding]:
    """There is memory for the server's processes."""
    told = dict(line.split(":") for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines())
    free = int(told["MemAvailable"].split()[0]) * 1024
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.exists() and (text := limit.read_text(encoding="ascii").strip()).isdecimal():
        free = min(free, int(text))
    needed = LEAST_MEMORY * host.settings.workers
    told_free = f"{free // MIB:,} MiB to be had"
    if free < needed:
        yield warning(told_free, f"give it {needed // MIB:,} MiB, or fewer --workers")
    else:
        yield ok(told_free)


def files_may_be_opened(_host: Host) -> Iterator[Finding]:
    """As many files may be open as there are connections."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < LEAST_FILES:
        yield warning(f"{most} at most", f"raise it for the server: ulimit -n {LEAST_FILES}, or LimitNOFILE=")
    else:
        yield ok(f"{most} at most")


def _synchronized() -> str:
    """Return what systemd says of NTP: yes or no; nothing where it is not there to be asked."""
    try:
        command = ["timedatectl", "show", "--property=NTPSynchronized", "--value"]
        return subprocess.run(command, capture_output=True, text=True, timeout=5, check=False).stdout.strip()  # noqa: S603  # of ours
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _existing(folder: Path) -> Path:
    """Return a folder, or the nearest one above it that is there."""
    return next(one for one in (folder.absolute(), *folder.absolute().parents) if one.is_dir())


CHECKS = (
    libraries_are_recent_enough,
    protobuf_is_compiled,
    clock_is_right,
    disk_has_room,
    disk_keeps_what_it_was_told_to_keep,
    memory_is_enough,
    files_may_be_opened,
)
