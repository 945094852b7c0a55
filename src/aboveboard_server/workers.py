"""Several server processes on the same addresses: `serve --workers N`.

The kernel spreads connections over them (SO_REUSEPORT). The supervisor only starts them, starts again the
one that dies, and passes on the signal to stop; it takes no call itself.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import time
from dataclasses import replace
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any

import structlog

from aboveboard_server import addresses, logging
from aboveboard_server.bootstrap import run
from aboveboard_server.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.context import SpawnProcess
    from multiprocessing.synchronize import Event
    from types import FrameType

    from aboveboard_server.settings import Settings

log = structlog.get_logger()

# Seconds until a worker that ended is started again.
RESTART_DELAY = 0.5
# Seconds that workers get to drain before they are killed.
PATIENCE = 20.0


class _StopAskedFor(BaseException):
    """Raised by the signal handler, wherever the supervisor waits."""


def serve(settings: Settings) -> None:
    """Run `settings.workers` servers until told to stop; StartupError where they cannot begin."""
    with _reserved(settings) as shared:
        supervisor = _Supervisor(shared)
        signal.signal(signal.SIGTERM, _stop)
        signal.signal(signal.SIGINT, _stop)
        try:
            supervisor.run()
        except _StopAskedFor:
            log.info("draining", workers=settings.workers)
        finally:
            supervisor.stop()


class _Supervisor:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[SpawnProcess] = []
        self._served = self._context.Event()

    def run(self) -> None:
        """Start all workers, and each again that ends, for ever; StartupError where they cannot begin."""
        for _ in range(self._settings.workers):
            self._start()
        while True:
            ended = set(wait([worker.sentinel for worker in self._workers]))
            for worker in [worker for worker in self._workers if worker.sentinel in ended]:
                self._workers.remove(worker)
                worker.join()
                if worker.exitcode and not self._served.is_set():
                    # None has ever served: something is set wrongly, and trying again will not mend it.
                    raise StartupError(f"a worker ended with exit code {worker.exitcode}; see above")
                log.warning("worker_ended", exit_code=worker.exitcode, restart_in_seconds=RESTART_DELAY)
                time.sleep(RESTART_DELAY)
                self._start()

    def stop(self) -> None:
        """Have every worker drain, and wait for it."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, signal.SIG_IGN)
        for worker in self._workers:
            worker.terminate()
        deadline = time.monotonic() + PATIENCE
        for worker in self._workers:
            worker.join(max(0.0, deadline - time.monotonic()))
            if worker.is_alive():
                worker.kill()

    def _start(self) -> None:
        worker = self._context.Process(target=_work, args=(self._settings, self._served), daemon=False)
        worker.start()
        self._workers.append(worker)


def _work(settings: Settings, served: Event) -> None:
    """Be one worker: tell when it serves, and end with the supervisor, however that ends."""
    logging.configure(settings.log_level)
    supervisor = multiprocessing.parent_process()
    run(settings, stop_with=supervisor.sentinel if supervisor else None, on_serving=served.set)


@contextlib.contextmanager
def _reserved(settings: Settings) -> Iterator[Settings]:
    """Hold every address, and return the settings with the ports in use; StartupError where one is taken.

    Bound without SO_REUSEPORT first: with it, another server's sockets on the same port go unnoticed.
    """
    with contextlib.ExitStack() as stack:
        binds: dict[str, Any] = {}
        for name in ("grpc_bind", "admin_bind", "http_bind"):
            bind = getattr(settings, name)
            with addresses.listening(bind) as probe:
                binds[name] = addresses.with_port(bind, probe)
            stack.enter_context(addresses.listening(binds[name], reuse_port=True))
        yield replace(settings, **binds, reuse_port=True)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise _StopAskedFor
