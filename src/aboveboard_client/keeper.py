"""A thread that syncs the spool every second at most, and calls off a send once telemetry is switched off."""

from __future__ import annotations

import threading
import time
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aboveboard_client.consent import Consent
    from aboveboard_client.spool import Spool
    from aboveboard_client.tally import Tally
    from aboveboard_client.transport import Transport

# Half of the second that is promised: a sync takes time too.
SYNC_SECONDS = 0.5
WATCH_SECONDS = 0.1


class Keeper:
    """Apart from the sender, since a call may take many seconds. Sleeps while there is nothing to do."""

    def __init__(self, spool: Spool, consent: Consent, transport: Transport, tally: Tally) -> None:
        self._spool = spool
        self._consent = consent
        self._transport = transport
        self._tally = tally
        self.renew()

    def renew(self) -> None:
        """Begin without a thread: in a child after a fork."""
        # Unlike an Event, a SimpleQueue may be put to by a signal handler while its thread is putting.
        self._calls: SimpleQueue[None] = SimpleQueue()
        self._called = False
        self._watching = False
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread, if it was not yet; RuntimeError where that cannot be."""
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="aboveboard-keeper", daemon=True)
            thread.start()
            self._thread = thread

    def wake(self) -> None:
        """Say that something was appended."""
        if not self._called:
            self._called = True
            self._calls.put(None)

    def watch(self, *, watching: bool) -> None:
        """Say that events are being sent, or no longer."""
        self._watching = watching
        if watching:
            self.wake()

    def stop(self, timeout: float) -> None:
        """Sync once more and end the thread."""
        self._stopping = True
        self._calls.put(None)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stopping:
            self._calls.get()
            try:
                self._keep()
            except Exception as error:  # noqa: BLE001  # the thread must outlive whatever happens
                self._tally.trouble("keeper", "telemetry: %r", error)

    def _keep(self) -> None:
        sync_at = time.monotonic() + SYNC_SECONDS
        while not self._stopping and (self._watching or time.monotonic() < sync_at):
            time.sleep(WATCH_SECONDS)
            if self._watching and not self._consent.refresh():
                self._transport.cancel()
            if time.monotonic() >= sync_at:
                self._sync()
                sync_at = time.monotonic() + SYNC_SECONDS
        self._sync()

    def _sync(self) -> None:
        # Before the sync: what is appended during it asks for another.
        self._called = False
        self._spool.sync()
