"""Tells that a server is alive: at its first start, then every 12 hours or so, however often it starts."""

from __future__ import annotations

import os
import platform
import time
from typing import TYPE_CHECKING, Any

from aboveboard.event.v1.server_pb2 import ServerPing
from aboveboard_client import locks
from aboveboard_client.clock import EARLIEST, LATEST, NANOSECONDS
from aboveboard_client.consent import DEFAULT_PING_SECONDS

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from aboveboard_client.state import State

# A fleet that was started together shall not ping together.
JITTER = 0.1
# How exactly the time at which a server was last up is known.
TOUCH_SECONDS = 60.0
SYSTEMS = {"Darwin": "MAC"}


class Heartbeat:
    """Decides when to ping. Several processes of one server ping as one.

    `clock` returns s since 1970, `steady` s since any time, never set. A run begins where no process of
    this source is alive.
    """

    def __init__(
        self,
        state: State,
        version: str,
        clock: Callable[[], float],
        steady: Callable[[], float],
        chance: random.Random,
    ) -> None:
        self._state = state
        self._version = version
        self._clock = clock
        self._steady = steady
        # The last ping of this process: by either clock, and how long to wait after it.
        self._pinged: tuple[float, float, float] | None = None
        self._chance = chance
        self._alive: int | None = None
        self._touched = 0.0
        # Whether this process has looked already: the first look may be a start.
        self._looked = False

    def beat(self) -> ServerPing | None:
        """Return the ping to record now, already noted as sent; None where none is due. OSError."""
        now = self._clock()
        self._live(now)
        with self._state.changing() as values:
            trigger = self._due(values, now)
            self._looked = True
            if trigger is None:
                return None
            interval = float(values.get("ping_seconds", DEFAULT_PING_SECONDS))
            wait = interval * self._chance.uniform(1 - JITTER, 1 + JITTER)
            self._pinged = now, self._steady(), wait
            values["last_ping"], values["next_ping"] = now, now + wait
            last_up = values.get("last_up")
        return self._ping(trigger, last_up)

    def close(self) -> None:
        """Note until when this process was up, and that it is gone."""
        if self._alive is not None:
            os.utime(self._alive, (self._clock(), self._clock()))
            os.close(self._alive)
            self._alive = None

    def _due(self, values: dict[str, Any], now: float) -> ServerPing.Trigger.ValueType | None:
        interval = float(values.get("ping_seconds", DEFAULT_PING_SECONDS))
        if "last_ping" not in values:
            return ServerPing.TRIGGER_FIRST_START
        # While the last ping was ours we know how long ago it was, whatever happened to the clock.
        if self._pinged is not None and self._pinged[0] == values["last_ping"]:
            _, at, wait = self._pinged
            waited = self._steady() - at >= min(wait, interval * (1 + JITTER))
            return ServerPing.TRIGGER_INTERVAL if waited else None
        # A clock that was set back must not silence a server until it has caught up: the wait begins anew.
        if values["last_ping"] > now or values["next_ping"] > now + interval * (1 + JITTER):
            values["last_ping"] = now
            values["next_ping"] = now + interval
        if values["next_ping"] > now:
            return None
        return ServerPing.TRIGGER_INTERVAL if self._looked else ServerPing.TRIGGER_START

    def _live(self, now: float) -> None:
        """Note that the server is up; at a run's beginning, keep until when the run before was."""
        if self._alive is None:
            self._begin()
        if self._alive is not None and abs(now - self._touched) >= TOUCH_SECONDS:
            os.utime(self._alive, (now, now))
            self._touched = now

    def _begin(self) -> None:
        with self._state.changing() as values:
            path = self._state.folder / "alive"
            first = not path.exists()
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if locks.try_lock(fd):
                values.pop("last_up", None)
                if not first:
                    values["last_up"] = os.fstat(fd).st_mtime
            # Shared by every process of the run; a child that is forked shares it by itself.
            locks.try_lock(fd, shared=True)
            self._alive = fd

    def _ping(self, trigger: ServerPing.Trigger.ValueType, last_up: float | None) -> ServerPing:
        system = platform.system()
        ping = ServerPing(
            server_version=self._version, server_os=SYSTEMS.get(system, system.upper()), trigger=trigger
        )
        if last_up is not None and EARLIEST <= last_up * NANOSECONDS <= LATEST:
            ping.last_up_time.FromMicroseconds(int(last_up * 1_000_000))
        return ping


def since_boot() -> float:
    """Return s since the machine started, the time it slept included where the system tells."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
