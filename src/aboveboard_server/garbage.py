"""How often a process looks for objects that only hold each other."""

from __future__ import annotations

import gc

# Objects made and not yet gone, between two looks.
COLLECT_EVERY = 20_000


def collect_less_often() -> None:
    """Spare the garbage collector what stays for good, and what comes and goes by the thousand.

    Requests make rows by the hundred and no circles; looking for some after each hundred took a tenth of all
    time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY)
