"""What tests in a browser share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support import browser as support
from tests.support.application import Application

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext
    from tests.support.server import ServerProcess


# For a module, not for the session: while it is open, playwright's event loop keeps others from running.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for a module's tests; each has a context of its own."""
    with support.running() as browser:
        yield browser


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh profile."""
    context = browser.new_context()
    yield context
    context.close()


@pytest.fixture(scope="session")
def site() -> Iterator[support.Site]:
    """Where the pages of applications are served."""
    site = support.Site()
    yield site
    site.close()


@pytest.fixture
def application(site: support.Site, shared_server: ServerProcess) -> Application:
    """An application of its own on the server that tests share."""
    return Application(site, shared_server)
