"""An application whose pages use the SDK, and what is stored of it."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

from tests.support.browser import eventually
from tests.support.users import stored_user

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playwright.sync_api import Page
    from tests.support.browser import Site
    from tests.support.server import ServerProcess

# Time in the pages runs ten times as fast, for the SDK takes no interval below a second.
SPEED = 10
# As `flushInterval`, in the pages' time. Longer than any test: what arrives was carried by a beacon.
NEVER = 6_000_000
# The shortest.
BRISK = 1_000
# As long as BRISK, in the time outside.
SOON = BRISK // SPEED

PAGE = """<!doctype html><title>An application</title>
<button>Click</button> <a href="/next">Next</a>
<script>{
const [date, clock, later] = [Date.now, performance.now.bind(performance), setTimeout];
Date.now = () => {began} + (date() - {began}) * {speed};
performance.now = () => clock() * {speed};
window.setTimeout = (action, ms) => later(action, ms / {speed});
}</script>
<script type="module">
import * as aboveboard from 'http://{api}/sdk.js';
window.aboveboard = aboveboard;
{before}
aboveboard.init({options});
{body}
</script>"""
LIFE = """
aboveboard.ping('Loaded');
document.querySelector('button').onclick = () => aboveboard.ping('Clicked');
addEventListener('pagehide', () => aboveboard.ping('Left'));
"""


class Application:
    """An application of a company of its own, whose pages use the SDK of one server."""

    def __init__(self, site: Site, server: ServerProcess) -> None:
        self.company = f"c-{uuid.uuid4()}"
        # One for all its pages: they tell each other times.
        self._began = round(time.time() * 1000)
        self.endpoint = f"http://{server.http_address}/"
        self._site = site
        self._server = server

    def options(self, **more: object) -> dict[str, object]:
        """Return what its pages give to `init`."""
        said = {"solution": "Connects", "companyId": self.company, "deploymentId": "d1", "userId": "u1"}
        return said | {"flushInterval": BRISK} | more

    def page(
        self,
        body: str = "",
        options: Mapping[str, object] | None = None,
        path: str = "",
        before: str = "",
        **more: object,
    ) -> str:
        """Serve a page whose script does `before`, then `init`, then `body`, and return its address."""
        said_in_full = json.dumps(self.options(**more) | dict(options or {}))
        text = PAGE.replace("{api}", self._server.http_address).replace("{options}", said_in_full)
        text = text.replace("{began}", str(self._began)).replace("{speed}", str(SPEED))
        return self._site.add(
            path or f"/{uuid.uuid4()}", text.replace("{before}", before).replace("{body}", body)
        )

    def rows(self, what: str = "event_name, sequence") -> list[tuple[Any, ...]]:
        """Return what is stored of its pings, in the order of their numbers."""
        statement = f"SELECT {what} FROM ping JOIN source USING (source_id) WHERE company_id = ?"
        return self._server.query(f"{statement} ORDER BY instance_id, sequence", self.company)

    def stored_user(self, user_id: str) -> str:
        """Return what is stored of one of its users."""
        return stored_user(self._server, self.company, user_id)

    def names(self) -> list[str]:
        """Return the names of its pings in the order of their numbers."""
        return [name for name, _ in self.rows()]

    def expect(self, *names: str) -> None:
        """Wait until these pings are stored; AssertionError where others are, or one is twice."""
        eventually(lambda: len(self.rows()) >= len(names))
        assert self.names() == list(names)

    def opt_out(self, page: Page) -> None:
        """Opt its deployment out behind the SDK's back."""
        source = {"deployment": {"solution": "Connects", "companyId": self.company, "deploymentId": "d1"}}
        wish = {"source": source, "scope": "SCOPE_DEPLOYMENT", "preference": "PREFERENCE_DISABLED"}
        url = f"http://{self._server.http_address}/v1/preference"
        assert page.request.post(url, data=json.dumps(wish), headers={"Content-Type": "text/plain"}).ok


def calls(page: Page) -> list[tuple[str, str]]:
    """Return a list that grows with each call of the service: method and path."""
    seen: list[tuple[str, str]] = []
    page.on("request", lambda request: seen.append((request.method, request.url.split("/", 3)[3])))
    return seen


def collecting(page: Page) -> object:
    """Whether the page's SDK takes pings."""
    return page.evaluate("aboveboard.collecting()")


def ask(page: Page) -> None:
    """Wait until the service has told the page's SDK whether it may collect."""
    page.wait_for_function("aboveboard.collectionStatus() !== null")
