"""When a wish may be told again: each scope by itself, and none by what becomes of events."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from aboveboard_client.failure import Backoff, CallFailed

if TYPE_CHECKING:
    from aboveboard_client.timing import Timing

# Stands for all scopes, where none could be told.
ALL = 0


class Retries:
    """Of this process alone: the next one tries at once. Times are monotonic seconds."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._backoffs: dict[int, Backoff] = {}
        self._not_before: dict[int, float] = {}

    def put_off(self, scope: int, failure: CallFailed) -> None:
        """Let a scope wait, longer with each failure and no shorter than the service asks for."""
        backoff = self._backoffs.setdefault(scope, Backoff(self._timing))
        self._not_before[scope] = time.monotonic() + backoff.after(failure)

    def settle(self, scope: int) -> None:
        """Let what comes next of a scope wait for nothing."""
        self._backoffs.pop(scope, None)
        self._not_before.pop(scope, None)

    def wait(self, scope: int) -> float:
        """Return how many seconds a scope has to wait still."""
        not_before = max(self._not_before.get(scope, 0.0), self._not_before.get(ALL, 0.0))
        return max(0.0, not_before - time.monotonic())
