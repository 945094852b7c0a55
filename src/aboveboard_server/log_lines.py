"""Lines on their way to a standard stream: a bounded queue, and one thread that writes.

Whoever has a line to say never waits for its reader, and never learns that there is none: a pipe whose reader
stalls or is gone, a full disk. What cannot be kept or written is dropped and counted.
"""

from __future__ import annotations

import atexit
import os
import select
import stat
import sys
import threading
from queue import Empty, SimpleQueue
from typing import NoReturn

# What waits at most; beyond either a line is dropped.
MOST_LINES = 4_096
MOST_CHARACTERS = 4_194_304
# Seconds that the end of the process waits for what is still to be written.
FLUSH_SECONDS = 1.0
# Bytes of one write. Of a pipe POSIX promises that so many are not mixed with what other processes write.
MOST_AT_ONCE_PIPE = select.PIPE_BUF
MOST_AT_ONCE = 65_536
# Milliseconds until a descriptor that does not block is tried again where it is still not writable.
RETRY_MILLISECONDS = 1_000

# Lines that were dropped in this process, by why: no room in the queue, a write that failed, or a line that
# could not be put in words. They only grow.
FULL, FAILED, INVALID = "full", "failed", "invalid"
dropped = {FULL: 0, FAILED: 0, INVALID: 0}


class Lines:
    """Writes lines to a descriptor, each with its end in one write; several that wait may share a write."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        # It takes no lock that a thread or a signal handler could be stopped in.
        self._waiting: SimpleQueue[str | threading.Event] = SimpleQueue()
        # Characters that were put and taken. The first is not exact where threads put at the same time; the
        # difference starts from 0 again whenever nothing waits.
        self._put = self._taken = 0
        # The rest of a line of which the disk took only the beginning.
        self._rest = b""
        self._next: str | threading.Event | None = None
        self._stalled = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to write, unless it has begun."""
        if self._thread is None:
            # A daemon: a write that blocks for ever does not keep the process from ending.
            self._thread = threading.Thread(target=self._run, name=f"lines-{self._descriptor}", daemon=True)
            self._thread.start()
            atexit.register(self.flush)

    def put(self, line: str) -> None:
        """Have a line written, its end added; drop it where too much waits. Never waits, never raises."""
        if self._waiting.qsize() >= MOST_LINES or self._put - self._taken > MOST_CHARACTERS:
            dropped[FULL] += 1
            return
        self._put += len(line) + 1
        self._waiting.put(line + "\n")

    def flush(self, seconds: float = FLUSH_SECONDS) -> None:
        """Wait until what was put is written or dropped, no longer than that; only once where it stalls."""
        if self._thread is None or self._stalled:
            return
        written = threading.Event()
        self._waiting.put(written)
        self._stalled = not written.wait(seconds)

    def _run(self) -> None:
        while True:
            try:
                self._write_what_waits()
            except Exception:  # noqa: BLE001  # nobody is left to be told: the next lines may go through
                dropped[FAILED] += 1

    def _write_what_waits(self) -> None:
        first = self._next if self._next is not None else self._waiting.get()
        self._next = None
        if isinstance(first, threading.Event):
            first.set()
            return
        lines, size, most, is_last = [first], len(first), self._most_at_once(), False
        while True:
            try:
                following = self._waiting.get_nowait()
            except Empty:
                is_last = True
                break
            if isinstance(following, threading.Event) or size + len(following) > most:
                self._next = following
                break
            lines.append(following)
            size += len(following)
        self._taken = self._put if is_last else self._taken + size
        self._write("".join(lines).encode(errors="backslashreplace"))

    def _write(self, data: bytes) -> None:
        """Write whole lines; count those of which nothing was written, and keep the rest of one begun."""
        data = self._rest + data
        written = 0
        try:
            while written < len(data):
                written += self._write_some(data[written:])
        except OSError:
            is_begun = data[written - 1 : written] != b"\n" if written else bool(self._rest)
            end = data.index(b"\n", written) + 1 if is_begun else written
            self._rest = data[written:end]
            dropped[FAILED] += data.count(b"\n", end)
        else:
            self._rest = b""

    def _write_some(self, data: bytes) -> int:
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:
            # Another process has set what we share not to block.
            poll = select.poll()
            poll.register(self._descriptor, select.POLLOUT)
            poll.poll(RETRY_MILLISECONDS)
            return 0

    def _most_at_once(self) -> int:
        try:
            is_pipe = stat.S_ISFIFO(os.fstat(self._descriptor).st_mode)
        except OSError:
            return MOST_AT_ONCE_PIPE
        return MOST_AT_ONCE_PIPE if is_pipe else MOST_AT_ONCE


# What is said on standard output, for the operator alone, and on standard error, which is the log.
SHOWN = Lines(1)
LOG = Lines(2)


def show(line: str) -> None:
    """Show the operator what no log may hold."""
    SHOWN.start()
    SHOWN.put(line)


def end(reason: str) -> NoReturn:
    """Exit with code 1, and with the reason as the last line of the log, which may be waited for in vain."""
    LOG.start()
    LOG.put(reason)
    sys.exit(1)


def flush() -> None:
    """Wait for what is still to be written to either, within a bound."""
    SHOWN.flush()
    LOG.flush()
