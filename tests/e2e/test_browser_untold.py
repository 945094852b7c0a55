"""A refusal that could not be told is kept by the browser: it holds in every tab, and is told in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.support.application import NEVER, SOON, ask, calls, collecting
from tests.support.browser import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import BrowserContext, Page, Request, Route
    from tests.support.application import Application

PREFERENCE = "**/v1/preference"
CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After"}


def answer(status: int, retry_after: int = 0) -> Callable[[Route], None]:
    """Return what answers a preference in the place of the service."""
    headers = CORS | ({"Retry-After": str(retry_after)} if retry_after else {})
    return lambda route: route.fulfill(status=status, headers=headers, body="")


UNTOLD: dict[str, Callable[[Route], None]] = {
    "no network": lambda route: route.abort(),
    "too many": answer(429, 1),
    "away": answer(503),
}


def opened(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(address)
    page.wait_for_function("window.aboveboard")
    return page


def kept(page: Page) -> list[str]:
    """Return what the origin's localStorage holds."""
    found: list[str] = page.evaluate("Object.values({...localStorage})")
    return found


def told(page: Page) -> list[Any]:
    """Return a list that grows with each preference that the page tells."""
    seen: list[Any] = []

    def note(found: Request) -> None:
        if found.url.endswith("v1/preference"):
            seen.append(found.post_data_json)

    page.on("request", note)
    return seen


@pytest.mark.parametrize(
    "failure",
    ["too many", *(pytest.param(name, marks=pytest.mark.fault) for name in ("no network", "away"))],
)
def test_it_holds_for_later_pages_which_tell_it(
    application: Application, context: BrowserContext, failure: str
) -> None:
    """No later page of the origin collects; the first that can tells it, with its token."""
    address = application.page("aboveboard.ping('Loaded');")
    page = opened(context, address)
    application.expect("Loaded")
    context.route(PREFERENCE, UNTOLD[failure])
    first = told(page)
    assert page.evaluate("aboveboard.disable('USER')") is False
    page.close()
    later = opened(context, address)
    assert collecting(later) is False
    assert len(kept(later)) == 1
    later.close()
    context.unroute(PREFERENCE)
    able = context.new_page()
    again = told(able)
    able.goto(address)
    eventually(lambda: able.evaluate("aboveboard.collectionStatus()?.state") == "STATE_DISABLED", able)
    assert collecting(able) is False
    assert [wish["preference"] for wish in again] == ["PREFERENCE_DISABLED"]
    assert again[0]["preferenceToken"] == first[0]["preferenceToken"] != ""
    able.reload()
    ask(able)
    able.wait_for_timeout(3 * SOON)
    assert len(again) == 1
    application.expect("Loaded")
    assert able.evaluate("aboveboard.enable('USER')") is True
    assert collecting(able) is True


def test_it_holds_in_other_tabs(application: Application, context: BrowserContext) -> None:
    """What they queued is never sent, though the service does not know yet."""
    page = opened(context, application.page())
    other = opened(context, application.page(flushInterval=NEVER))
    ask(other)
    other.evaluate("aboveboard.ping('Waits')")
    context.route(PREFERENCE, UNTOLD["no network"])
    page.evaluate("aboveboard.disable('DEPLOYMENT')")
    # One process of the browser tells the other.
    eventually(lambda: collecting(other) is False, other)
    other.evaluate("aboveboard.ping('Later')")
    other.evaluate("aboveboard.flush()")
    seen = calls(other)
    # The page forgets what it has refused: whatever waits now was recorded before.
    page.evaluate("localStorage.clear()")
    other.evaluate("aboveboard.flush()")
    other.close(run_before_unload=True)
    page.wait_for_timeout(3 * SOON)
    assert [path for _, path in seen if path == "v1/events"] == []
    assert application.rows() == []


@pytest.mark.fault
def test_no_page_tells_it_before_the_service_asks_for_it(
    application: Application, context: BrowserContext
) -> None:
    """After the delay of a 429 and no sooner, by whichever page is there then."""
    address = application.page()
    page = opened(context, address)
    context.route(PREFERENCE, answer(429, 3600))
    first = told(page)
    assert page.evaluate("aboveboard.disable('USER')") is False
    later = context.new_page()
    again = told(later)
    later.goto(address)
    page.wait_for_timeout(5 * SOON)
    assert (len(first), again) == (1, [])
    assert collecting(later) is False
    context.unroute(PREFERENCE)
    # As if the hour had passed.
    later.evaluate(
        "for (const key of Object.keys(localStorage))"
        " localStorage[key] = localStorage[key].replace(/!.*/, '!1')"
    )
    later.reload()
    eventually(lambda: "!" not in kept(later)[0], later)
    assert len(again) == 1


@pytest.mark.fault
def test_a_clock_that_is_set_back_puts_off_no_refusal(
    application: Application, context: BrowserContext
) -> None:
    """What was to be told in years, by the browser's time now, is told at once."""
    address = application.page()
    page = opened(context, address)
    context.route(PREFERENCE, UNTOLD["away"])
    assert page.evaluate("aboveboard.disable('USER')") is False
    context.unroute(PREFERENCE)
    page.close()
    blank = opened(context, application.page(options={"userId": "u2"}))
    blank.evaluate(
        "for (const key of Object.keys(localStorage))"
        " localStorage[key] = localStorage[key].replace(/!.*/, `!${Date.now() + 1e12}`)"
    )
    later = opened(context, address)
    eventually(lambda: "!" not in kept(later)[0], later)


def test_the_page_itself_tells_it_later(application: Application, context: BrowserContext) -> None:
    """Without another page, and without being asked again."""
    page = opened(context, application.page())
    context.route(PREFERENCE, UNTOLD["away"])
    seen = told(page)
    assert page.evaluate("aboveboard.disable('USER')") is False
    eventually(lambda: len(seen) > 1, page)
    context.unroute(PREFERENCE)
    eventually(lambda: "!" not in kept(page)[0], page)
    assert len({wish["preferenceToken"] for wish in seen}) == 1


def test_lifting_what_was_not_told_leaves_nothing_to_tell(
    application: Application, context: BrowserContext
) -> None:
    """ENABLED goes, and no DISABLED after it, whatever was on its way."""
    page = opened(context, application.page("aboveboard.ping('Loaded');"))
    application.expect("Loaded")
    context.route(PREFERENCE, UNTOLD["no network"])
    seen = told(page)
    assert page.evaluate("aboveboard.disable('USER')") is False
    assert page.evaluate("aboveboard.enable('USER')") is False
    assert collecting(page) is False
    context.unroute(PREFERENCE)
    assert page.evaluate("aboveboard.enable('USER')") is True
    assert (kept(page), collecting(page)) == ([], True)
    count = len(seen)
    page.wait_for_timeout(5 * SOON)
    assert len(seen) == count
    page.evaluate("aboveboard.ping('Again')")
    eventually(lambda: len(application.rows()) == 2)


def test_where_nothing_can_be_kept_the_page_tells_it(
    application: Application, context: BrowserContext
) -> None:
    """Without localStorage it is told by the page that has refused, as long as that lives."""
    context.add_init_script("Object.defineProperty(window, 'localStorage', { value: null })")
    page = opened(context, application.page())
    context.route(PREFERENCE, UNTOLD["no network"])
    seen = told(page)
    assert page.evaluate("aboveboard.disable('USER')") is False
    context.unroute(PREFERENCE)
    eventually(lambda: page.evaluate("aboveboard.collectionStatus()?.state") == "STATE_DISABLED", page)
    assert {wish["preferenceToken"] for wish in seen} == {""}
