"""A real headless Chromium, and pages of another origin for it to open."""

from __future__ import annotations

import shutil
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright
from tests.support import missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

FLAGS = [
    "--no-sandbox",  # CI runs as root.
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # Without these it looks for hosts of its maker at every start.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Long enough for a slow machine; what is there is found at once.
PATIENCE = 60


def chromium() -> str:
    """Return the path of Debian's Chromium; without it skip, or fail where nothing may be skipped."""
    path = shutil.which("chromium")
    if path is None:
        missing.skip("no Chromium: run .ci/install-tools")
    return path


@contextmanager
def running() -> Iterator[Browser]:
    """Start Chromium."""
    path = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class Site:
    """Serves pages as an application would, on an origin of its own: `localhost`, never 127.0.0.1."""

    def __init__(self) -> None:
        self._pages: dict[str, str] = {}
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                page = site._pages.get(self.path)
                self.send_response(200 if page is not None else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write((page or "").encode())

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def add(self, path: str, page: str) -> str:
        """Serve a page there, and return its address."""
        self._pages[path] = page
        return f"http://localhost:{self._server.server_address[1]}{path}"

    def close(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def eventually(holds: Callable[[], object], page: Page | None = None, patience: float = PATIENCE) -> None:
    """Return as soon as something holds; AssertionError where it does not come to hold.

    With a page, what the test has to do for it meanwhile, such as answering a request, is done.
    """
    end = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < end, "it does not come to hold"
        if page is None:
            time.sleep(0.02)
        else:
            page.wait_for_timeout(20)


def executions(page: Page) -> list[str]:
    """Return a list that grows with every alert() the page runs."""
    seen: list[str] = []

    def note(dialog: object) -> None:
        seen.append(page.url)
        dialog.dismiss()  # type: ignore[attr-defined]  # a Dialog, which playwright's types call Any here

    page.on("dialog", note)
    return seen
