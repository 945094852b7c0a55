"""A journal's bytes as a disk or a copy by hand may have changed them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aboveboard_server.privacy.journal_codec import Line, decode, encode, sealed
from aboveboard_server.privacy.journal_lines import (
    Begun,
    ClockMark,
    Entry,
    JournalError,
    KeyRevocation,
    OptOut,
    Rejection,
    ReleaseCell,
    ReleaseCommit,
    Revocation,
    Tombstone,
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
    Rejection(ID, 1_789_000_000_000_004),
    ReleaseCell(ID, "heartbeat", "", "erp", 120, 1.25, 12, 0.5),
    ReleaseCommit(ID, "2026-11", 1, 1.0, '{"epsilon": 1.0}', 1_789_000_000_000_005),
    ClockMark(1_789_000_000_000_006),
    Begun(1_789_000_000_000_007),
)
LINES = [encode(KEY, Line(number, ID, entry)) for number, entry in enumerate(ENTRIES, 1)]


def _of_version_1(line: bytes) -> bytes:
    said = {
        name: value
        for name, value in json.loads(line).items()
        if name not in {"id", "token_digest", "acceptance", "checksum"}
    }
    return sealed(KEY, said | {"version": 1})


# The first kinds are those that version 1 knew.
OLD_LINES = [_of_version_1(line) for line in LINES[:4]]


def run(data: bytes) -> None:
    """A line is one that was written, or is refused as damaged, with nothing of it in the text."""
    for number, line in enumerate(data.split(b"\n"), 1):
        refused = ""
        try:
            decode(KEY, line, f"line {number}")
        except JournalError as error:
            refused = str(error)
        assert refused.startswith(f"line {number} ") or line + b"\n" in (*LINES, *OLD_LINES)


def seeds() -> Iterator[bytes]:
    """Yield good lines, and documents that come close."""
    yield from LINES
    yield from OLD_LINES
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
