"""Servers under test, each a process of its own on a port that the kernel chose."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import grpc

from aboveboard.admin.v1.admin_service_pb2_grpc import AdminServiceStub
from aboveboard_server.cli.credentials import with_token

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from benchmarks.stores import Database

# The secret of each server's first admin key.
TOKEN = "aba_" + "bench" * 8 + "abc"
START_SECONDS = 60
STOP_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers."""

    address: str
    pid: int
    admin_address: str = ""


@contextlib.contextmanager
def administrators(running: Running) -> Iterator[AdminServiceStub]:
    """Connect to a server's AdminService."""
    with grpc.insecure_channel(running.admin_address) as channel:
        yield AdminServiceStub(with_token(channel, TOKEN))


class ServerError(Exception):
    """A server did not start or did not stop; the text is the end of its log."""


# What `aboveboard serve` runs as: itself, and with a handler of events that does nothing.
SERVICE = "aboveboard_server"
EMPTY = "benchmarks.empty_server"
# Requests a second that no load comes near.
NEVER_TOO_MUCH = 10_000_000


@contextlib.contextmanager
def aboveboard(
    database: Database,
    workers: int = 1,
    arguments: tuple[str, ...] = (),
    program: str = SERVICE,
) -> Iterator[Running]:
    """Run `aboveboard serve` on a database, with further arguments where there are any.

    `program` is the service itself, or the same with an empty handler, in one process alone.
    """
    bind, admin_bind = _free_address(), _free_address()
    command = [
        *("-m", program, "serve", "--log-level", "warning"),
        *("--database", database.url, "--key-dir", str(database.folder / "keys")),
        *("--grpc-bind", bind, "--admin-bind", admin_bind, "--http-bind", "127.0.0.1:0"),
        # All load comes from one address: it is counted as any, and never too much.
        *("--rate-per-address", str(NEVER_TOO_MUCH)),
        *arguments,
    ]
    if workers > 1:
        command += ["--workers", str(workers)]
    with _process(command, bind, database.folder, {"ABOVEBOARD_BOOTSTRAP_TOKEN": TOKEN}) as running:
        yield replace(running, admin_address=admin_bind)


@contextlib.contextmanager
def bare(folder: Path) -> Iterator[Running]:
    """Run a server of grpc.aio that does nothing."""
    bind = _free_address()
    with _process(["-m", "benchmarks.bare_server", bind], bind, folder) as running:
        yield running


@contextlib.contextmanager
def _process(
    command: list[str], address: str, folder: Path, env: Mapping[str, str] | None = None
) -> Iterator[Running]:
    log_file = folder / "server.log"
    with log_file.open("ab") as log:
        # The program is this very interpreter, its arguments are our own.
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, *command], stdout=log, stderr=log, env=os.environ | (env or {})
        )
    try:
        _await_ready(process, address, log_file)
        yield Running(address, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise ServerError(f"did not stop within {STOP_SECONDS} s: {_tail(log_file)}") from None


def _await_ready(process: subprocess.Popen[bytes], address: str, log_file: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    with grpc.insecure_channel(address, [("grpc.max_reconnect_backoff_ms", 200)]) as channel:
        ready = grpc.channel_ready_future(channel)
        while process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(grpc.FutureTimeoutError):
                ready.result(timeout=0.2)
                return
    raise ServerError(f"did not start: {_tail(log_file)}")


def _free_address() -> str:
    """Return an address that the kernel found free: the log that would tell of port 0 is switched off."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def _tail(log_file: Path) -> str:
    size = log_file.stat().st_size
    with log_file.open("rb") as log:
        log.seek(max(0, size - 2000), os.SEEK_SET)
        return log.read().decode(errors="replace")
