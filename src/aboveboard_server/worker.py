"""One of several server processes, started by `workers`: `python -m aboveboard_server.worker`."""

from __future__ import annotations

import contextlib
import os
import pickle
import sys
from typing import TYPE_CHECKING

from aboveboard_server import logging, standard_streams
from aboveboard_server.garbage import start_and_end_sooner
from aboveboard_server.workers import SERVING

if TYPE_CHECKING:
    from aboveboard_server.settings import Settings


def main() -> None:
    """Serve; tell on the standard output when that begins, and end with the supervisor, however that ends.

    What is for the operator alone goes there too, a line each.

    The settings come by the standard input.
    """
    standard_streams.open_closed()
    start_and_end_sooner()
    from aboveboard_server.bootstrap import run  # noqa: PLC0415  # it loads everything

    settings: Settings = pickle.load(sys.stdin.buffer)  # noqa: S301  # what our own supervisor writes
    logging.configure(settings.log_level)
    run(
        settings,
        stop_with=sys.stdin.fileno(),
        on_serving=lambda: _tell(SERVING),
        announce=lambda line: _tell(f"{line}\n".encode()),
    )


def _tell(what: bytes) -> None:
    # The supervisor may be gone: the end of standard input stops this worker.
    with contextlib.suppress(OSError):
        os.write(sys.stdout.fileno(), what)


if __name__ == "__main__":
    main()
