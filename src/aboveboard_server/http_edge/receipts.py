"""GET /v1/receipts/head: the head of the chain of receipts, for whoever verifies that none is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    # Returns the head as `privacy.receipt_files.head_document` has it.
    PublishedHead: TypeAlias = Callable[[], Awaitable[dict[str, str | int]]]


def head_endpoint(published_head: PublishedHead) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint that answers the head as it is now."""

    async def head(_request: Request) -> Response:
        return JSONResponse(await published_head(), headers={"Cache-Control": "no-store"})

    return head
