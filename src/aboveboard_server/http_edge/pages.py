"""The public data dictionary as a page: one document that loads nothing, runs nothing and sets nothing."""

from __future__ import annotations

import base64
import contextlib
import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING

from aboveboard_server.errors import StoreUnavailableError
from aboveboard_server.http_edge.assets import Asset
from aboveboard_server.http_edge.routes import open_route

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from aboveboard_server.http_edge.receipts import PublishedHead
    from aboveboard_server.http_edge.routes import GuardedRoute
    from aboveboard_server.schema.dictionary import Dictionary

TEMPLATES = files("aboveboard_server.http_edge") / "templates"


class Page:
    """The page, laid out anew where the dictionary is another, or the head of the receipts."""

    def __init__(self, current: Callable[[], Awaitable[Dictionary]], published_head: PublishedHead) -> None:
        self._current = current
        self._published_head = published_head
        self._head: dict[str, str | int] | None = None
        self._style = (TEMPLATES / "dictionary.css").read_text(encoding="utf-8")
        # To be asked for each time: it says what holds now, and mostly the answer is that nothing is new.
        self._headers = {"Content-Security-Policy": policy(self._style), "Cache-Control": "no-cache"}
        self._shown: tuple[Dictionary, dict[str, str | int] | None, Asset] | None = None

    async def serve(self, request: Request) -> Response:
        """Answer with what the dictionary says now."""
        dictionary = await self._current()
        # Without the store the head stays as it is: people can read the page at any time.
        with contextlib.suppress(StoreUnavailableError):
            self._head = await self._published_head()
        if self._shown is None or self._shown[0] is not dictionary or self._shown[1] != self._head:
            text = render(dictionary, self._style, self._head)
            self._shown = dictionary, self._head, Asset("/", text, "text/html", self._headers)
        return self._shown[2].answer(request)


def page_routes(
    current: Callable[[], Awaitable[Dictionary]], published_head: PublishedHead
) -> list[GuardedRoute]:
    """Return the route of the page."""
    return [open_route("/", Page(current, published_head).serve, "GET")]


def policy(style: str) -> str:
    """Return the Content-Security-Policy that allows this style and nothing else: no script, no request."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    # The empty icon is a data: address; without it a browser asks for /favicon.ico.
    allowed = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:"
    return f"{allowed}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def render(dictionary: Dictionary, style: str, head: Mapping[str, str | int] | None = None) -> str:
    """Lay the dictionary out as HTML, with the head of the receipts; whatever it holds is escaped."""
    # Late: a server need not wait for what the first reader of the page does.
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415
    from markupsafe import Markup  # noqa: PLC0415

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"capfirst": _capitalised, "words": _words}
    template = environment.from_string((TEMPLATES / "dictionary.html").read_text(encoding="utf-8"))
    parts = [
        dictionary.envelope,
        *(source.fields for source in dictionary.sources),
        *(event.fields for event in dictionary.events),
    ]
    days = [event.retention_days for event in dictionary.events]
    return template.render(
        page=dictionary,
        head=head,
        # From this package's own file, and held to its digest by the policy: the one text not escaped.
        style=Markup(style),  # noqa: S704
        field_count=sum(map(len, parts)),
        longest=max(days),
        shortest=min(days),
        split_first=_split_first,
    )


def _split_first(text: str) -> tuple[str, str, str]:
    """Split off the first clause, which is set as the heading of its paragraph."""
    head, mark, rest = min((text.partition(mark) for mark in (". ", ": ")), key=lambda parts: len(parts[0]))
    return head, mark.strip().replace(":", ""), _capitalised(rest)


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def _words(name: str) -> str:
    """Turn `TestCaseStat` or `FREE_FORM` into words for people."""
    if name.isupper():
        return name.replace("_", " ").capitalize()
    return _capitalised(
        "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()
    )
