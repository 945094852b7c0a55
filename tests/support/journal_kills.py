"""Kills processes that append to the journal of a key directory, and prints every id they were told is kept.

    python tests/support/journal_kills.py KEY_DIR KILLS SEED [NOW]

A process of its own, for it forks: three writers at once, killed after a number of answers drawn by chance.
With a time, in µs since 1970, another one compacts the journal by it all the while, and is killed with them.
"""

from __future__ import annotations

import os
import random
import signal
import sys
from pathlib import Path

from aboveboard_server.privacy import journal
from aboveboard_server.privacy.journal_compaction import compact
from aboveboard_server.privacy.journal_lines import Entry, KeyRevocation, Tombstone

WRITERS = 3
MOST_ANSWERS = 40


def write(folder: Path, name: str, answers: int) -> None:
    """Append until killed; tell of each append once it has returned."""
    for number in range(1_000_000):
        entries: list[Entry] = [
            Tombstone(f"{name}-{number}-{place}", "COMPANY", bytes(32), None, number)
            for place in range(number % 4)
        ]
        journal.append(folder, [*entries, KeyRevocation(f"{name}-{number}", bytes(32), number)])
        os.write(answers, f"{name}-{number}\n".encode())


def compact_always(folder: Path, now: int) -> None:
    """Compact until killed."""
    while True:
        compact(folder, now, least_bytes=0)


def kill_once(folder: Path, name: str, chance: random.Random, now: int | None) -> list[str]:
    """Return the ids that writers were told are kept before all of them were killed."""
    reading, answers = os.pipe()
    writers = []
    for writer in range(WRITERS):
        pid = os.fork()
        if not pid:
            write(folder, f"{name}-{writer}", answers)
        writers.append(pid)
    if now is not None:
        pid = os.fork()
        if not pid:
            compact_always(folder, now)
        writers.append(pid)
    os.close(answers)
    with os.fdopen(reading) as told:
        kept = [told.readline() for _ in range(chance.randint(1, MOST_ANSWERS))]
        for pid in writers:
            os.kill(pid, signal.SIGKILL)
        # What the pipe still holds was told before the kill.
        kept += told
    for pid in writers:
        os.waitpid(pid, 0)
    return [line.strip() for line in kept]


if __name__ == "__main__":
    compacted_at = int(sys.argv[4]) if len(sys.argv) > 4 else None
    for kill in range(int(sys.argv[2])):
        drawn = random.Random(f"{sys.argv[3]} {kill}")
        for line in kill_once(Path(sys.argv[1]), str(kill), drawn, compacted_at):
            sys.stdout.write(f"{line}\n")
        journal.read(Path(sys.argv[1]))
