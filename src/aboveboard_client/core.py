"""What a client does, without the boundary that keeps its failures from the host."""

from __future__ import annotations

import random
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest
from aboveboard_client import forks
from aboveboard_client.envelopes import seal
from aboveboard_client.heartbeat import Heartbeat, since_boot
from aboveboard_client.parts import put_together
from aboveboard_client.patience import left, within
from aboveboard_client.sender import Sender
from aboveboard_client.settings import is_switched_off

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from aboveboard_client.preference import Answer, Scope
    from aboveboard_client.settings import Settings
    from aboveboard_client.tally import Tally

# How long the threads may take to end in all, once nothing is waited for any more.
STOP_SECONDS = 0.5
# How long another process may hold up a look at whether a ping is due, where the host waits.
LOOK_SECONDS = 0.25
# How long a thread waits for another that is looking.
BEAT_SECONDS = 5.0
# After how long threads that could not be started are tried again.
START_AGAIN_SECONDS = 30.0


class Core:
    """See Client, method by method."""

    def __init__(self, settings: Settings, tally: Tally) -> None:
        self.parts = put_together(settings, tally)
        self._heartbeat: Heartbeat | None = None
        if settings.heartbeat:
            source = settings.source
            version = source.server.version or source.deployment.version
            chance = random.SystemRandom()
            self._heartbeat = Heartbeat(self.parts.state, version, time.time, since_boot, chance)
        self._closed = False
        self._children_can_send = True
        self._begin()
        forks.watch(self)
        if is_switched_off():
            self.parts.spool.purge()
        elif self._heartbeat is not None or settings.folder.is_dir():
            # Only a host that may have something to tell, or a refusal to pass on, pays for threads already.
            self._ensure_threads()

    def record(self, event: Message, *, durable: bool) -> bool:
        """Keep an event for sending."""
        parts = self.parts
        if self._closed or not parts.consent.collecting:
            parts.tally.add("declined")
            return False
        try:
            data = seal(event, parts.clock)
        except Exception as error:  # noqa: BLE001  # whatever it is, such as nesting that no parser takes
            parts.tally.add("unusable")
            parts.tally.trouble("unusable", "not recorded: %s", error)
            return False
        return self._keep(data, durable=durable)

    def preview(self) -> PublishEventsRequest:
        """Return what the next send would carry."""
        if not self.parts.consent.refresh():
            return PublishEventsRequest()
        # A ping that is due goes with it, though the thread may not have come to it yet.
        with suppress(OSError), within(LOOK_SECONDS):
            self._beat()
        found = self._sender.delivery.next_request()
        if found is None:
            return PublishEventsRequest()
        request = found[0]
        request.ClearField("write_key")
        return request

    def flush(self, timeout: float) -> bool:
        """Send now."""
        if self.parts.spool.peek(1, 1) is None and not self._sender.will_adopt:
            return True
        self._ensure_threads()
        return self._sender.flush(timeout)

    def disable(self, scope: Scope | None, *, erase_history: bool, timeout: float) -> Answer:
        """Switch off."""
        with within(timeout):
            answer = self._sender.wishes.disable(scope, erase_history=erase_history, timeout=timeout)
        self._pass_on()
        return answer

    def enable(self, scope: Scope | None, *, timeout: float) -> Answer:
        """Switch on."""
        with within(timeout):
            answer = self._sender.wishes.enable(scope)
        self._pass_on()
        return answer

    def close(self, timeout: float) -> bool:
        """Send what waits, then stop."""
        if self._closed:
            return True
        # A server that ends before its thread has come to it counts too.
        with suppress(OSError), within(LOOK_SECONDS):
            self._beat()
        self._closed = True
        waits = timeout > 0 and self.parts.transport.usable
        sent = self.flush(timeout) if waits else self.parts.spool.peek(1, 1) is None
        self._end()
        return sent

    def leave(self) -> None:
        """Send what waits, try once, and then stop, in the background: nobody holds the client any more."""
        if not self._closed:
            self._sender.leave()

    def _end(self) -> None:
        """Let go of all that is held."""
        self._closed = True
        with within(STOP_SECONDS):
            self._sender.stop(left(STOP_SECONDS))
            self.parts.keeper.stop(left(STOP_SECONDS))
            if self.parts.transport.pass_gate(left(STOP_SECONDS)):
                self.parts.transport.gate.release()
                self.parts.transport.close()
        self.parts.spool.close()
        if self._heartbeat is not None:
            self._heartbeat.close()

    def before_fork(self) -> None:
        """See Forkable."""
        self._children_can_send = self.parts.transport.survives_fork()

    def after_fork_in_parent(self) -> None:
        """See Forkable."""
        if not self._children_can_send:
            self._sender.expect_children()

    def after_fork_in_child(self) -> None:
        """See Forkable. Threads start with the first event: a child that records none costs nothing."""
        for part in (self.parts.tally, self.parts.spool, self.parts.keeper):
            part.renew()
        self.parts.transport.renew(usable=self._children_can_send)
        self._begin()

    def _begin(self) -> None:
        self._running = False
        self._starting = threading.Lock()
        self._beating = threading.RLock()
        self._start_at = 0.0
        self._sender = Sender(self.parts, self._beat, self._end)

    def _keep(self, data: bytes, *, durable: bool) -> bool:
        kept = self.parts.spool.append(data, durable=durable)
        self._ensure_threads()
        self._sender.wake()
        if not durable:
            self.parts.keeper.wake()
        return kept

    def _beat(self) -> None:
        """Record a ping where one is due; OSError."""
        if self._heartbeat is None or self._closed or not self.parts.consent.collecting:
            return
        # Between the two, another thread would find no ping due, and none kept either.
        if not self._beating.acquire(timeout=left(BEAT_SECONDS)):
            return
        try:
            ping = self._heartbeat.beat()
            if ping is not None:
                self._keep(seal(ping, self.parts.clock), durable=False)
        finally:
            self._beating.release()

    def _ensure_threads(self) -> None:
        if self._running or self._closed or self.parts.consent.switched_off:
            return
        # Whoever comes while they are being started, be it a signal handler, leaves it at that.
        if time.monotonic() < self._start_at or not self._starting.acquire(blocking=False):
            return
        try:
            self._start_at = time.monotonic() + START_AGAIN_SECONDS
            self._sender.start()
            self.parts.keeper.start()
            self._running = True
        except (RuntimeError, MemoryError) as error:
            # There are too many, or the interpreter is about to end: what is spooled waits.
            self.parts.tally.trouble("threads", "telemetry waits, its threads cannot be started: %s", error)
        finally:
            self._starting.release()

    def _pass_on(self) -> None:
        """Let the thread tell the service later what it could not be told now."""
        with suppress(OSError):
            if self._sender.wishes.pending:
                self._ensure_threads()
                self._sender.wake()
