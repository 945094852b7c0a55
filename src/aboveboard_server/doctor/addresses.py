"""Can the server listen where it shall, or does it do so already."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from aboveboard_server.addresses import listening
from aboveboard_server.doctor.finding import ok, problem, warning
from aboveboard_server.errors import StartupError
from aboveboard_server.settings import flag_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aboveboard_server.doctor.finding import Finding, Host

# A module of ours after -m, or the command, wherever it is installed.
_OURS = re.compile(r"aboveboard_server(\.\w+)?|(.*/)?aboveboard")
# In /proc/net/tcp: the state of a socket that listens, and where what stands in a line.
LISTENS = "0A"
LOCAL_ADDRESS, STATE, INODE = 1, 3, 9


def addresses_can_be_had(host: Host) -> Iterator[Finding]:
    """Each address is free, or an Aboveboard listens there already."""
    for name, bind in host.settings.binds.items():
        flag = f"{flag_of(name)} {bind}"
        try:
            listening(bind).close()
        except StartupError as error:
            yield _held(flag, int(bind.rpartition(":")[2]), str(error))
        else:
            yield ok(f"{flag} is free")


def _held(flag: str, port: int, why: str) -> Finding:
    inodes = _listening_inodes(port)
    if not inodes:
        return problem(f"{flag}: {why}", "name an address of this machine")
    for process in Path("/proc").glob("[0-9]*"):
        try:
            held = {_target(descriptor) for descriptor in (process / "fd").iterdir()}
            command = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            # Another user's, or gone meanwhile.
            continue
        if held & inodes:
            if any(_OURS.fullmatch(argument) for argument in command):
                return ok(f"{flag} is held by a running Aboveboard (pid {process.name})")
            return problem(
                f"{flag} is held by another program (pid {process.name})", "stop it, or choose another"
            )
    return warning(
        f"{flag} is held by a process of another user", "run this as the user that the server runs as"
    )


def _target(descriptor: Path) -> str:
    """Return what a descriptor is; nothing where it was closed meanwhile."""
    try:
        return descriptor.readlink().name
    except FileNotFoundError:
        return ""


def _listening_inodes(port: int) -> set[str]:
    """Return the sockets that listen on a port, by the names that descriptors have for them."""
    lines = [
        line.split()
        for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
        if table.exists()
        for line in table.read_text(encoding="ascii").splitlines()[1:]
    ]
    return {
        f"socket:[{fields[INODE]}]"
        for fields in lines
        if fields[STATE] == LISTENS and int(fields[LOCAL_ADDRESS].rpartition(":")[2], 16) == port
    }


CHECKS = (addresses_can_be_had,)
