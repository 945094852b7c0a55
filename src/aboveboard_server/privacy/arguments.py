"""What administrators ask with: checked once, with an error that names field and rule."""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING, TypeVar

from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard_server.errors import ServiceError
from aboveboard_server.storage.columns import from_micros, to_micros

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from google.protobuf.timestamp_pb2 import Timestamp

T = TypeVar("T")

DEFAULT_PAGE = 50
LARGEST_PAGE = 1_000
MAX_REFERENCE_BYTES = 256
MAX_ID_BYTES = 128
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# What fits 64 bits.
_NUMBER = re.compile(r"[0-9]{1,18}")
_TIME_AND_ID = re.compile(rf"([0-9]{{1,18}}) ({_UUID.pattern})")


def invalid(field: str, text: str) -> ServiceError:
    """Return the refusal of a field's value."""
    return ServiceError(reasons.ERROR_REASON_ARGUMENT_INVALID, text, field=field)


def page_size(size: int) -> int:
    """Return how many a page holds: 50 where nothing is said, at most 1000."""
    if size < 0:
        raise invalid("page_size", "must not be negative")
    return min(size or DEFAULT_PAGE, LARGEST_PAGE)


def text(value: str, field: str, most: int) -> str:
    """Return a text of at most so many bytes, without U+0000."""
    if len(value.encode()) > most:
        raise invalid(field, f"at most {most} bytes are taken")
    if "\0" in value:
        raise invalid(field, "must not hold U+0000")
    return value


def identifier(value: str, field: str) -> str:
    """Return an id as clients send them: 1 to 128 bytes, without U+0000."""
    if not value:
        raise invalid(field, "required")
    return text(value, field, MAX_ID_BYTES)


def uuid(value: str, field: str) -> str:
    """Return a UUID in its canonical lower-case text."""
    if not value:
        raise invalid(field, "required")
    if not _UUID.fullmatch(value.lower()):
        raise invalid(field, "must be a UUID")
    return value.lower()


def reference(value: str) -> str:
    """Return an operator's own mark."""
    return text(value, "reference", MAX_REFERENCE_BYTES)


def request_id(value: str) -> str | None:
    """Return the id that makes a request idempotent, None where none is given."""
    return uuid(value, "request_id") if value else None


def one_of(choices: Mapping[int, T], value: int, field: str) -> T:
    """Return what an enum's value stands for; one that this server does not know is refused."""
    if value not in choices:
        raise invalid(field, "not a value that this server knows")
    return choices[value]


def time(value: Timestamp, field: str) -> datetime:
    """Return a time; a Timestamp outside of the years 1 to 9999 is refused."""
    try:
        return value.ToDatetime(UTC)
    except (ValueError, OverflowError):
        raise invalid(field, "must be a time in the years 1 to 9999") from None


def number(page_token: str) -> int | None:
    """Return the place in a list in order of a number, None for its beginning."""
    if not page_token:
        return None
    if not _NUMBER.fullmatch(page_token):
        raise bad_token()
    return int(page_token)


def time_and_id(page_token: str) -> tuple[datetime, str] | None:
    """Return the place in a list in order of time and id, None for its beginning."""
    if not page_token:
        return None
    found = _TIME_AND_ID.fullmatch(page_token)
    if not found:
        raise bad_token()
    try:
        return from_micros(int(found[1])), found[2]
    except OverflowError:
        raise bad_token() from None


def time_and_id_token(time: datetime, identity: str) -> str:
    """Return the page token of a place in a list in order of time and id."""
    return f"{to_micros(time)} {identity}"


def bad_token() -> ServiceError:
    """Return the refusal of a page token that is not from the list."""
    return ServiceError(reasons.ERROR_REASON_PAGE_TOKEN_INVALID, "not from this list", field="page_token")
