"""Standard streams as nobody wants them, and servers that are started with them."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from socket import create_server
from typing import TYPE_CHECKING

from tests.support.http_clients import call
from tests.support.server import TOKEN, UNHURRIED, ServerProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    Fault = Callable[[], AbstractContextManager[int | None]]

# Seconds in which a server must be ready, on a busy machine.
PATIENCE = 60


@contextmanager
def gone() -> Iterator[int]:
    """Return a pipe whose reader is gone."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


@contextmanager
def stalled() -> Iterator[int]:
    """Return a pipe that is full, and that nobody reads."""
    reader, writer = os.pipe()
    os.write(writer, bytes(fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4_096)))
    yield writer
    os.close(writer)
    os.close(reader)


@contextmanager
def full() -> Iterator[int]:
    """Return a disk without room."""
    writer = os.open("/dev/full", os.O_WRONLY)
    yield writer
    os.close(writer)


@contextmanager
def closed() -> Iterator[None]:
    """Return nothing: the descriptors are closed."""
    yield


FAULTS: dict[str, Fault] = {"gone": gone, "stalled": stalled, "full": full, "closed": closed}
# What starts a program with all three of them closed.
CLOSING = ("sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh")


class Unheard(ServerProcess):
    """A server whose standard output and error have a fault from its start on."""

    def __init__(self, folder: Path, *arguments: str, database_url: str = "") -> None:
        super().__init__(folder, *arguments)
        self._url = database_url or f"sqlite:///{self.database}"

    def start_with(self, fault: Fault, stack: ExitStack) -> None:
        """Start, and return when it is ready. Its log cannot say where it listens: the ports are given."""
        stream = stack.enter_context(fault())
        stack.callback(self.kill)
        for _ in range(5):
            if self._is_ready(stream):
                return
        raise AssertionError("the server does not start")

    def _is_ready(self, stream: int | None) -> bool:
        """Start on ports that were free; False where one is taken by now."""
        with ExitStack() as sockets:
            free = [sockets.enter_context(create_server(("127.0.0.1", 0))) for _ in range(3)]
            binds = [f"127.0.0.1:{one.getsockname()[1]}" for one in free]
        self.ingest_address, self.admin_address, self.http_address = binds
        self._process = subprocess.Popen(
            [
                *(CLOSING if stream is None else ()),
                *(sys.executable, "-m", "aboveboard_server", "serve"),
                *("--database", self._url, "--key-dir", str(self.key_dir)),
                *("--grpc-bind", binds[0], "--admin-bind", binds[1], "--http-bind", binds[2]),
                *self._arguments,
            ],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            cwd=self.folder,
            env=UNHURRIED | os.environ | {"ABOVEBOARD_BOOTSTRAP_TOKEN": TOKEN},
        )
        deadline = time.monotonic() + PATIENCE
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                if call(self, "GET", "/readyz").status == 200:
                    return True
            except OSError:
                time.sleep(0.05)
        return False


def opened(pid: int) -> dict[int, str]:
    """Return what descriptors 0 to 2 of a process are open on; without those that are closed."""
    folder = Path(f"/proc/{pid}/fd")
    return {
        number: str((folder / str(number)).readlink())
        for number in range(3)
        if (folder / str(number)).is_symlink()
    }
