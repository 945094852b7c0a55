"""The connection: opened when something is to be sent, closed when for a while nothing was."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aboveboard_client import free_tasks, patience
from aboveboard_client.failure import NO_GRPC, NO_THREADS, CallFailed, Withdrawn, read_failure

if TYPE_CHECKING:
    import grpc
    from google.protobuf.message import Message

    from aboveboard_client.settings import Settings

# We do our own waiting between attempts.
OPTIONS = [("grpc.enable_retries", 0), ("grpc.max_reconnect_backoff_ms", 1000)]
POLL_SECONDS = 0.05
GRPC_THREADS = {"event_engine", "grpc_global_tim", "lifeguard"}
# Connections of a parent, kept for ever in its child: grpc's locks may be held by threads that are not there.
_abandoned: list[object] = []
# Whether this process is a child in which grpc cannot be used, whichever client asks.
_bereft: list[bool] = []
# Why grpc cannot be loaded in this process, once that was tried: a second attempt would abort the host.
_unloadable: list[str] = []
# Held while it is loaded, by the sender or by who tells a wish for the host.
_loading = threading.Lock()
LOAD_SECONDS = 10.0


class Connection:
    """A channel that any thread may end; whoever calls over it then learns that it was called off."""

    def __init__(self, channel: grpc.Channel) -> None:
        from aboveboard.ingest.v1.ingest_service_pb2_grpc import IngestServiceStub  # noqa: PLC0415  # as grpc

        self.channel = channel
        # Before anybody can end the channel: grpc crashes where a stub is made of one that is closed.
        self._stub = IngestServiceStub(channel)
        self.is_called_off = False

    def call_off(self) -> None:
        """End it, and what is under way over it."""
        self.is_called_off = True
        self.channel.close()

    def call(self, rpc: str, request: Message, timeout: float) -> Any:
        """Call an RPC of IngestService and return its answer; CallFailed, Withdrawn."""
        import grpc  # noqa: PLC0415  # see _channel

        try:
            return getattr(self._stub, rpc)(request, timeout=patience.left(timeout))
        except grpc.RpcError as error:
            failure = read_failure(error)
        except ValueError as error:
            # What grpc raises for a channel that another thread has closed.
            failure = CallFailed("CANCELLED", str(error))
        # Raised outside of the handler: as a context it would keep the call, and all that belongs to it.
        if self.is_called_off:
            raise Withdrawn
        raise failure


class Transport:
    """One connection for the sender, made of grpc only when it is needed: a host that sends nothing has none.

    Whoever tells a wish for the host has a connection of its own besides, which nobody else ends.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # Held around what the sender does with grpc, so that an opt-out does not come in between.
        self.gate = threading.Lock()
        self._connection: Connection | None = None
        # Those of who tells a wish for the host.
        self._own: list[Connection] = []
        # Whether grpc was loaded by us, or is about to be.
        self._loaded = False

    def renew(self, *, usable: bool) -> None:
        """Begin without a connection: in a child after a fork. With `usable` False there will be none."""
        _abandoned.extend([self._connection, *self._own])
        if not usable:
            _bereft.append(True)
        self.gate = threading.Lock()
        self._connection, self._own = None, []

    @property
    def usable(self) -> bool:
        """Whether grpc can be used in this process."""
        return not _bereft

    def survives_fork(self) -> bool:
        """Whether a child forked now could use grpc: only where no core of it has run in this process.

        Closing the connection before is not enough: about one child in a thousand then hangs in its first
        call, and now and then a parent in its fork.
        """
        return self.usable and not self._loaded and not ("grpc" in sys.modules and _has_grpc_threads())

    def call(self, rpc: str, request: Message, timeout: float) -> Any:
        """Call an RPC of IngestService and return its answer; CallFailed, Withdrawn. Hold the gate."""
        # It may have been called off just when its last call had come to its end.
        if self._connection is None or self._connection.is_called_off:
            self._connection = self._connect()
        try:
            return self._connection.call(rpc, request, timeout)
        except (CallFailed, Withdrawn):
            self._close()
            raise

    def call_alone(self, rpc: str, request: Message, timeout: float) -> Any:
        """As `call`, over a connection of its own, which nobody calls off; needs no gate."""
        connection = self._connect()
        self._own.append(connection)
        try:
            return connection.call(rpc, request, timeout)
        finally:
            # Not in a child that was forked meanwhile: there it is abandoned.
            if connection in self._own:
                self._own.remove(connection)
                connection.channel.close()

    def cancel(self) -> None:
        """Call off whatever the sender has under way, from any thread."""
        connection = self._connection
        if connection is not None:
            connection.call_off()

    def pass_gate(self, timeout: float) -> bool:
        """Call off what is under way and take the gate; False where that takes over `timeout` seconds."""
        give_up_at = time.monotonic() + timeout
        while not self.gate.acquire(timeout=POLL_SECONDS):
            self.cancel()
            if time.monotonic() >= give_up_at:
                return False
        return True

    def close(self) -> None:
        """Close the connection, if there is one, unless something is under way."""
        if self._connection is not None and self.gate.acquire(blocking=False):
            try:
                self._close()
            finally:
                self.gate.release()

    def _connect(self) -> Connection:
        if not free_tasks.enough_for_grpc():
            raise CallFailed(NO_THREADS, "this process may not start the threads that grpc needs")
        self._loaded = True
        _load_grpc()
        return Connection(_channel(self._settings))

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.channel.close()


def _channel(settings: Settings) -> grpc.Channel:
    import grpc  # noqa: PLC0415  # 27 MiB that a host shall not pay before it sends

    # A proxy that the environment names does not reach this machine, nor concerns it what stays there.
    options = [*OPTIONS, ("grpc.enable_http_proxy", 0)] if settings.local else OPTIONS
    if not settings.tls:
        return grpc.insecure_channel(settings.endpoint, options=options)
    credentials = grpc.ssl_channel_credentials(settings.root_certificates)
    return grpc.secure_channel(settings.endpoint, credentials, options=options)


def _load_grpc() -> None:
    """Import grpc and the stub; CallFailed where that fails, or has failed before, be it in the host."""
    if not _loading.acquire(timeout=patience.left(LOAD_SECONDS)):
        raise CallFailed("DEADLINE_EXCEEDED", "grpc is still being loaded")
    try:
        _import_grpc()
    finally:
        _loading.release()
    if _unloadable:
        raise CallFailed(NO_GRPC, f"grpc cannot be used in this process: {_unloadable[0]}")


def _import_grpc() -> None:
    is_half_there = "grpc" not in sys.modules and any(name.startswith("grpc.") for name in sys.modules)
    if is_half_there and not _unloadable:
        _unloadable.append("an import of it has failed")
    if _unloadable:
        return
    # Until it is there: whatever interrupts it, it is not tried again.
    _unloadable.append("an import of it was broken off")
    try:
        import aboveboard.ingest.v1.ingest_service_pb2_grpc  # noqa: F401, PLC0415  # 27 MiB, see _channel
    except Exception as error:  # noqa: BLE001  # an extension may raise anything
        _unloadable[:] = [repr(error)]
    else:
        _unloadable.clear()


def _has_grpc_threads() -> bool:
    """Whether threads of grpc's core run in this process; only Linux tells."""
    try:
        names = [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]
    except OSError:
        return False
    return not GRPC_THREADS.isdisjoint(names)
