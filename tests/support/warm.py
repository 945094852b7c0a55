"""A process that has loaded the server, and becomes one when asked: sooner done than to load it anew.

`python -m tests.support.warm SOCKET`. What it copies itself for begins where `aboveboard` begins, with the
arguments, environment, folder and streams it is given, and is a process like any other from then on.
"""

from __future__ import annotations

import importlib
import os
import pickle
import socket
import sys
from typing import Any

from aboveboard_server import __main__ as aboveboard

# What `aboveboard serve` loads by the time it serves, with all that these load.
LOADED = (
    "aboveboard_server.bootstrap",
    "aboveboard_server.cli.app",
    "aboveboard_server.cli.serve",
    "aboveboard_server.workers",
)
# Bytes of a request, at most.
LARGEST = 200_000


def main() -> None:
    """Answer until the socket ends; in a copy, be the server."""
    aboveboard.before_loading()
    for module in LOADED:
        importlib.import_module(module)
    if _became_a_copy(socket.socket(fileno=int(sys.argv.pop()))):
        aboveboard.main()


def _became_a_copy(asked: socket.socket) -> bool:
    """Make copies, and tell how they ended; False at the end."""
    with asked:
        while True:
            data, descriptors, _, _ = socket.recv_fds(asked, LARGEST, 2)
            if not data:
                return False
            request: Any = pickle.loads(data)
            if isinstance(request, int):
                pid, status = os.waitpid(request, os.WNOHANG)
                asked.send(pickle.dumps(os.waitstatus_to_exitcode(status) if pid else None))
                continue
            if (pid := os.fork()) == 0:
                arguments, folder, environment = request
                _become(arguments, folder, environment, descriptors)
                return True
            for descriptor in descriptors:
                os.close(descriptor)
            asked.send(pickle.dumps(pid))


def _become(arguments: list[str], folder: str, environment: dict[str, str], streams: list[int]) -> None:
    for number, stream in enumerate(streams, start=1):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = arguments


if __name__ == "__main__":
    main()
