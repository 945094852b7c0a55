"""Servers that begin as copies of a process which has loaded all they need; see `warm`."""

from __future__ import annotations

import atexit
import os
import pickle
import select
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import signal
    from collections.abc import Mapping
    from pathlib import Path
    from typing import IO

# What changes from test to test, and is read by no module while it is loaded.
OURS = ("ABOVEBOARD_", "PYTEST_")
# What takes long, or measures, starts its servers as an operator would.
is_wanted = True


class Copy:
    """A server's process, with what subprocess.Popen has."""

    def __init__(self, warm: Warm, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._warm = warm
        self._descriptor = os.pidfd_open(pid)
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        """Return its exit code, None while it runs."""
        with self._lock:
            if self.returncode is None:
                self.returncode = self._warm.ask(self.pid)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit code once it has ended; TimeoutExpired."""
        if not select.select([self._descriptor], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("aboveboard serve", timeout or 0.0)
        code = self.poll()
        assert code is not None
        return code

    def __del__(self) -> None:
        """Let go of what tells of its end."""
        os.close(self._descriptor)

    def send_signal(self, which: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, which)


class Warm:
    """The process that is copied. It ends with the one that has started it."""

    def __init__(self) -> None:
        self.environment = without_ours(os.environ)
        self._lock = threading.Lock()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.warm", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdout=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            )
        atexit.register(self._end)

    def ask(self, request: object, descriptors: tuple[int, ...] = ()) -> Any:
        """Have it answer."""
        with self._lock:
            socket.send_fds(self._socket, [pickle.dumps(request)], descriptors)
            return pickle.loads(self._socket.recv(1_000))

    def _end(self) -> None:
        self._socket.close()
        self._process.kill()
        self._process.wait()


Started = Copy | subprocess.Popen[bytes]


def begin(  # noqa: PLR0913, PLR0917  # what a process has
    python: str,
    arguments: list[str],
    folder: Path,
    environment: Mapping[str, str],
    stdout: IO[bytes],
    stderr: IO[bytes],
) -> Started:
    """Start `aboveboard` with these arguments."""
    command = [python, "-m", "aboveboard_server", *arguments]
    return subprocess.Popen(command, stdout=stdout, stderr=stderr, cwd=folder, env=environment)


def copy(  # noqa: PLR0913, PLR0917  # as above
    python: str,
    arguments: list[str],
    folder: Path,
    environment: Mapping[str, str],
    stdout: IO[bytes],
    stderr: IO[bytes],
) -> Started:
    """The same as a copy, unless the server might load something else where it runs."""
    warm = _warm()
    if python != sys.executable or without_ours(environment) != warm.environment:
        return begin(python, arguments, folder, environment, stdout, stderr)
    pid = warm.ask((arguments, str(folder), dict(environment)), (stdout.fileno(), stderr.fileno()))
    return Copy(warm, pid)


def without_ours(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that may change what is loaded."""
    return {name: value for name, value in environment.items() if not name.startswith(OURS)}


@cache
def _warm() -> Warm:
    return Warm()
