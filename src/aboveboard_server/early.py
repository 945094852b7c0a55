"""What comes first: refuses what another server holds already, before the second that imports take.

Only a first look: the addresses are bound and the file is locked for good when the server starts.
"""

from __future__ import annotations

import resource
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from aboveboard_server.addresses import is_loopback, listening
from aboveboard_server.errors import StartupError
from aboveboard_server.settings import flag_of
from aboveboard_server.storage.ownership import FileOwnership
from aboveboard_server.surroundings import NOT_COMPILED, has_compiled_protobuf

if TYPE_CHECKING:
    from aboveboard_server.settings import Settings

log = structlog.get_logger()

SQLITE = "sqlite:///"
# Open files that a server asks for: as many connections as its doors take, and some files.
MAX_FILES = 16_384


def refuse_slow_protobuf() -> None:
    """Raise StartupError where protobuf is not the implementation that a server needs."""
    if not has_compiled_protobuf():
        raise StartupError(NOT_COMPILED)


def raise_file_limit() -> None:
    """Let this process and its children open more files than shells and units allow at first, if they may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_FILES if hard == resource.RLIM_INFINITY else min(MAX_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def refuse_open_doors(settings: Settings) -> None:
    """Raise StartupError where what is sent could be read on its way; with `--insecure` log a warning."""
    if settings.transport.cert is not None:
        return
    for name, bind in settings.binds.items():
        if is_loopback(bind):
            continue
        flag = flag_of(name)
        if not settings.transport.insecure:
            raise StartupError(
                f"{flag} {bind} is reached from other machines, and would be served in plain text: give "
                "--tls-cert FILE and --tls-key FILE, or bind 127.0.0.1, or say --insecure if you mean it"
            )
        log.warning("insecure", flag=flag, bind=bind, text="served in plain text to other machines")


def refuse_what_is_taken(settings: Settings) -> None:
    """Raise StartupError where an address or the SQLite file is another server's."""
    for bind in settings.binds.values():
        listening(bind).close()
    file = Path(settings.database.removeprefix(SQLITE).partition("?")[0])
    try:
        held = settings.database.startswith(SQLITE) and file.is_file()
    except (OSError, ValueError):
        # No file has such a name; what reads the URL says so.
        return
    if held:
        FileOwnership(file).release()
