"""The thread that sends: what waits in the spool, when it is time, as long as that is allowed."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from aboveboard_client.consent import DEFAULT_PING_SECONDS, SERVICE
from aboveboard_client.delivery import Delivery
from aboveboard_client.failure import OF_THE_SOURCE, Backoff, CallFailed, Withdrawn
from aboveboard_client.waiting import Waiters
from aboveboard_client.wishes import Wishes

if TYPE_CHECKING:
    from collections.abc import Callable

    from aboveboard_client.parts import Parts

BEAT_SECONDS = 30.0
WITHDRAWN_SECONDS = 0.05
# How often to look for what children have left.
CHILDREN_SECONDS = 2.0
# What to do while the service says no: ask again about as often as a heartbeat is sent.
ASK_AGAIN_SECONDS = float(DEFAULT_PING_SECONDS)


class Sender:
    """Everything here runs in its thread, but `start`, `wake`, `flush` and `stop`."""

    def __init__(self, parts: Parts, beat: Callable[[], None], end: Callable[[], None]) -> None:
        self._parts = parts
        self._beat = beat
        # What is to be done once it has left.
        self._end = end
        self.delivery = Delivery(parts)
        self.wishes = Wishes(parts, self.delivery)
        self.thread: threading.Thread | None = None
        self._timing = parts.settings.timing
        self._backoff = Backoff(self._timing)
        # Unlike an Event, a SimpleQueue may be put to by a signal handler while its thread is putting.
        self._calls: SimpleQueue[None] = SimpleQueue()
        # Whether the thread knows that events wait; while it does, recording does not wake it again.
        self._called = False
        self._stopping = False
        # Whether to end after the next attempt; whether this is it.
        self._leaving = self._is_last = False
        self._has_children = False
        # Whether the service refuses who sends: that changes only with what the next client is given.
        self._is_refused = False
        # Who flushes: settled once nothing waits any more, or once trying has failed.
        self._waiters = Waiters()
        # Whether the service has said that this source may collect, since the last failure.
        self._asked = False
        # Whether it has looked for what processes that are gone have left.
        self._has_adopted = False
        # All in monotonic seconds: nothing is sent before, a batch gathers until, and what is due when.
        self._not_before = self._gather_until = 0.0
        self._ask_at = self._adopt_at = self._beat_at = self._sent_at = 0.0

    def start(self) -> None:
        """Start the thread, if it was not yet; RuntimeError where that cannot be."""
        if self.thread is None:
            thread = threading.Thread(target=self._run, name="aboveboard-sender", daemon=True)
            thread.start()
            self.thread = thread

    @property
    def will_adopt(self) -> bool:
        """Whether its thread has yet to look for what the run before has left."""
        return self.thread is not None and not self._has_adopted and self._parts.transport.usable

    def wake(self) -> None:
        """Say that an event waits."""
        if not self._called:
            self._called = True
            self._calls.put(None)

    def expect_children(self) -> None:
        """Look often for what children leave, who cannot send themselves."""
        self._has_children = True

    def flush(self, timeout: float) -> bool:
        """Send at once, and return whether everything went within `timeout` seconds."""
        if self.thread is None or not self.thread.is_alive():
            return False
        waiter = self._waiters.add()
        self._calls.put(None)
        return waiter.wait(timeout)

    def leave(self) -> None:
        """Send at once, then end; waits for nothing, in a garbage collection too."""
        self._leaving = True
        self._calls.put(None)

    def stop(self, timeout: float) -> None:
        """End the thread, calling off what is under way."""
        self._stopping = True
        self._calls.put(None)
        thread = self.thread
        if thread is None or thread is threading.current_thread():
            return
        give_up_at = time.monotonic() + timeout
        while thread.is_alive() and time.monotonic() < give_up_at:
            self._parts.transport.cancel()
            thread.join(0.05)

    def _run(self) -> None:
        wait = 0.0
        while not self._stopping:
            if wait > 0:
                with suppress(Empty):
                    self._calls.get(timeout=min(wait, self._timing.idle, self._adopt_every()))
            now = time.monotonic()
            try:
                wait = self._turn(now)
            except Withdrawn:
                # Soon again: after a fork the rest waits, and where telemetry is off the spool is emptied.
                self._settle(drained=False)
                wait = WITHDRAWN_SECONDS
            except CallFailed as failure:
                wait = self._put_off(failure)
            except Exception as error:  # noqa: BLE001  # the thread must outlive whatever happens
                wait = self._put_off(CallFailed("UNKNOWN", repr(error)))
        # Nobody waits for a thread that has ended.
        self._waiters.take_up()
        self._settle(drained=False)
        if self._is_last:
            self._try("end", self._end)

    def _turn(self, now: float) -> float:
        """Do what is due, and return how many seconds may pass before the next turn."""
        self._is_last = self._leaving
        urgent = self._waiters.take_up() or self._is_last
        may = self._parts.consent.refresh()
        if not may:
            self._parts.spool.purge()
        if not self._parts.transport.usable:
            return self._hand_over(now)
        if may:
            self._keep_house(now)
        return min(self.wishes.tell(), self._deliver(now, urgent=urgent))

    def _deliver(self, now: float, *, urgent: bool) -> float:
        """Send what waits, if it is time and allowed, and return when to look again as `_turn` does."""
        if now < self._not_before and not urgent:
            return self._not_before - now
        if not self._parts.consent.collecting:
            return self._while_disabled(now)
        if self._parts.spool.peek(1, 1) is None:
            self._called = False
            return self._settle(drained=True)
        if not urgent and (wait := self._gather(now)) > 0:
            return wait
        return self._send_all()

    def _keep_house(self, now: float) -> None:
        """Ping, and take over what processes that are gone have left, where it is time."""
        if now >= self._beat_at:
            self._beat_at = now + BEAT_SECONDS
            self._try("heartbeat", self._beat)
        if now >= self._adopt_at:
            self._adopt_at = now + self._adopt_every()
            self._try("adopt", self._parts.spool.adopt)
            self._has_adopted = True
        if now >= self._sent_at + self._timing.idle:
            self._parts.transport.close()

    def _try(self, what: str, act: Callable[[], None]) -> None:
        """Do what no event waits for."""
        try:
            act()
        except Exception as error:  # noqa: BLE001  # whatever fails in it, events go
            self._parts.tally.trouble(what, "telemetry: %s failed: %r", what, error)

    def _while_disabled(self, now: float) -> float:
        """Ask now and then whether the service has changed its mind; never where the user has said no."""
        due = now >= self._ask_at and not self._is_refused
        if due and self._parts.consent.forbidden_by() == SERVICE:
            self._ask_at = now + ASK_AGAIN_SECONDS
            self.delivery.ask()
            self._asked = self._parts.consent.collecting
        self._called = False
        return self._settle(drained=True)

    def _hand_over(self, now: float) -> float:
        """Leave what was recorded to the parent, where grpc was in use when it forked this process."""
        if self._parts.spool.peek(1, 1) is not None and (wait := self._gather(now)) > 0:
            return wait
        self._gather_until = 0.0
        self._called = False
        self._parts.spool.close()
        return self._settle(drained=False)

    def _adopt_every(self) -> float:
        return min(self._timing.adopt, CHILDREN_SECONDS) if self._has_children else self._timing.adopt

    def _gather(self, now: float) -> float:
        """Return how much longer the first event of a batch waits for others."""
        if not self._gather_until:
            self._gather_until = now + self._timing.linger
        return self._gather_until - now

    def _send_all(self) -> float:
        self._gather_until = 0.0
        if self._is_refused:
            # `_called` stays: recording need not wake the thread any more.
            return self._settle(drained=False)
        if not self._asked:
            self.delivery.ask()
            self._asked = True
        self._called = False
        while self._parts.consent.collecting and not self._stopping and self.delivery.send():
            self._backoff.reset()
            self._sent_at = time.monotonic()
        if not self._parts.consent.collecting:
            self._parts.spool.purge()
        return self._settle(drained=True)

    def _settle(self, *, drained: bool) -> float:
        """Tell whoever flushes, and return how long there is nothing to do."""
        self._waiters.settle(outcome=drained)
        self._stopping |= self._is_last
        return self._timing.idle

    def _put_off(self, failure: CallFailed) -> float:
        """Wait after a failure, and then ask again before events are sent."""
        if failure.reason in OF_THE_SOURCE:
            self._is_refused = True
            self._parts.tally.trouble("source", "telemetry is not sent, who sends is refused: %s", failure)
            return self._settle(drained=False)
        self._parts.tally.trouble(f"call {failure.code}", "telemetry is not sent yet: %s", failure)
        self._asked = False
        wait = self._backoff.after(failure)
        self._not_before = time.monotonic() + wait
        self._settle(drained=False)
        return wait
