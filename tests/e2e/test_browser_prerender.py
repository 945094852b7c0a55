"""A page that is rendered ahead counts when somebody looks at it, and not before."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.support.application import NEVER, calls, collecting
from tests.support.browser import FLAGS, chromium, eventually

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import BrowserContext
    from tests.support.application import Application
    from tests.support.browser import Site

AHEAD = """
window.ahead = true;
Object.defineProperty(document, 'prerendering', {get: () => ahead});
window.activate = () => { ahead = false; document.dispatchEvent(new Event('prerenderingchange')); };
"""
PINGS = """
const payload = {seen: 'then'};
aboveboard.ping('Viewed', payload);
payload.seen = 'later';
aboveboard.ping('Measured', 5, 'TECHNICAL');
"""


def test_a_page_counts_from_its_activation_on(application: Application, context: BrowserContext) -> None:
    """Until then it asks nothing, stores nothing and sends nothing; then all it pinged goes, once."""
    context.add_init_script(AHEAD)
    page = context.new_page()
    seen = calls(page)
    page.goto(application.page(PINGS))
    page.wait_for_function("window.aboveboard")
    assert collecting(page) is False
    page.evaluate("aboveboard.flush().then(() => dispatchEvent(new Event('pagehide')))")
    assert page.evaluate("[sessionStorage.length, localStorage.length]") == [0, 0]
    assert [path for _, path in seen if path.startswith("v1/")] == []
    page.evaluate("activate()")
    eventually(lambda: len(application.rows()) == 2, page)
    assert application.rows("event_name, sequence, payload, category") == [
        ("Viewed", 1, '{"seen":"then"}', "INTERACTION"),
        ("Measured", 2, '{"value":5}', "TECHNICAL"),
    ]
    page.evaluate("aboveboard.ping('Clicked')")
    application.expect("Viewed", "Measured", "Clicked")


def test_a_refusal_in_a_page_ahead_holds(application: Application, context: BrowserContext) -> None:
    """What it pings before and after is never sent; the refusal is told when it is activated."""
    context.add_init_script(AHEAD)
    page = context.new_page()
    page.goto(application.page(PINGS + "aboveboard.disable('USER');"))
    page.wait_for_function("window.aboveboard")
    page.evaluate("activate()")
    eventually(lambda: page.evaluate("aboveboard.collectionStatus()?.state") == "STATE_DISABLED", page)
    assert (collecting(page), application.rows()) == (False, [])


@pytest.mark.fault(seconds=10)
def test_chromium_renders_ahead_and_only_the_page_that_is_shown_counts(
    application: Application, site: Site, tmp_path: Path
) -> None:
    """By speculation rules, without a test driver: of two pages rendered ahead one is gone to."""
    ping = "aboveboard.ping('{}', {ahead});"
    ahead = "window.ahead = document.prerendering;"
    paths = {name: f"/{application.company}/{name}" for name in ("Shown", "Unseen")}
    for name, path in paths.items():
        application.page(ping.replace("{}", name), path=path, before=ahead, flushInterval=NEVER)
    rules = json.dumps(
        {"prerender": [{"source": "list", "urls": [*paths.values()], "eagerness": "immediate"}]}
    )
    start = f"""<!doctype html><title>Start</title><script type="speculationrules">{rules}</script>
<script>
setTimeout(() => {{ location.href = '{paths["Shown"]}'; }}, 4000);
</script>"""
    browser = subprocess.Popen(
        [
            chromium(),
            "--headless=new",
            *FLAGS,
            f"--user-data-dir={tmp_path}",
            site.add(f"/{application.company}", start),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        application.expect("Shown")
    finally:
        os.killpg(browser.pid, signal.SIGKILL)
        browser.wait()
    assert application.rows("event_name, payload") == [("Shown", '{"ahead":true}')]
