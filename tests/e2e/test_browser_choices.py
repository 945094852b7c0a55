"""Whoever does not want to be collected from is not: by the server, by the tick box, by the browser."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.application import LIFE, NEVER, SOON, ask, calls, collecting
from tests.support.browser import eventually

from aboveboard_server.schema.dictionary import RIGHTS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Request, Route
    from tests.support.application import Application


def test_one_who_is_opted_out_is_not_collected_from(
    application: Application, context: BrowserContext
) -> None:
    """Told to stop before its timer is due, the SDK sends no event, and its queue is empty."""
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


# What a page that is left early does, as the public page and the documentation promise it.
SHORT = (
    "a page that is left before it was answered hands over what it has, and the service stores "
    "nothing of whoever has opted out"
)


def test_a_short_visit_does_what_the_public_page_says(
    application: Application, context: BrowserContext
) -> None:
    """It hands over by a beacon what it has; that is stored, but not of a deployment that is opted out."""
    documentation = (Path(__file__).parents[2] / "docs/browser.md").read_text(encoding="utf-8")
    for text in (documentation, " ".join(RIGHTS)):
        assert SHORT in " ".join(text.split())
    page = context.new_page()
    page.route("**/v1/status", lambda _: None)
    body = "aboveboard.ping('Short');"
    page.goto(application.page(body, flushInterval=NEVER))
    page.wait_for_function("window.aboveboard")
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    application.expect("Short")
    application.opt_out(page)
    context.add_init_script(
        "window.taken = []; const send = navigator.sendBeacon.bind(navigator);"
        "navigator.sendBeacon = (...what) => { taken.push(send(...what)); return taken.at(-1); };"
    )
    page.goto(application.page(body, flushInterval=NEVER))
    page.wait_for_function("window.aboveboard")
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    assert page.evaluate("taken") == [True]
    page.wait_for_timeout(3 * SOON)
    application.expect("Short")


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


def wishes(page: Page) -> list[dict[str, Any]]:
    """Return a list that grows with each preference that the page tells."""
    seen: list[dict[str, Any]] = []

    def note(request: Request) -> None:
        if request.url.endswith("v1/preference"):
            seen.append(json.loads(request.post_data or ""))

    page.on("request", note)
    return seen


def kept(page: Page) -> dict[str, str]:
    """Return what the origin's localStorage holds."""
    found: dict[str, str] = page.evaluate("({...localStorage})")
    return found


def test_a_token_is_kept_from_the_refusal_until_it_is_lifted(
    application: Application, context: BrowserContext
) -> None:
    """Nothing is kept before; a later page of the origin lifts with the 32 bytes that went with DISABLED."""
    address = application.page("aboveboard.ping('Loaded');")
    page = context.new_page()
    page.goto(address)
    application.expect("Loaded")
    assert kept(page) == {}
    told = wishes(page)
    assert page.evaluate("aboveboard.disable('USER')") is True
    assert page.evaluate("aboveboard.disable('USER')") is True
    assert len(kept(page)) == 1
    page.close()
    later = context.new_page()
    later.goto(address)
    ask(later)
    told_later = wishes(later)
    assert later.evaluate("aboveboard.enable('USER')") is True
    assert collecting(later) is True
    assert kept(later) == {}
    tokens = [wish["preferenceToken"] for wish in [*told, *told_later]]
    assert len(tokens) == 3
    assert len({*tokens}) == 1
    assert len(base64.b64decode(tokens[0], validate=True)) == 32
    assert later.evaluate("aboveboard.disable('USER')") is True
    assert told_later[-1]["preferenceToken"] != tokens[0]


def test_each_scope_and_user_has_a_token_of_its_own(
    application: Application, context: BrowserContext
) -> None:
    """One browser, two users and their deployment: what one has set, the other does not lift."""
    page = context.new_page()
    page.goto(application.page())
    told = wishes(page)
    page.evaluate("aboveboard.disable('USER')")
    page.evaluate("aboveboard.disable('DEPLOYMENT')")
    page.goto(application.page(options={"userId": "u2"}))
    page.evaluate("aboveboard.disable('USER')")
    page.evaluate("aboveboard.disable('DEPLOYMENT')")
    user, deployment, other, again = [wish["preferenceToken"] for wish in told]
    assert len({user, deployment, other}) == 3
    assert again == deployment
    assert len(kept(page)) == 3


