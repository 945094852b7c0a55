# ruff: noqa: D401  # a check's docstring is its title: it says what should hold, not what is done.
"""Is a SQLite file whole, writable, and nobody else's."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from typing import TYPE_CHECKING

from aboveboard_server.doctor.finding import ok, problem, warning

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aboveboard_server.doctor.finding import Finding, Host

# Two connections that write or checkpoint at once can corrupt a WAL database in these.
WAL_RESET_BUG = ((3, 7, 0), (3, 51, 2))
# Where the head of a file tells the mode, for writers and for readers.
MODE_AT, HEAD_BYTES = 18, 20
WAL = b"\2\2"


def file_can_be_written(host: Host) -> Iterator[Finding]:
    """The file and its folder may be written, on a file system that takes writes."""
    folder = host.file.absolute().parent
    if not folder.is_dir():
        yield problem(f"{folder} is not there", f"run: mkdir -p {folder}")
        return
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        yield problem(f"{folder} is on a file system that is mounted read-only", "mount it read-write")
    for path in _files(host.file, folder):
        if not os.access(path, os.W_OK):
            yield problem(
                f"{path} may not be written", f"run this as the server's user; else: chown that user {path}"
            )
    yield ok(str(host.file) if host.file.exists() else f"{host.file} is made at the first start")


def file_is_private(host: Host) -> Iterator[Finding]:
    """Nobody but the server's user may read what was collected, or write it."""
    for path in _files(host.file):
        mode = path.stat().st_mode & 0o777
        if mode & 0o022:
            yield problem(f"{path} may be written by others (mode {mode:04o})", f"run: chmod 600 {path}")
        elif mode & 0o004:
            yield warning(f"{path} may be read by everyone (mode {mode:04o})", f"run: chmod 600 {path}")
        elif path.stat().st_uid != os.geteuid():
            yield warning(
                f"{path} belongs to another user than the one who asks (uid {path.stat().st_uid})",
                "run this as the user that the server runs as",
            )
        else:
            yield ok(f"{path.name}: mode {mode:04o}")


def file_has_one_owner(host: Host) -> Iterator[Finding]:
    """At most one server has the file."""
    lock = host.file.resolve().with_name(f"{host.file.resolve().name}.lock")
    if not lock.exists():
        yield ok("none has it")
        return
    with lock.open("rb") as file:
        try:
            # For this moment only: a server that starts waits for longer.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            yield ok(f"a running Aboveboard has it (pid {file.read().decode(errors='replace').strip()})")
        else:
            yield ok("none has it now")


def library_is_sound(_host: Host) -> Iterator[Finding]:
    """The SQLite library keeps a database whole."""
    version = sqlite3.sqlite_version
    first, last = WAL_RESET_BUG
    if first <= sqlite3.sqlite_version_info <= last:
        yield ok(
            f"SQLite {version}: two programs that write at once can corrupt a file; the service has one",
            "let nothing else open the file for writing: read it with ?mode=ro",
        )
    else:
        yield ok(f"SQLite {version}")


def journal_mode_is_wal(host: Host) -> Iterator[Finding]:
    """The file is in WAL mode."""
    # As its head has it: who opens it for reading alone, and nobody else has it open, is told another mode.
    with host.file.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head[MODE_AT:] == WAL:
        yield ok("it is")
    elif len(head) == HEAD_BYTES:
        yield warning("it is not: another program has changed it", "start the server: it sets it")


def file_is_whole(host: Host) -> Iterator[Finding]:
    """SQLite finds no damage (only with --deep: it reads the whole file)."""
    if not host.deep:
        return
    found = host.database.exec_driver_sql("PRAGMA quick_check(3)").scalars().all()
    if found == ["ok"]:
        yield ok("quick_check finds nothing")
    else:
        yield problem(f"quick_check: {found[0]}", "stop the server, keep a copy, restore the newest backup")


def _files(file: Path, *others: Path) -> list[Path]:
    """Return the file and what SQLite keeps beside it, as far as they are there."""
    beside = [file.with_name(f"{file.name}{end}") for end in ("", "-wal", "-shm")]
    return [path for path in (*beside, *others) if path.exists()]


CHECKS = (file_can_be_written, file_is_private, file_has_one_owner, library_is_sound)
DATABASE_CHECKS = (journal_mode_is_wal, file_is_whole)
