"""Keys that are made on a disk that fails, or whose power is cut."""

from __future__ import annotations

import errno
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.support.power_cut import PowerCut
from tests.support.shim import FaultyDisk

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = pytest.mark.fault

REFUSED = 3
UNLOCK = f"""
import asyncio, sys
from pathlib import Path
from aboveboard_server.errors import StartupError
from aboveboard_server.privacy import keys

async def pin(fingerprints):
    return []

try:
    asyncio.run(keys.unlock(Path(sys.argv[1]), pin))
except StartupError:
    sys.exit({REFUSED})
"""
MADE = {"digest.key", "wrapping.key", "signing.key", "signing.pub"}


def unlock(folder: Path, environment: Mapping[str, str]) -> int:
    """Make or read the keys in a process of its own; return its exit code."""
    return subprocess.run(
        [sys.executable, "-c", UNLOCK, str(folder)], env=environment, check=False
    ).returncode


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO], ids=errno.errorcode.get)
def test_a_disk_that_fails(tmp_path: Path, error: int) -> None:
    """At every step the start is refused, no key is there by halves, and the next one keeps what is there."""
    disk, folder = FaultyDisk(tmp_path), tmp_path / "keys"
    failures = 0
    for after in range(100):
        shutil.rmtree(folder, ignore_errors=True)
        disk.fail(error, after=after)
        code = unlock(folder, disk.environment)
        failed = disk.failing
        disk.heal()
        left = contents(folder)
        assert set(left) <= MADE
        assert all(len(key) == 32 for name, key in left.items() if name.endswith(".key"))
        if not failed:
            assert code == 0
            break
        assert code == REFUSED
        assert unlock(folder, disk.environment) == 0
        assert contents(folder).items() >= left.items()
        failures += 1
    assert failures > 10


def test_a_power_cut(tmp_path: Path) -> None:
    """Keys that a database was told of are there after a cut, in a folder that only their owner can read."""
    data = tmp_path / "data"
    data.mkdir()
    power = PowerCut(data, tmp_path / "synced")
    folder = data / "made" / "keys"
    assert unlock(folder, power.environment) == 0
    before = contents(folder)
    power.cut()
    assert set(before) == MADE
    assert contents(folder) == before
    assert folder.stat().st_mode & 0o777 == 0o700
