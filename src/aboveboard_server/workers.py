"""Several server processes on the same addresses: `serve --workers N`.

The kernel spreads connections over them (SO_REUSEPORT). The supervisor only starts them, starts again the
one that dies, and passes on the signal to stop; it takes no call itself, and loads nothing that would.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any, NoReturn

import structlog

from aboveboard_server import addresses, log_lines, logging, standard_streams
from aboveboard_server.errors import StartupError
from aboveboard_server.settings import METRICS_FOLDER_VARIABLE, WORKER_VARIABLE
from aboveboard_server.signals import to_stop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from aboveboard_server.settings import Settings

log = structlog.get_logger()

# What a worker tells once it serves; whatever else it tells is for the operator.
SERVING = b"\1"
# The most that is read at once of what a worker tells.
MOST_TOLD = 65_536
# Seconds until a worker that ended is started again.
RESTART_DELAY = 0.5
# Seconds that workers get to drain before they are killed.
PATIENCE = 20.0


class _StopAskedFor(BaseException):
    """Raised by the signal handler, wherever the supervisor waits."""


def become_supervisor(settings: Settings) -> NoReturn:
    """Turn this process into one that runs `settings.workers` servers, without what it has loaded so far."""
    log_lines.flush()
    read, write = os.pipe()
    # By a pipe, for arguments and environment are no place for a password; a pipe's buffer is larger.
    os.write(write, pickle.dumps(settings))
    os.close(write)
    os.dup2(read, 0)
    os.execv(sys.executable, _command("aboveboard_server.workers"))  # noqa: S606  # this very interpreter


def main() -> None:
    """Be the supervisor, until told to stop. Exits with the reason where the servers cannot begin."""
    standard_streams.open_closed()
    settings: Settings = pickle.load(sys.stdin.buffer)  # noqa: S301  # what `become_supervisor` wrote
    logging.configure(settings.log_level)
    try:
        _serve(settings)
    except StartupError as error:
        log_lines.end(f"aboveboard: {error}")


def _serve(settings: Settings) -> None:
    with _reserved(settings) as shared:
        supervisor = _Supervisor(shared)
        for name in to_stop():
            signal.signal(name, _stop)
        try:
            supervisor.run()
        except _StopAskedFor:
            log.info("draining", workers=settings.workers)
        finally:
            supervisor.stop()


class _Supervisor:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # What the workers count, see `metrics`.
        try:
            self._figures = tempfile.mkdtemp(prefix="aboveboard-metrics-")
        except OSError as error:
            raise StartupError(f"no temporary folder can be made: {error.strerror}") from error
        # What each worker tells: something once it serves, and the end when it ends; with it its number.
        self._told = selectors.DefaultSelector()
        self._served = False

    def run(self) -> None:
        """Start all workers, and each again that ends, for ever; StartupError where they cannot begin."""
        for number in range(self._settings.workers):
            self._start(number)
        while True:
            for key, _ in self._told.select():
                told = os.read(key.fd, MOST_TOLD)
                if told:
                    self._served |= SERVING in told
                    _pass_on(told.replace(SERVING, b""))
                else:
                    self._told.unregister(key.fileobj)
                    self._replace(*key.data)

    def stop(self) -> None:
        """Have every worker drain, and wait for it."""
        for name in to_stop():
            signal.signal(name, signal.SIG_IGN)
        workers = [key.data[0] for key in self._told.get_map().values()]
        for worker in workers:
            worker.terminate()
        deadline = time.monotonic() + PATIENCE
        for worker in workers:
            try:
                worker.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                worker.kill()
        shutil.rmtree(self._figures, ignore_errors=True)

    def _start(self, number: int) -> None:
        worker = subprocess.Popen(  # noqa: S603  # this very interpreter, and a module of our own
            _command("aboveboard_server.worker"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, METRICS_FOLDER_VARIABLE: self._figures, WORKER_VARIABLE: str(number)},
        )
        self._told.register(_pipe(worker.stdout), selectors.EVENT_READ, (worker, number))
        # The pipe stays open: its end tells the worker that the supervisor is gone.
        with contextlib.suppress(BrokenPipeError):
            pickle.dump(self._settings, _pipe(worker.stdin))
            _pipe(worker.stdin).flush()

    def _replace(self, worker: subprocess.Popen[bytes], number: int) -> None:
        """Start another for one that ended; StartupError where it never served."""
        exit_code = worker.wait()
        if exit_code and not self._served:
            # None has ever served: something is set wrongly, and trying again will not mend it.
            raise StartupError(f"a worker ended with exit code {exit_code}; see above")
        log.warning("worker_ended", exit_code=exit_code, restart_in_seconds=RESTART_DELAY)
        time.sleep(RESTART_DELAY)
        self._start(number)


@contextlib.contextmanager
def _reserved(settings: Settings) -> Iterator[Settings]:
    """Hold every address, and return the settings with the ports in use; StartupError where one is taken.

    Bound without SO_REUSEPORT first: with it, another server's sockets on the same port go unnoticed.
    """
    with contextlib.ExitStack() as stack:
        binds: dict[str, Any] = {}
        for name, bind in settings.binds.items():
            with addresses.listening(bind) as probe:
                binds[name] = addresses.with_port(bind, probe)
            stack.enter_context(addresses.listening(binds[name], reuse_port=True))
        yield replace(settings, **binds, reuse_port=True)


def _pass_on(told: bytes) -> None:
    for line in told.decode().splitlines():
        log_lines.show(line)


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    """Return a pipe that was asked for."""
    if pipe is None:
        raise RuntimeError("the pipe was not asked for")
    return pipe


def _command(module: str) -> list[str]:
    """Return the command that runs a module of ours, whatever lies in the working directory."""
    return [sys.executable, "-P", "-m", module]


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise _StopAskedFor


if __name__ == "__main__":
    main()
