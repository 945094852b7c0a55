"""Which signals have a server drain."""

from __future__ import annotations

import signal


def to_stop() -> tuple[signal.Signals, ...]:
    """Return them: SIGTERM, SIGINT, and SIGHUP unless it was ignored from the start, as `nohup` has it."""
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        return signal.SIGTERM, signal.SIGINT
    return signal.SIGTERM, signal.SIGINT, signal.SIGHUP
