"""Standard streams as every process has them: descriptors 0 to 2, open, whatever started it."""

from __future__ import annotations

import errno
import os
import sys
from typing import NoReturn

# What the operating system says where a disk takes nothing more.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
MODES = (os.O_RDONLY, os.O_WRONLY, os.O_WRONLY)


def open_closed() -> None:
    """Open those of descriptors 0 to 2 that are closed on /dev/null.

    To be called before anything else is opened: a database's file or a socket that had the number 2 would be
    written to by whatever writes to standard error.
    """
    for descriptor, mode in enumerate(MODES):
        try:
            os.fstat(descriptor)
        except OSError:
            opened = os.open(os.devnull, mode)
            if opened != descriptor:
                os.dup2(opened, descriptor)
                os.close(opened)
            # Processes that are started from this one have them too.
            os.set_inheritable(descriptor, True)  # noqa: FBT003  # its only parameter
    # Python has none where the descriptor was closed when it started.
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  # open until the process ends
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  # as above
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", buffering=1, closefd=False)  # noqa: SIM115  # as above


def end_without_room(error: OSError) -> NoReturn:
    """Exit with code 1 and one sentence where standard output takes nothing more; raise any other error."""
    if error.errno not in NO_ROOM or error.filename is not None:
        raise error
    sys.exit(f"aboveboard: standard output: {error.strerror}")


def end_quietly_without_reader() -> None:
    """Write what standard output still holds; where its reader is gone, exit with code 1 and say nothing.

    Python would say so at its end, with a traceback's first line and another exit code.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        # Python tries again at its end: to no avail, and not in silence.
        nobody = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nobody, 1)
        os.close(nobody)
        sys.exit(
            1 if isinstance(error, BrokenPipeError) else f"aboveboard: standard output: {error.strerror}"
        )
