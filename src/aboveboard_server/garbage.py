"""How often a process looks for objects that only hold each other."""

from __future__ import annotations

import atexit
import gc

# Objects made and not yet gone, between two looks.
COLLECT_EVERY = 20_000


def start_and_end_sooner() -> None:
    """Have a process look less often from its first import on, and not once more when it ends.

    What modules make stays until the end, and the system takes it back then. Looking took a sixth of each
    start, and as much again at the end.
    """
    gc.set_threshold(COLLECT_EVERY)
    atexit.register(gc.freeze)


def collect_less_often() -> None:
    """Spare the garbage collector what stays for good, and what comes and goes by the thousand.

    Requests make rows by the hundred and no circles; looking for some after each hundred took a tenth of all
    time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY)
