"""What a host uses. Nothing raises out of here, and nothing waits but what says so."""

from __future__ import annotations

import atexit
import functools
from contextlib import suppress
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar
from weakref import WeakSet, finalize

from aboveboard_client.preference import Answer
from aboveboard_client.tally import Stats, Tally
from aboveboard_client.timing import Timing

if TYPE_CHECKING:
    import os
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from google.protobuf.message import Message

    from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest
    from aboveboard.telemetry.v1.source_pb2 import DeploymentSource, ServerSource, Source
    from aboveboard_client.core import Core
    from aboveboard_client.preference import Scope

    AnySource = Source | ServerSource | DeploymentSource

P = ParamSpec("P")
R = TypeVar("R")
MEBIBYTE = 1024 * 1024


def _harmless(
    otherwise: Callable[[], R],
) -> Callable[[Callable[Concatenate[Client, P], R]], Callable[Concatenate[Client, P], R]]:
    """Let a method count and log what fails in it, and return `otherwise()` then."""

    def wrap(method: Callable[Concatenate[Client, P], R]) -> Callable[Concatenate[Client, P], R]:
        def guarded(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return method(self, *args, **kwargs)
            except Exception as error:  # noqa: BLE001  # the boundary: a host must not fail with its telemetry
                self._tally.trouble(method.__name__, "telemetry: %s failed: %r", method.__name__, error)
                return otherwise()

        functools.update_wrapper(guarded, method)
        return guarded

    return wrap


class Client:
    """Records events of one source and sends them to one service, in the background.

    `endpoint`: HOST:PORT. `source`: who sends, a Source, ServerSource or DeploymentSource. One client for a
    process; any thread, signal handler or coroutine may use it. Processes with the same source and directory
    share what they know; to send to two services, use two directories.

    `directory`: where events wait (in a folder of this source's own); `$XDG_STATE_HOME/aboveboard`, mostly
    `~/.local/state/aboveboard`, unless said. `max_bytes` bounds what waits, per process, at least 1 MiB;
    `log_bytes` the log of what was sent, 0 for none. `write_key`: the product's key for the service.
    `heartbeat`: whether to send a ServerPing every 12 hours; servers do unless said, deployments do not.
    `tls`: everywhere but to this machine unless said; `root_certificates` in PEM where they are not the
    system's. `timing`: how long things take.

    A client that cannot be made as it is told, as with an endpoint that is none, logs so once and is off.
    """

    def __init__(  # noqa: PLR0913  # keywords, each with its default
        self,
        endpoint: str,
        source: AnySource,
        *,
        directory: str | os.PathLike[str] | None = None,
        write_key: str = "",
        heartbeat: bool | None = None,
        max_bytes: int = 16 * MEBIBYTE,
        log_bytes: int = 16 * MEBIBYTE,
        tls: bool | None = None,
        root_certificates: bytes | None = None,
        timing: Timing | None = None,
    ) -> None:
        self._tally = Tally()
        self._core: Core | None = None
        try:
            # Late, so that importing this package costs next to nothing, and cannot fail.
            from aboveboard_client.core import Core  # noqa: PLC0415
            from aboveboard_client.endpoint import is_local  # noqa: PLC0415
            from aboveboard_client.settings import Settings, as_source, folder_of  # noqa: PLC0415

            who, local, nowhere = as_source(source), True, ""
            try:
                local = is_local(endpoint)
            except (TypeError, ValueError) as error:
                # It is off, but for a refusal: that is kept, and told by the next client.
                nowhere = str(error)
                self._tally.trouble("endpoint", "telemetry is off: %s", nowhere)
            self._core = Core(
                Settings(
                    endpoint=endpoint,
                    nowhere=nowhere,
                    source=who,
                    folder=folder_of(directory, who),
                    write_key=write_key,
                    heartbeat=who.HasField("server") if heartbeat is None else heartbeat,
                    max_bytes=max_bytes,
                    log_bytes=log_bytes,
                    local=local,
                    tls=not local if tls is None else tls,
                    root_certificates=root_certificates,
                    timing=timing or Timing(),
                ),
                self._tally,
            )
            _close_at_exit(self._core)
            # Waits for nothing: this may happen in whatever a host is doing.
            finalize(self, self._core.leave).atexit = False
        except Exception as error:  # noqa: BLE001  # as in _harmless
            self._tally.trouble("client", "telemetry is off: %r", error)

    @_harmless(lambda: False)
    def record(self, event: Message, *, durable: bool = False) -> bool:
        """Keep an event for sending, and return at once whether it was kept.

        `event` is any event message of aboveboard.event.v1, or an EventEnvelope where its id and time are
        yours. Once this has returned True the event survives SIGKILL, and a power cut a second later; with
        `durable` it waits for the disk, and True means that it survives that too.
        """
        return self._core is not None and self._core.record(event, durable=durable)

    @_harmless(lambda: False)
    def flush(self, timeout: float = 5.0) -> bool:
        """Send what waits now; return whether all of it was settled within `timeout` seconds."""
        return self._core is not None and self._core.flush(timeout)

    @_harmless(lambda: False)
    def close(self, timeout: float = 5.0) -> bool:
        """Send what waits for up to `timeout` seconds, then stop; return whether all of it was settled.

        The rest goes with the next run. Where nothing is to be waited for: `close(0)`.
        """
        return self._core is not None and self._core.close(timeout)

    async def aclose(self, timeout: float = 5.0) -> bool:  # noqa: ASYNC109  # the same as close's
        """As `close`, without blocking the event loop."""
        import asyncio  # noqa: PLC0415  # a host without it shall not load it

        return await asyncio.to_thread(self.close, timeout)

    @_harmless(lambda: Answer(collecting=False, problem="failed; see the log"))
    def disable(
        self, scope: Scope | None = None, *, erase_history: bool = False, timeout: float = 10.0
    ) -> Answer:
        """Switch telemetry off: once this has returned no event leaves this machine, queued ones included.

        It lasts, whether the service can be told or not. `scope` says for whom the service shall remember:
        a deployment must say USER or DEPLOYMENT, never inferred; an anonymous server is itself. With
        `erase_history` what was collected so far is to be deleted too. Waits up to `timeout` seconds in all
        for calls under way, for other processes, and for the service's answer.
        """
        return self._ready().disable(scope, erase_history=erase_history, timeout=timeout)

    @_harmless(lambda: Answer(collecting=False, problem="failed; see the log"))
    def enable(self, scope: Scope | None = None, *, timeout: float = 10.0) -> Answer:
        """Switch telemetry on again, where no administrator and no environment forbids it.

        `scope` as it was given to `disable`. Waits up to `timeout` seconds for the service's answer. It
        lifts what this installation has set; where only somebody else's refusal is in force it stays off,
        and `problem` says so.
        """
        return self._ready().enable(scope, timeout=timeout)

    def preview(self) -> PublishEventsRequest:
        """Return exactly what the next send would carry, but for its time and the write key.

        A request without events where nothing waits.
        """
        from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest  # noqa: PLC0415  # as Core

        return _harmless(PublishEventsRequest)(lambda self: self._ready().preview())(self)

    @property
    def log_path(self) -> Path | None:
        """Where everything sent is written down, a JSON object a line; None where the client is off."""
        return self._core.parts.log.path if self._core else None

    @property
    def collecting(self) -> bool:
        """Whether events are recorded: no environment, user or service forbids it, as far as is known."""
        return self._core is not None and self._core.parts.consent.collecting

    @property
    def notice(self) -> str:
        """What the vendor wants whoever runs the product to know, as of the last answer; mostly empty."""
        return self._core.parts.consent.notice if self._core else ""

    def stats(self) -> Stats:
        """Return what became of the events of this process."""
        return self._tally.stats()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _ready(self) -> Core:
        if self._core is None:
            raise RuntimeError("the client is off")
        return self._core


# Those whose threads are to end before the interpreter does.
_open: WeakSet[Core] = WeakSet()


def _close_at_exit(core: Core) -> None:
    """Let threads end before the interpreter does; waits for no answer."""
    if not _open:
        atexit.unregister(_close_all)
        atexit.register(_close_all)
    _open.add(core)


def _close_all() -> None:
    for core in list(_open):
        with suppress(Exception):
            core.close(0)
