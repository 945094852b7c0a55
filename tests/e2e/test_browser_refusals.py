"""After a refusal nothing leaves, whenever it comes, and nothing is stored but the refusal itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.application import NEVER, SOON, ask, calls, collecting
from tests.support.browser import eventually

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Route
    from tests.support.application import Application
    from tests.support.browser import Site

LOADED = "aboveboard.ping('Loaded');"


def opened(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(address)
    page.wait_for_function("window.aboveboard")
    return page


def unanswered(page: Page, path: str) -> list[Route]:
    """Return a list that grows with each such request; none is answered."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(f"**/{path}", hold)
    return held


@pytest.mark.parametrize("path", ["v1/events", "v1/status"])
def test_a_request_under_way_is_aborted(application: Application, context: BrowserContext, path: str) -> None:
    """Whatever waits for an answer when the user refuses; the refusal itself goes."""
    page = context.new_page()
    held = unanswered(page, path)
    ended: list[str] = []
    page.on("requestfailed", lambda request: ended.append(request.url))
    page.goto(application.page(LOADED))
    eventually(lambda: held, page)
    assert page.evaluate("aboveboard.disable('USER')") is True
    eventually(lambda: [url for url in ended if url.endswith(path)], page)
    seen = calls(page)
    page.wait_for_timeout(3 * SOON)
    assert (seen, application.rows()) == ([], [])


def test_a_refusal_before_init_counts(application: Application, context: BrowserContext) -> None:
    """It answers false, holds from the first ping on, is told as soon as `init` says whose it is."""
    address = application.page(
        LOADED, before="aboveboard.disable('USER').then((kept) => (window.said = kept));"
    )
    page = opened(context, address)
    assert page.evaluate("said") is False
    assert collecting(page) is False
    eventually(lambda: page.evaluate("aboveboard.collectionStatus()?.state") == "STATE_DISABLED", page)
    later = opened(context, application.page(LOADED))
    ask(later)
    assert collecting(later) is False
    assert later.evaluate("aboveboard.enable('USER')") is True
    assert collecting(later) is True
    assert application.rows() == []


def test_what_was_wished_before_init_is_told_in_order(
    application: Application, context: BrowserContext
) -> None:
    """Refused and lifted before it begins: it collects."""
    before = "aboveboard.disable('USER'); aboveboard.enable('USER');"
    page = opened(context, application.page(before=before))
    eventually(lambda: collecting(page), page)
    page.evaluate(LOADED)
    application.expect("Loaded")


def test_lifting_at_once_what_was_refused_at_once_collects_again(
    application: Application, context: BrowserContext
) -> None:
    """The answer to the refusal changes nothing about who asks: the next one is listened to as well."""
    page = opened(context, application.page())
    assert page.evaluate("aboveboard.enable(Symbol('no scope'))") is False
    assert page.evaluate("Promise.all([aboveboard.disable('USER'), aboveboard.enable('USER')])") == [True] * 2
    assert collecting(page) is True


@pytest.mark.parametrize("when", ["before init", "after init"])
def test_nothing_is_stored_but_the_refusal(
    application: Application, context: BrowserContext, site: Site, when: str
) -> None:
    """On the way to the next page the tab keeps that it has refused, and no id of any page before."""
    page = opened(context, application.page(LOADED))
    application.expect("Loaded")
    if when == "before init":
        page.goto(application.page(before="aboveboard.disable('USER');"))
    else:
        page.evaluate("aboveboard.disable('USER')")
    eventually(lambda: page.evaluate("aboveboard.collectionStatus()?.state") == "STATE_DISABLED", page)
    page.goto(site.add("/blank", "<!doctype html><title>Nothing</title>"))
    assert page.evaluate("Object.values({...sessionStorage})") == ['{"refused":true}']
    (token,) = page.evaluate("Object.values({...localStorage})")
    assert len(token) == 44 + 8


def test_who_is_opted_out_by_others_leaves_nothing_in_the_tab(
    application: Application, context: BrowserContext, site: Site
) -> None:
    """Told to stop by the service, a tab keeps no id either."""
    page = context.new_page()
    application.opt_out(page)
    page.goto(application.page(LOADED))
    ask(page)
    page.goto(site.add("/blank", "<!doctype html><title>Nothing</title>"))
    assert page.evaluate("[sessionStorage.length, localStorage.length]") == [0, 0]


def test_a_short_visit_after_a_refusal_sends_nothing(
    application: Application, context: BrowserContext
) -> None:
    """What ends before it was told whether it may hands over nothing where this browser has refused."""
    page = opened(context, application.page())
    assert page.evaluate("aboveboard.disable('DEPLOYMENT')") is True
    page.close()
    context.add_init_script(
        "window.beacons = []; navigator.sendBeacon = (url) => { beacons.push(url); return true; }"
    )
    short = context.new_page()
    held = unanswered(short, "v1/status")
    seen = calls(short)
    short.goto(application.page(LOADED, flushInterval=NEVER))
    eventually(lambda: held, short)
    short.evaluate("dispatchEvent(new Event('pagehide'))")
    assert short.evaluate("beacons") == []
    assert [path for _, path in seen if path.startswith("v1/")] == ["v1/status"]
