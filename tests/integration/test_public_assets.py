"""What is served as it stands: typed, compressed, open where it must be, and asked for once."""

from __future__ import annotations

import gzip
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from http.client import HTTPMessage

    from tests.support.server import ServerProcess


def get(server: ServerProcess, path: str, **named: str) -> tuple[int, HTTPMessage, bytes]:
    """Return status, headers and body of an answer."""
    connection = HTTPConnection(server.http_address)
    try:
        connection.request(
            "GET", path, headers={name.replace("_", "-"): value for name, value in named.items()}
        )
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/sdk.js", "text/javascript; charset=utf-8"),
        ("/sdk.d.ts", "text/plain; charset=utf-8"),
        ("/", "text/html; charset=utf-8"),
    ],
)
def test_an_asset_is_served_whole_and_asked_for_once(
    shared_server: ServerProcess, path: str, media_type: str
) -> None:
    """The type is said, the text is the same compressed or not, and who has it gets a 304."""
    status, headers, plain = get(shared_server, path)
    assert (status, headers["content-type"]) == (200, media_type)
    assert headers["x-content-type-options"] == "nosniff"
    # The page says what holds now, and is asked for each time.
    assert ("no-cache" if path == "/" else "max-age") in headers["cache-control"]
    assert "set-cookie" not in headers
    _, packed_headers, packed = get(shared_server, path, Accept_Encoding="gzip")
    assert packed_headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed) == plain
    assert get(shared_server, path, If_None_Match=headers["etag"])[::2] == (304, b"")


def test_pages_of_any_origin_may_load_the_sdk(shared_server: ServerProcess) -> None:
    """The SDK is open to every origin, and says so without credentials."""
    _, headers, _ = get(shared_server, "/sdk.js")
    assert headers["access-control-allow-origin"] == "*"
    assert headers["cross-origin-resource-policy"] == "cross-origin"
    assert "access-control-allow-credentials" not in headers


def test_the_page_allows_its_own_style_and_nothing_else(shared_server: ServerProcess) -> None:
    """The policy begins at nothing, names the style by its digest, and allows no script from anywhere."""
    _, headers, page = get(shared_server, "/")
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert b"<script" not in page
