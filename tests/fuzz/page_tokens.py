"""Texts where a page token is expected, in each of its forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard_server.errors import ServiceError
from aboveboard_server.privacy import arguments, page_tokens
from aboveboard_server.privacy.installations import PLACE_LENGTHS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FORMS: tuple[Callable[[str], object], ...] = (
    lambda token: page_tokens.read(token, PLACE_LENGTHS),
    arguments.number,
    arguments.time_and_id,
)


def run(data: bytes) -> None:
    """A token names a place, which has the same token again, or is refused by its own reason."""
    try:
        token = data.decode()
    except UnicodeDecodeError:
        # No protobuf string holds it.
        return
    for form in FORMS:
        try:
            form(token)
        except ServiceError as error:
            if error.reason != reasons.ERROR_REASON_PAGE_TOKEN_INVALID:
                raise
    try:
        place = page_tokens.read(token, PLACE_LENGTHS)
    except ServiceError:
        return
    if place is not None:
        name, texts = place
        assert page_tokens.read(page_tokens.make(name, *texts), PLACE_LENGTHS) == place
        # What goes to the database as a parameter.
        assert not any("\0" in text for text in texts)
        assert all(text.encode() or not text for text in texts)


def seeds() -> Iterator[bytes]:
    """Yield a token of each list, and those that people might try."""
    for name, length in PLACE_LENGTHS.items():
        yield page_tokens.make(name, *("x" * length)).encode()
        yield page_tokens.make(name, *("é" * length)).encode()
    yield b"1789000000000000 0190a3f2-7c1e-7d3a-9b52-3f6f2f1c8a10"
    yield b"999999999999999999 0190a3f2-7c1e-7d3a-9b52-3f6f2f1c8a10"
    yield b"42"


def words() -> Iterator[str]:
    """Yield the beginnings of tokens."""
    yield from (page_tokens.make(name)[:-4] for name in PLACE_LENGTHS)
