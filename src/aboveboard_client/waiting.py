"""How a thread waits for the sender, in a signal handler too: no lock that what it interrupts may hold."""

from __future__ import annotations

import threading


class Waiter:
    """One call that waits for its outcome. An Event would not do: its lock is held for moments."""

    def __init__(self) -> None:
        self._held = threading.Lock()
        self._held.acquire()
        self._outcome = False

    def settle(self, *, outcome: bool) -> None:
        """Let the call go on; once."""
        self._outcome = outcome
        self._held.release()

    def wait(self, timeout: float) -> bool:
        """Return the outcome; False where there is none within `timeout` seconds."""
        return self._held.acquire(timeout=max(0.0, min(timeout, threading.TIMEOUT_MAX))) and self._outcome


class Waiters:
    """Those who wait. Any thread adds one; the sender takes those up that it will have served."""

    def __init__(self) -> None:
        # Lists, whose append and pop nothing can come between.
        self._added: list[Waiter] = []
        self._taken_up: list[Waiter] = []

    def add(self) -> Waiter:
        """Return a new one."""
        waiter = Waiter()
        self._added.append(waiter)
        return waiter

    def take_up(self) -> bool:
        """Begin what they wait for, and return whether anybody does."""
        while self._added:
            self._taken_up.append(self._added.pop(0))
        return bool(self._taken_up)

    def settle(self, *, outcome: bool) -> None:
        """Let those go on that were taken up; others are still to be served."""
        while self._taken_up:
            self._taken_up.pop().settle(outcome=outcome)
