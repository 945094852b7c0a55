"""Whoever does not want to be collected from is not: by the server, by the tick box, by the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.application import LIFE, SOON, ask, calls, collecting
from tests.support.browser import eventually

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext
    from tests.support.application import Application


def test_one_who_is_opted_out_is_not_collected_from(
    application: Application, context: BrowserContext
) -> None:
    """The SDK asks before it sends: told to stop, it sends no event, and its queue is empty."""
    page = context.new_page()
    application.opt_out(page)
    seen = calls(page)
    page.goto(application.page(LIFE))
    ask(page)
    assert collecting(page) is False
    page.evaluate("aboveboard.ping('Later')")
    page.wait_for_timeout(3 * SOON)
    page.close(run_before_unload=True)
    assert [path for _, path in seen if path.startswith("v1/")] == ["v1/status"]
    assert application.rows() == []


def test_an_answer_that_says_stop_empties_the_queue(
    application: Application, context: BrowserContext
) -> None:
    """Opted out while a tab lives: the next answer stops it, and what waits is never sent."""
    page = context.new_page()
    page.goto(application.page("aboveboard.ping('Before');"))
    application.expect("Before")
    application.opt_out(page)
    page.evaluate("aboveboard.ping('After')")
    page.wait_for_function("!aboveboard.collecting()")
    seen = calls(page)
    page.evaluate("aboveboard.ping('Later')")
    page.wait_for_timeout(3 * SOON)
    page.close(run_before_unload=True)
    assert seen == []
    application.expect("Before")


def test_the_tick_box_holds_here_and_on_the_server(application: Application, context: BrowserContext) -> None:
    """disable() stops at once and for later tabs; enable() at the same scope takes it back, counting anew."""
    address = application.page("aboveboard.ping('Loaded');")
    page = context.new_page()
    page.goto(address)
    application.expect("Loaded")
    assert page.evaluate("aboveboard.disable('USER')") is True
    assert collecting(page) is False
    other = context.new_page()
    other.goto(address)
    ask(other)
    assert collecting(other) is False
    assert page.evaluate("aboveboard.enable('USER')") is True
    assert collecting(page) is True
    page.evaluate("aboveboard.ping('Again')")
    eventually(lambda: len(application.rows()) == 2)
    assert sorted(application.rows()) == [("Again", 1), ("Loaded", 1)]


def test_a_preference_that_did_not_reach_the_server_holds_in_the_tab(
    application: Application, context: BrowserContext
) -> None:
    """Without the server disable() answers false, and still nothing leaves the tab or its next page."""
    page = context.new_page()
    page.route("**/v1/preference", lambda route: route.abort())
    address = application.page("aboveboard.ping('Loaded');")
    page.goto(address)
    application.expect("Loaded")
    assert page.evaluate("aboveboard.disable('USER')") is False
    page.reload()
    page.wait_for_function("window.aboveboard")
    assert collecting(page) is False
    application.expect("Loaded")


@pytest.mark.parametrize(
    ("signal", "options", "sent"),
    [
        ("globalPrivacyControl = true", {}, []),
        ("globalPrivacyControl = true", {"respectDoNotTrack": False}, []),
        ("doNotTrack = '1'", {}, []),
        ("doNotTrack = '1'", {"respectDoNotTrack": False}, ["Loaded", "Left", "Loaded", "Left"]),
    ],
)
def test_what_the_browser_asks_for_is_honoured(
    application: Application,
    context: BrowserContext,
    signal: str,
    options: dict[str, object],
    sent: list[str],
) -> None:
    """Global Privacy Control and Do Not Track, unless told otherwise: no request and nothing kept."""
    name, value = signal.split(" = ")
    context.add_init_script(f"Object.defineProperty(navigator, '{name}', {{get: () => {value}}})")
    page = context.new_page()
    seen = calls(page)
    page.goto(application.page(LIFE, options))
    page.wait_for_function("window.aboveboard")
    page.wait_for_timeout(3 * SOON)
    page.reload()
    page.wait_for_function("window.aboveboard")
    kept = page.evaluate("sessionStorage.length + localStorage.length")
    page.close(run_before_unload=True)
    application.expect(*sent)
    if not sent:
        assert ([path for _, path in seen if path.startswith("v1/")], kept) == ([], 0)
