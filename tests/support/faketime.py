"""A server whose machine shows another time: libfaketime, which Debian packages as faketime."""

from __future__ import annotations

import os
from pathlib import Path

from tests.support import missing

PLACES = ("/usr/lib", "/usr/local/lib")
# For programs with threads.
LIBRARY = "faketime/libfaketimeMT.so.1"


def shown(offset: str) -> dict[str, str]:
    """Return the environment in which a process is shown the time moved by an offset, such as `+1200d`.

    What has passed it is shown as it is. Without the library the test is skipped, or fails where nothing may
    be skipped.
    """
    found = [path for place in PLACES for path in Path(place).glob(f"**/{LIBRARY}")]
    if not found:
        missing.skip("no libfaketime: run .ci/install-tools")
    monotonic = dict.fromkeys(("FAKETIME_DONT_FAKE_MONOTONIC", "DONT_FAKE_MONOTONIC"), "1")
    return {**os.environ, "LD_PRELOAD": str(found[0]), "FAKETIME": offset, **monotonic}
