"""What a page that ends cannot hand over goes from the next page of the tab."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.support.application import NEVER, ask
from tests.support.browser import eventually

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext
    from tests.support.application import Application
    from tests.support.browser import Site

BLANK = "<!doctype html><title>Nothing</title>"
# As where too much is under way already: neither takes anything.
FULL = """
navigator.sendBeacon = () => false;
const send = fetch;
window.fetch = async (url, options) => {
  if (options.keepalive) throw new TypeError('full');
  return send(url, options);
};
"""


def test_what_fits_no_beacon_stays_for_the_next_page_of_the_tab(
    application: Application, context: BrowserContext, site: Site
) -> None:
    """It lies in the tab's storage only until then, and is sent once, under its numbers."""
    page = context.new_page()
    page.goto(
        application.page("aboveboard.ping('One'); aboveboard.ping('Two');", before=FULL, flushInterval=NEVER)
    )
    ask(page)
    page.evaluate("aboveboard.flush()")
    application.expect("One", "Two")
    page.evaluate("aboveboard.ping('Three'); addEventListener('pagehide', () => aboveboard.ping('Left'));")
    blank = site.add("/blank", BLANK)
    page.goto(blank)
    kept = json.loads(page.evaluate("sessionStorage.aboveboard"))
    assert len(kept["waiting"]) == 2
    page.goto(application.page("aboveboard.ping('Four');"))
    application.expect("One", "Two", "Three", "Left", "Four")
    assert [number for _, number in application.rows()] == [1, 2, 3, 4, 5]
    page.goto(blank)
    assert "waiting" not in json.loads(page.evaluate("sessionStorage.aboveboard"))


def test_a_real_page_with_more_than_beacons_take_loses_nothing(
    application: Application, context: BrowserContext
) -> None:
    """200 KB wait when the page is left; Chromium takes 64 KiB; the next page of the tab sends the rest."""
    page = context.new_page()
    many = "for (let n = 0; n < 40; n++) aboveboard.ping('P', {text: 'x'.repeat(5_000)});"
    page.goto(application.page(many, flushInterval=NEVER))
    page.wait_for_function("window.aboveboard")
    page.goto(application.page("aboveboard.ping('Next');"))
    eventually(lambda: len(application.rows()) == 41, page)
    assert [number for _, number in application.rows()] == list(range(1, 42))


def test_what_stayed_is_gone_after_a_refusal(application: Application, context: BrowserContext) -> None:
    """Refused on the next page, at once: neither sent nor kept."""
    page = context.new_page()
    page.goto(application.page(before=FULL, flushInterval=NEVER))
    ask(page)
    page.evaluate("aboveboard.ping('One')")
    page.goto(application.page(before="aboveboard.disable('USER');"))
    eventually(lambda: page.evaluate("aboveboard.collectionStatus()?.state") == "STATE_DISABLED", page)
    assert page.evaluate("sessionStorage.aboveboard") == '{"refused":true}'
    assert application.rows() == []
