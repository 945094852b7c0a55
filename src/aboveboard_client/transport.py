"""The connection: opened when something is to be sent, closed when for a while nothing was."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aboveboard_client.failure import CallFailed, Withdrawn, read_failure

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


class Transport:
    """One channel, made of grpc only when it is needed: a host that sends nothing does not load it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # Held around everything that touches grpc, so that an opt-out does not come in between.
        self.gate = threading.Lock()
        self._channel: grpc.Channel | None = None
        self._called_off = False
        # Whether grpc was loaded by us, or is about to be.
        self._loaded = False

    def renew(self, *, usable: bool) -> None:
        """Begin without a connection: in a child after a fork. With `usable` False there will be none."""
        _abandoned.append(self._channel)
        if not usable:
            _bereft.append(True)
        self.gate = threading.Lock()
        self._channel, self._called_off = None, False

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
        self._loaded = True
        import grpc  # noqa: PLC0415  # 27 MiB that a host shall not pay before it sends

        from aboveboard.ingest.v1.ingest_service_pb2_grpc import IngestServiceStub  # noqa: PLC0415  # as grpc

        self._called_off = False
        try:
            return getattr(IngestServiceStub(self._open()), rpc)(request, timeout=timeout)
        except grpc.RpcError as error:
            failure = read_failure(error)
        except ValueError as error:
            # What grpc raises for a channel that another thread has closed.
            failure = CallFailed("CANCELLED", str(error))
        self._close()
        # Raised outside of the handler: as a context it would keep the call, and all that belongs to it.
        if self._called_off:
            raise Withdrawn
        raise failure

    def cancel(self) -> None:
        """Call off whatever is under way, from any thread."""
        channel, self._called_off = self._channel, True
        if channel is not None:
            channel.close()

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
        if self._channel is not None and self.gate.acquire(blocking=False):
            try:
                self._close()
            finally:
                self.gate.release()

    def _open(self) -> grpc.Channel:
        if self._channel is None:
            self._channel = _channel(self._settings)
        return self._channel

    def _close(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()


def _channel(settings: Settings) -> grpc.Channel:
    import grpc  # noqa: PLC0415  # see call()

    if not settings.tls:
        return grpc.insecure_channel(settings.endpoint, options=OPTIONS)
    credentials = grpc.ssl_channel_credentials(settings.root_certificates)
    return grpc.secure_channel(settings.endpoint, credentials, options=OPTIONS)


def _has_grpc_threads() -> bool:
    """Whether threads of grpc's core run in this process; only Linux tells."""
    try:
        names = [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]
    except OSError:
        return False
    return not GRPC_THREADS.isdisjoint(names)