def test_who_has_not_refused_lifts_nothing(
    application: Application, browser: Browser, context: BrowserContext
) -> None:
    """Another profile that knows the same ids gets false, and both stay off."""
    address = application.page("aboveboard.ping('Loaded');")
    page = context.new_page()
    page.goto(address)
    application.expect("Loaded")
    page.evaluate("aboveboard.disable('USER')")
    with browser.new_context() as strange:
        stranger = strange.new_page()
        stranger.goto(address)
        ask(stranger)
        assert stranger.evaluate("aboveboard.enable('USER')") is False
        assert collecting(stranger) is False
        assert kept(stranger) == {}
    page.reload()
    page.wait_for_function("window.aboveboard")
    assert collecting(page) is False
    application.expect("Loaded")
    assert page.evaluate("aboveboard.enable('USER')") is True


def test_a_lost_answer_costs_no_token(application: Application, context: BrowserContext) -> None:
    """Where the answer to ENABLED is lost, false; the tab stays off, and the same token lifts it later."""
    page = context.new_page()
    page.goto(application.page())
    told = wishes(page)
    page.evaluate("aboveboard.disable('USER')")
    before = kept(page)
    page.route("**/v1/preference", lambda route: (route.fetch(), route.abort()))
    assert page.evaluate("aboveboard.enable('USER')") is False
    assert collecting(page) is False
    assert kept(page) == before
    page.unroute("**/v1/preference")
    assert page.evaluate("aboveboard.enable('USER')") is True
    assert (kept(page), len({wish["preferenceToken"] for wish in told})) == ({}, 1)


def test_the_last_wish_wins_however_fast_they_come(application: Application, context: BrowserContext) -> None:
    """A refusal that comes while it is being lifted holds, here and on the server, and keeps its token."""
    page = context.new_page()
    page.goto(application.page())
    told = wishes(page)
    quick = """async () => {
        aboveboard.disable('USER');
        const lifted = aboveboard.enable('USER').then(() => aboveboard.collecting());
        return Promise.all([lifted, aboveboard.disable('USER')]);
    }"""
    # Not for a moment is collection on in between.
    assert page.evaluate(quick) == [False, True]
    assert [wish["preference"][11:] for wish in told] == ["DISABLED", "ENABLED", "DISABLED"]
    assert collecting(page) is False
    page.reload()
    page.wait_for_function("window.aboveboard")
    assert page.evaluate("aboveboard.enable('USER')") is True
    assert collecting(page) is True


def test_lifting_in_one_tab_does_not_forget_what_another_has_refused_meanwhile(
    application: Application, context: BrowserContext
) -> None:
    """Two tabs: DISABLED while the other's ENABLED is under way; the token of the refusal is still kept."""
    address = application.page()
    page, other = context.new_page(), context.new_page()
    for tab in (page, other):
        tab.goto(address)
    page.evaluate("aboveboard.disable('USER')")

    def between(route: Route) -> None:
        answer = route.fetch()
        other.evaluate("aboveboard.disable('USER')")
        route.fulfill(response=answer)

    page.route("**/v1/preference", between)
    assert page.evaluate("aboveboard.enable('USER')") is True
    page.unroute("**/v1/preference")
    assert len(kept(page)) == 1
    assert other.evaluate("aboveboard.enable('USER')") is True
    assert kept(page) == {}


@pytest.mark.parametrize(
    "storage",
    [
        "get() { throw new DOMException('', 'SecurityError'); }",
        "value: null",
        "value: {getItem: () => null, setItem() { throw new DOMException('', 'QuotaExceededError'); }}",
    ],
)
def test_where_nothing_can_be_kept_it_refuses_without_a_token(
    application: Application, context: BrowserContext, storage: str
) -> None:
    """Storage that is forbidden, missing or full: the refusal holds, and only the vendor can lift it."""
    context.add_init_script(f"Object.defineProperty(window, 'localStorage', {{ {storage} }})")
    page = context.new_page()
    page.goto(application.page())
    told = wishes(page)
    assert page.evaluate("aboveboard.disable('USER')") is True
    assert told[0]["preferenceToken"] == ""
    assert page.evaluate("aboveboard.enable('USER')") is False
    assert collecting(page) is False


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
