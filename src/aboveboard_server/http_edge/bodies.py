"""The body of a request: its kind, and its bytes up to the limit."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard_server.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.requests import Request

JSON = "application/json"
TEXT = "text/plain"
PROTOBUF = "application/x-protobuf"

MAX_BODY_BYTES = 64 * 1024
# Of a body over the limit so much is read and dropped, since a client reads its answer only after it has
# sent the body. One that sends more than this is cut off.
MAX_DROPPED_BYTES = 1024 * 1024
# Seconds that a body may take to arrive.
PATIENCE = 10.0

CLOSE = {"connection": "close"}


def kind(request: Request, allowed: Collection[str]) -> str:
    """Return the content type of a request; 415 where it is none of those allowed, or compressed."""
    stated = request.headers.get("content-type", "")
    found, _, parameters = stated.partition(";")
    name, _, charset = parameters.strip().lower().partition("=")
    found = found.strip().lower()
    if found not in allowed:
        _unsupported(f"the content type must be one of {', '.join(allowed)}")
    if name == "charset" and charset.strip('"') not in {"utf-8", "utf8"}:
        _unsupported("the charset must be utf-8")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        _unsupported("a compressed body is not taken")
    return found


async def read(request: Request) -> bytes:
    """Return the body; ServiceError where it is over the limit, 408 where it does not come."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > MAX_DROPPED_BYTES:
        raise too_large()
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(PATIENCE):
            async for part in request.stream():
                size += len(part)
                if size <= MAX_BODY_BYTES:
                    parts.append(part)
                else:
                    parts.clear()
                if size > MAX_DROPPED_BYTES:
                    break
    except TimeoutError:
        text = f"the body did not arrive within {PATIENCE:.0f} seconds"
        raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, text, CLOSE) from None
    if size > MAX_BODY_BYTES:
        raise too_large()
    return b"".join(parts)


def too_large() -> ServiceError:
    """Return the refusal of a body over the limit."""
    return ServiceError(
        reasons.ERROR_REASON_REQUEST_TOO_LARGE,
        f"at most {MAX_BODY_BYTES} bytes are taken over HTTP",
        metadata={"limit_bytes": str(MAX_BODY_BYTES)},
    )


def _unsupported(text: str) -> None:
    raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, text)
