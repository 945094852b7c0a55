"""Real pages in a real Chromium, of another origin than the service: what they ping is stored once."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.application import BRISK, LIFE, NEVER, SOON, Application
from tests.support.browser import eventually

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Route
    from tests.support.browser import Site
    from tests.support.server import ServerProcess

CYCLES = 200


@pytest.mark.parametrize("interval", [NEVER, BRISK], ids=["by beacon", "by fetch and beacon"])
def test_a_tab_from_load_to_close_arrives_exactly_once(
    site: Site, server: ServerProcess, context: BrowserContext, interval: int
) -> None:
    """Pings on load, click, navigation away and tab close are stored once, numbered 1 to n, 0 preflights."""
    application = Application(site, server)
    first = application.page(LIFE, flushInterval=interval)
    application.page(LIFE, path="/next", flushInterval=interval)
    page = context.new_page()
    page.goto(first)
    page.click("button")
    page.click("a")
    page.wait_for_url("**/next")
    page.wait_for_function("window.aboveboard?.collecting()")
    page.click("button")
    page.close(run_before_unload=True)
    application.expect("Loaded", "Clicked", "Left", "Loaded", "Clicked", "Left")
    assert [number for _, number in application.rows()] == [1, 2, 3, 4, 5, 6]
    assert len(set(application.rows("instance_id"))) == 1
    server.stop()
    methods = [line["method"] for line in server.log() if line["event"] == "http"]
    assert "POST" in methods
    assert "OPTIONS" not in methods


@pytest.mark.fault(seconds=95)
@pytest.mark.timeout(600)
def test_short_lives_lose_next_to_nothing(application: Application, context: BrowserContext) -> None:
    """Of 200 tabs opened and closed at once, fewer than 1 % of the pings are lost, and none doubled."""
    address = application.page(LIFE, flushInterval=NEVER)
    for _ in range(CYCLES):
        page = context.new_page()
        page.goto(address)
        page.close(run_before_unload=True)
    wanted = 2 * CYCLES
    with contextlib.suppress(AssertionError):
        eventually(lambda: len(application.rows()) >= wanted, patience=10)
    stored = len(application.rows())
    assert stored <= wanted
    lost = 1 - stored / wanted
    print(f"{CYCLES} tabs opened and closed, {wanted} pings: {lost:.2%} lost")  # noqa: T201  # the figure itself is wanted
    assert lost < 0.01


def test_a_beacon_that_is_refused_goes_by_fetch(application: Application, context: BrowserContext) -> None:
    """Where sendBeacon answers false, a fetch that outlives the page carries the pings."""
    context.add_init_script("navigator.sendBeacon = () => false")
    page = context.new_page()
    page.goto(application.page(LIFE, flushInterval=NEVER))
    page.close(run_before_unload=True)
    application.expect("Loaded", "Left")


def test_an_answer_that_is_lost_doubles_nothing(application: Application, context: BrowserContext) -> None:
    """Events whose answer never came are sent again under the same ids, and stored once."""
    page = context.new_page()
    dropped: list[int] = []

    def drop_first_answer(route: Route) -> None:
        if dropped:
            route.continue_()
            return
        dropped.append(route.fetch().status)
        route.abort()

    page.route("**/v1/events", drop_first_answer)
    answers: list[str] = []
    page.on("response", lambda got: answers.append(got.text()) if "/v1/events" in got.url else None)
    page.goto(application.page("aboveboard.ping('Loaded');"))
    eventually(lambda: answers, page)
    assert dropped == [200]
    assert "OUTCOME_DUPLICATE" in answers[0]
    application.expect("Loaded")


@pytest.mark.parametrize("body", ["<!doctype html>Log in", '{"status": "ok"}', "null"])
def test_an_answer_of_somebody_else_loses_nothing(
    application: Application, context: BrowserContext, body: str
) -> None:
    """A portal that answers 200 for the service has taken nothing: the events go again."""
    page = context.new_page()
    answered: list[Route] = []

    def answer_first(route: Route) -> None:
        if answered:
            route.continue_()
            return
        answered.append(route)
        route.fulfill(headers={"Access-Control-Allow-Origin": "*"}, body=body)

    page.route("**/v1/events", answer_first)
    page.goto(application.page("aboveboard.ping('Loaded');"))
    eventually(application.rows, page)
    assert len(answered) == 1
    application.expect("Loaded")


def test_a_server_that_is_away_costs_a_living_tab_nothing(
    site: Site, server: ServerProcess, context: BrowserContext
) -> None:
    """What a tab pings while the server is down is stored once it is up again: none lost, none twice."""
    application = Application(site, server)
    address = server.http_address
    page = context.new_page()
    page.goto(application.page("aboveboard.ping('Before');"))
    application.expect("Before")
    server.stop()
    page.evaluate("for (let n = 0; n < 20; n++) aboveboard.ping('During' + n)")
    page.wait_for_timeout(5 * SOON)
    # A beacon is lost here, and nobody is told: the tab must not count on it.
    page.evaluate(
        "dispatchEvent(new Event('pagehide'));"
        "dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))"
    )
    server.start(http_bind=address)
    page.evaluate("aboveboard.flush()")
    wanted = {"Before", *(f"During{n}" for n in range(20))}
    eventually(lambda: len(application.rows()) >= len(wanted))
    assert sorted(application.names()) == sorted(wanted)


def test_each_tab_is_an_instance_of_its_own(application: Application, context: BrowserContext) -> None:
    """A reload goes on counting; another tab, even one that got a copy of its storage, counts anew."""
    address = application.page("aboveboard.ping('Loaded');")
    page = context.new_page()
    page.goto(address)
    application.expect("Loaded")
    page.reload()
    application.expect("Loaded", "Loaded")
    with context.expect_page() as opened:
        page.evaluate(f"window.open('{address}')")
    opened.value.wait_for_function("window.aboveboard")
    context.new_page().goto(address)
    eventually(lambda: len(application.rows()) == 4)
    instances = [instance for (instance,) in application.rows("instance_id")]
    assert sorted(instances.count(each) for each in set(instances)) == [1, 1, 2]
    assert context.cookies() == []


def test_large_queues_go_in_small_requests(application: Application, context: BrowserContext) -> None:
    """200 KB that wait become requests below 64 KiB, and every event arrives under its number."""
    page = context.new_page()
    sizes: list[int] = []

    def note(request: Any) -> None:
        if request.url.endswith("/v1/events"):
            sizes.append(len(request.post_data_buffer or b""))

    page.on("request", note)
    page.goto(
        application.page("for (let n = 0; n < 40; n++) aboveboard.ping('P', {n, text: 'ä'.repeat(2500)});")
    )
    # 200 KB need four of them.
    eventually(lambda: len(application.rows()) == 40 and len(sizes) >= 4, page)
    assert max(sizes) < 64 * 1024
    payloads = application.rows("json_extract(payload, '$.n'), sequence")
    assert payloads == [(n, n + 1) for n in range(40)]


HOSTILE = """
const loop = {}; loop.loop = loop;
for (const payload of [loop, {big: 10n}, Symbol('s'), () => 1, {get trap() { throw new Error('trap'); }}]) {
  aboveboard.ping('Hostile', payload);
}
aboveboard.ping({toString() { throw new Error('name'); }});
aboveboard.ping('Huge', {text: 'x'.repeat(100_000)});
aboveboard.ping('Number', 1520);
aboveboard.ping('Broken', {['k\\ud800']: 'v\\udfff\\0', nan: NaN, backslash: '\\\\ud800'});
aboveboard.ping('Last', {fine: true}, 'NO_SUCH_CATEGORY');
aboveboard.init(null); aboveboard.disable(); aboveboard.enable(Symbol('s'));
"""


def test_nothing_is_ever_thrown_into_the_page(application: Application, context: BrowserContext) -> None:
    """Whatever a page hands over, it sees no error; what can be stored is, the rest is dropped."""
    context.add_init_script(
        "Object.defineProperty(window, 'sessionStorage', {get() { throw new Error('no') }})"
    )
    page = context.new_page()
    errors: list[object] = []
    page.on("pageerror", lambda error: errors.append(error))  # noqa: PLW0108  # playwright marks what it is given
    page.goto(application.page(HOSTILE.partition("aboveboard.init(null)")[0]))
    eventually(lambda: "Last" in application.names())
    stored = {
        name: payload and json.loads(payload) for name, payload in application.rows("event_name, payload")
    }
    assert stored["Number"] == {"value": 1520}
    assert stored["Broken"] == {"k\ufffd": "v\ufffd\ufffd", "nan": None, "backslash": "\\ud800"}
    assert "Huge" not in stored
    page.goto(application.page(HOSTILE))
    page.wait_for_function("window.aboveboard")
    page.evaluate("Promise.all([aboveboard.flush(), aboveboard.disable('NOBODY')])")
    assert errors == []


def test_one_event_that_cannot_be_read_costs_its_neighbours_nothing(
    application: Application, context: BrowserContext
) -> None:
    """A request the service refuses whole is halved until the guilty event stands alone; the rest arrives."""
    page = context.new_page()

    def refuse_bad(route: Route) -> None:
        if "Bad" in (route.request.post_data or ""):
            route.fulfill(status=400, headers={"Access-Control-Allow-Origin": "*"}, body="no")
        else:
            route.continue_()

    page.route("**/v1/events", refuse_bad)
    page.goto(application.page("for (const n of 'abcBdefg') aboveboard.ping(n === 'B' ? 'Bad' : n);"))
    eventually(lambda: len(application.rows()) == 7, page)
    assert sorted(application.names()) == list("abcdefg")


def test_a_clock_that_is_behind_is_given_up_once_a_new_event_counts_as_erased(
    application: Application, context: BrowserContext
) -> None:
    """From the answer on events and requests have the server's time where it is ahead, else the browser's."""
    hour = 3_600_000
    sent: list[dict[str, Any]] = []
    told: list[str] = []
    ahead, outcomes = hour, ["ACCEPTED", "SUBJECT_ERASED", "ACCEPTED", "ACCEPTED"]

    def answer(route: Route) -> None:
        request = json.loads(route.request.post_data or "")
        sent.extend({**event, "sentAt": request["sentAt"]} for event in request["events"])
        outcome = {"eventId": sent[-1]["eventId"], "outcome": f"OUTCOME_{outcomes[len(sent) - 1]}"}
        time: str = page.evaluate(f"new Date(Date.now() + {ahead}).toISOString()")
        route.fulfill(
            json={
                "verdicts": [outcome] if outcome["outcome"] != "OUTCOME_ACCEPTED" else [],
                "collectionStatus": {"state": "STATE_ENABLED", "serverTime": time},
            },
            headers={"Access-Control-Allow-Origin": "*"},
        )
        told.append(time)

    page = context.new_page()
    page.goto(application.page())
    page.wait_for_function("window.aboveboard?.collectionStatus()")
    page.route("**/v1/events", answer)
    for number in range(4):
        # The last answer is of a server that is behind: it is not followed.
        ahead = hour if number < 2 else -hour
        page.evaluate("aboveboard.ping('Clicked')")
        while len(told) <= number:
            page.wait_for_timeout(20)
        page.wait_for_function("time => aboveboard.collectionStatus().serverTime === time", arg=told[-1])
    assert len(sent) == 4
    real = page.evaluate("Date.now()")
    for name in ("occurredAt", "sentAt"):
        times = [page.evaluate(f"Date.parse('{event[name]}')") - real for event in sent]
        assert [round(time / hour) for time in times] == [0, 0, 1, 0]


def test_a_login_changes_who_sends_from_then_on(application: Application, context: BrowserContext) -> None:
    """After a second init() new pings bear the new source, those queued before the old one; numbers go on."""
    page = context.new_page()
    again = "aboveboard.init({...options, userId: 'u2'}); aboveboard.ping('After');"
    said = json.dumps(
        {
            "solution": "Connects",
            "companyId": application.company,
            "deploymentId": "d1",
            "flushInterval": BRISK,
        }
    )
    page.goto(application.page(f"const options = {said}; aboveboard.ping('Before'); {again}"))
    eventually(lambda: len(application.rows()) == 2, page)
    assert application.rows() == [("Before", 1), ("After", 2)]
    users = [user_id for (user_id,) in application.rows("user_id")]
    assert users == [application.stored_user(user_id) for user_id in ("u1", "u2")]


def documented() -> str:
    """Return the page that README's section shows."""
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    return text.split("```html\n")[1].split("```")[0]


