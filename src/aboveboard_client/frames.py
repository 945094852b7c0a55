"""How bytes lie in a spool file: frames that stand for themselves, so that damage costs what it hit.

A frame is a mark (4 bytes), the length of its payload, a CRC-32 over length and payload (both 4 bytes, little
endian), then the payload.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENT = b"\xabEV\x01"
SOURCE = b"\xabSO\x01"
MARK_START = b"\xab"
HEAD = struct.Struct("<4sII")
LENGTH = struct.Struct("<I")
# More than the server would take of one event in any way; and what a reader believes of a length.
MAX_PAYLOAD = 64 * 1024


class Frame(NamedTuple):
    """What lies between two places of a file; `mark` is empty for what cannot be read."""

    mark: bytes
    payload: bytes
    end: int


def frame(mark: bytes, payload: bytes) -> bytes:
    """Return the bytes of a frame."""
    length = len(payload)
    return HEAD.pack(mark, length, zlib.crc32(payload, zlib.crc32(LENGTH.pack(length)))) + payload


def walk(data: bytes, start: int = 0) -> Iterator[Frame]:
    """Yield frame after frame, each unreadable stretch as one Frame without a mark."""
    place = start
    while place < len(data):
        found = read(data, place)
        if found is None:
            found = Frame(b"", b"", _after_damage(data, place))
        yield found
        place = found.end


def read(data: bytes, place: int) -> Frame | None:
    """Return the frame at that place; None where there is none that is whole."""
    if len(data) - place < HEAD.size:
        return None
    mark, length, checksum = HEAD.unpack_from(data, place)
    begin = place + HEAD.size
    if mark not in {EVENT, SOURCE} or length > MAX_PAYLOAD or begin + length > len(data):
        return None
    payload = data[begin : begin + length]
    if zlib.crc32(payload, zlib.crc32(LENGTH.pack(length))) != checksum:
        return None
    return Frame(mark, payload, begin + length)


def _after_damage(data: bytes, place: int) -> int:
    """Return where reading can go on after a damaged frame: where its length says, or at the next whole."""
    candidate = data.find(MARK_START, place + 1)
    while candidate >= 0 and read(data, candidate) is None:
        candidate = data.find(MARK_START, candidate + 1)
    following = len(data) if candidate < 0 else candidate
    if len(data) - place >= HEAD.size:
        # Two damaged neighbours are two where the first one's length still leads to the second.
        mark, length, _ = HEAD.unpack_from(data, place)
        end: int = place + HEAD.size + length
        if mark in {EVENT, SOURCE} and end < following and data[end : end + 4] in {EVENT, SOURCE}:
            return end
    return following
