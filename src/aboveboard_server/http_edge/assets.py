"""What is served as it stands: made once at the start, compressed once, named by its content."""

from __future__ import annotations

import gzip
import hashlib
import re
from http import HTTPStatus
from importlib.resources import files
from typing import TYPE_CHECKING

from starlette.responses import Response

from aboveboard_server.http_edge.routes import open_route

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from aboveboard_server.http_edge.routes import GuardedRoute

STATIC = files("aboveboard_server.http_edge") / "static"
# Of the browser SDK's modules.
IMPORT = re.compile(r"^import [^;]*;\n", re.MULTILINE)
COMMENT = re.compile(r"^ *(?://|/?\*).*\n|^\n", re.MULTILINE)
# What a page of another origin loads: for everyone to read, and with no cookie to go by.
SHARED = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    # An hour: a fault in the SDK must be out of the field on the day it is mended.
    "Cache-Control": "public, max-age=3600",
}


class Asset:
    """One text to be served at one path."""

    def __init__(self, path: str, text: str, media_type: str, headers: Mapping[str, str]) -> None:
        self.path = path
        self._media_type = media_type
        self._plain = text.encode()
        # Without a time inside: equal text, equal bytes.
        self._compressed = gzip.compress(self._plain, mtime=0)
        self._headers = {
            "ETag": f'W/"{hashlib.sha256(self._plain).hexdigest()[:32]}"',
            "Vary": "Accept-Encoding",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            **headers,
        }

    def answer(self, request: Request) -> Response:
        """Answer with the text, compressed where it may be; with nothing where the caller has it already."""
        known = {tag.strip() for tag in request.headers.get("If-None-Match", "").split(",")}
        if self._headers["ETag"] in known:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=self._headers)
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            headers = {**self._headers, "Content-Encoding": "gzip"}
            return Response(self._compressed, media_type=self._media_type, headers=headers)
        return Response(self._plain, media_type=self._media_type, headers=self._headers)

    def route(self) -> GuardedRoute:
        """Return the route that serves it."""

        # A plain function would run in a thread.
        async def serve(request: Request) -> Response:
            return self.answer(request)

        return open_route(self.path, serve, "GET")


def browser_sdk() -> str:
    """Return the browser SDK as it is served: its modules in one text, each below those it imports.

    Lines that are comments stay behind, but for the first ones: every page loads it.
    """
    parts = [(STATIC / name).read_text(encoding="utf-8") for name in ("tools.js", "refusals.js", "sdk.js")]
    *inner, outer = (IMPORT.sub("", part) for part in parts)
    head, end, outer = outer.partition("*/\n")
    text = "".join([*(part.replace("\nexport ", "\n") for part in inner), outer])
    return head + end + COMMENT.sub("", text)


def sdk_routes() -> list[GuardedRoute]:
    """Return the routes of the browser SDK and of its types."""
    types = (STATIC / "sdk.d.ts").read_text(encoding="utf-8")
    return [
        Asset("/sdk.js", browser_sdk(), "text/javascript", SHARED).route(),
        Asset("/sdk.d.ts", types, "text/plain", SHARED).route(),
    ]