@pytest.mark.parametrize("how", ["blocked", "silent", "broken"])
def test_the_page_of_the_documentation_goes_on_without_the_sdk(
    site: Site, context: BrowserContext, how: str
) -> None:
    """Stopped by an ad blocker, never answered or not a module: the rest of the page's module runs."""
    page = context.new_page()
    errors: list[object] = []
    asked: list[Route] = []

    def answer(route: Route) -> None:
        asked.append(route)
        if how == "blocked":
            route.abort("blockedbyclient")
        elif how == "broken":
            route.fulfill(body="<!doctype html>", content_type="text/html")

    page.route("**/sdk.js", answer)
    page.on("pageerror", lambda error: errors.append(error))  # noqa: PLW0108  # playwright marks what it is given
    page.goto(site.add(f"/documented/{how}", documented()))
    eventually(lambda: asked, page)
    page.click("button")
    assert page.evaluate("typeof document.querySelector('button').onclick") == "function"
    page.evaluate("new Promise((done) => setTimeout(done, 50))")
    assert errors == []


def test_the_page_of_the_documentation_works_as_it_stands(
    site: Site, server: ServerProcess, context: BrowserContext
) -> None:
    """README's section, copied into an empty page: its two pings arrive, with the source it names."""
    example = documented()
    page = context.new_page()
    with page.expect_response("**/v1/status"):
        page.goto(site.add("/documented", example.replace("127.0.0.1:8080", server.http_address)))
    page.click("button")
    page.close(run_before_unload=True)
    statement = "SELECT sequence, event_name, category, company_name FROM ping JOIN source USING (source_id)"
    eventually(lambda: len(server.query(statement)) == 2)
    assert server.query(f"{statement} ORDER BY sequence") == [
        (1, "ApplicationStarted", "TECHNICAL", "Bucher + Suter AG"),
        (2, "ButtonClicked", "INTERACTION", "Bucher + Suter AG"),
    ]
