"""A journal's bytes as a disk or a copy by hand may have changed them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aboveboard_server.privacy.journal_lines import (
    Entry,
    JournalError,
    KeyRevocation,
    OptOut,
    Revocation,
    Tombstone,
    decode,
    encode,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = b"k" * 32
ID = "0190a3f2-7c1e-7d3a-9b52-3f6f2f1c8a10"
ENTRIES: tuple[Entry, ...] = (
    Tombstone(ID, "COMPANY", b"c" * 32, None, 1_789_000_000_000_000),
    OptOut(ID, "USER", b"u" * 32, b"s" * 32, "ADMINISTRATOR", 'Ticket\n"é"', 1_789_000_000_000_001),
    Revocation(ID, 1_789_000_000_000_002),
    KeyRevocation(ID, b"d" * 32, 1_789_000_000_000_003),
)
LINES = [encode(KEY, number, entry) for number, entry in enumerate(ENTRIES, 1)]


def run(data: bytes) -> None:
    """A line is one that was written, or is refused as damaged, with nothing of it in the text."""
    for number, line in enumerate(data.split(b"\n"), 1):
        refused = ""
        try:
            decode(KEY, line, f"line {number}")
        except JournalError as error:
            refused = str(error)
        assert refused.startswith(f"line {number} ") or line + b"\n" in LINES


def seeds() -> Iterator[bytes]:
    """Yield good lines, and documents that come close."""
    yield from LINES
    yield b"".join(LINES)
    said = json.loads(LINES[0])
    del said["checksum"]
    yield json.dumps(said).encode()


def words() -> Iterator[str]:
    """Yield every key of a line, and the values that only the key's owner can make."""
    for line in LINES:
        yield from (f"{json.dumps(key)}:" for key in json.loads(line))
        yield json.dumps(json.loads(line)["digest_key"])
        yield json.dumps(json.loads(line)["checksum"])
