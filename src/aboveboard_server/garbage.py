"""How often a process looks for objects that only hold each other."""

from __future__ import annotations

import atexit
import gc

# Objects made and not yet gone, between two looks: of a server, and of what is on its way to be one. Modules
# make two hundred thousand, and next to no circles.
COLLECT_EVERY = 20_000
COLLECT_EVERY_AT_START = 500_000


def start_and_end_sooner() -> None:
    """Have a process hardly look from its first import on, and not once more when it ends.

    What modules make stays until the end, and the system takes it back then. Looking took a sixth of each
    start, and as much again at the end.
    """
    gc.set_threshold(COLLECT_EVERY_AT_START)
    atexit.register(gc.freeze)


def collect_less_often() -> None:
    """Spare the garbage collector what stays for good, and what comes and goes by the thousand.

    What is there now is not looked at first: a tenth of a second, for the few hundred objects that modules
    leave behind. Requests make rows by the hundred and no circles; looking for some after each hundred took a
    tenth of all time.
    """
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY)
