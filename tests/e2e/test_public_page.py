"""The public pages in a real Chromium: they load nothing, run nothing, and show whatever text as text."""

from __future__ import annotations

import dataclasses
import html
import json
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from playwright.sync_api import Error
from tests.support.browser import eventually, executions
from tests.support.clients import deployment_source, new_id, ping, publish, request, server_source
from tests.support.polyglots import POLYGLOTS

from aboveboard_server.http_edge import pages
from aboveboard_server.schema import catalog, dictionary

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page
    from tests.support.browser import Site
    from tests.support.server import ServerProcess

    from aboveboard.telemetry.v1.event_pb2 import EventEnvelope

PHONE = {"width": 360, "height": 740}


@pytest.fixture
def page(context: BrowserContext, shared_server: ServerProcess) -> Page:
    """The dictionary, open."""
    page = context.new_page()
    page.goto(f"http://{shared_server.http_address}/")
    return page


def test_the_dictionary_asks_for_nothing_else(context: BrowserContext, shared_server: ServerProcess) -> None:
    """One request, one answer; no cookie, nothing stored, nothing on the console."""
    page = context.new_page()
    requests: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda asked: requests.append(asked.url))
    page.on("console", lambda message: complaints.append(message.text))
    address = f"http://{shared_server.http_address}/"
    page.goto(address, wait_until="networkidle")
    assert (requests, complaints, context.cookies()) == ([address], [], [])
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0


def test_the_policy_blocks_what_is_put_in(page: Page) -> None:
    """Even where markup got in, no script, no handler, no image, no frame and no request would work."""
    seen = executions(page)
    blocked = page.evaluate(
        """async () => {
            const blocked = new Set();
            const note = (event) => blocked.add(event.effectiveDirective);
            document.addEventListener('securitypolicyviolation', note);
            document.body.insertAdjacentHTML('beforeend',
                `<img src="http://127.0.0.1:9/x.png"><iframe src="/"></iframe><b style="color:red">x</b>
                 <img src="data:," onerror="alert(1)">`);
            const script = document.createElement('script');
            script.textContent = 'alert(1)';
            document.body.append(script);
            await fetch('/').catch(() => 0);
            await new Promise((resolve) => setTimeout(resolve, 200));
            return [...blocked].sort();
        }"""
    )
    assert {"connect-src", "frame-src", "img-src", "script-src-attr", "script-src-elem"} <= set(blocked)
    assert seen == []


def test_every_event_and_field_is_on_the_page(page: Page) -> None:
    """Each event has its place with purpose, owner and days, and each of its fields a row."""
    for event in dictionary.build(catalog.default()).events:
        article = page.locator(f"article#{event.name}")
        text = article.inner_text()
        assert event.purpose in text
        assert f"{event.retention_days} days" in text
        rows = article.locator("tbody th code").all_inner_texts()
        assert rows == [field.name for field in event.fields]
        for field in event.fields:
            assert field.purpose in text
            assert field.example in text


def test_every_link_has_its_place(page: Page) -> None:
    """Each link leads to a place on the page itself."""
    dangling = page.evaluate(
        "[...document.links].filter((a) => !a.hash || !document.getElementById(a.hash.slice(1))).map(String)"
    )
    assert dangling == []
    assert page.evaluate("document.links.length") > 20


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_reads_well_on_a_phone_and_in_the_dark(page: Page, scheme: Any) -> None:
    """No line is wider than a phone, and every text stands out from its ground: contrast 4.5 or more."""
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a plain dict serves
    page.emulate_media(color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    weakest = page.evaluate(
        """() => {
            const channels = (color) => color.match(/[\\d.]+/g).slice(0, 3).map((c) => c / 255)
                .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
            const share = [0.2126, 0.7152, 0.0722];
            const light = (color) => channels(color).reduce((sum, c, n) => sum + c * share[n], 0);
            const ground = (element) => {
                for (let e = element; e; e = e.parentElement) {
                    const color = getComputedStyle(e).backgroundColor;
                    if (color.startsWith('rgb(')) return color;
                }
            };
            const texts = document.querySelectorAll('h1,h2,h3,p,a,li,th,td,dt,dd,.form,.finds');
            return Math.min(...[...texts].map((e) => {
                const [a, b] = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x);
                return (a + 0.05) / (b + 0.05);
            }));
        }"""
    )
    assert weakest >= 4.5


def hostile(value: Any, texts: list[str]) -> Any:
    """Return a copy of a dictionary in which every text is the next of `texts`."""
    if isinstance(value, str):
        texts.append(texts.pop(0))
        return texts[-1]
    if isinstance(value, tuple):
        return tuple(hostile(each, texts) for each in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
        return dataclasses.replace(value, **{name: hostile(each, texts) for name, each in fields.items()})
    return value


def test_hostile_text_is_shown_as_text(context: BrowserContext) -> None:
    """With polyglots for every text of the dictionary and without the policy's help: nothing runs."""
    page = context.new_page()
    seen = executions(page)
    whole = dictionary.build(catalog.default())
    texts = list(POLYGLOTS)
    for _ in range(3):
        page.set_content(pages.render(hostile(whole, texts), ""), wait_until="load")
        page.wait_for_timeout(100)
        assert page.locator("script, img, iframe, svg, details, math").count() == 0
    assert seen == []


def cut(text: str, most: int) -> str:
    """Return as much of a text as a field takes; identifiers may not end with white space."""
    return text.encode()[:most].decode(errors="ignore").strip()


def full_of(text: str) -> list[EventEnvelope]:
    """Return an event of each kind that has the text wherever a text may stand."""
    events = []
    for event in catalog.default().events:
        envelope = ping(text, {text: text, "list": [text]}, event_id=new_id())
        message = getattr(envelope, event.name)
        for field in event.fields:
            if field.policy.format == "UUID":
                setattr(message, field.name, new_id())
            elif field.descriptor.type == FieldDescriptor.TYPE_STRING:
                setattr(message, field.name, cut(text, field.policy.max_bytes))
            elif field.descriptor.type == FieldDescriptor.TYPE_ENUM:
                setattr(message, field.name, 1)
        events.append(envelope)
    return events


@pytest.mark.fault(seconds=10)
def test_what_is_stored_runs_on_no_page(context: BrowserContext, server: ServerProcess) -> None:
    """200 polyglots in every free-form field, sent and stored: no page of the service runs any of them."""
    events = len(catalog.default().events)
    for text in POLYGLOTS:
        short = cut(text, 64)
        named = {"company_name": text, "deployment_name": text, "instance_id": text, "user_id": text}
        told = {"solution": text, "version": short}
        assert (
            publish(server, deployment_source(text, text, **named, **told), *full_of(text)).accepted_count
            == events
        )
        assert publish(server, server_source(**told), *full_of(text)).accepted_count == events
    page = context.new_page()
    seen = executions(page)
    at = f"http://{server.http_address}"
    for path in ("/", "/sdk.js", "/sdk.d.ts", "/healthz", "/readyz", "/metrics", "/v1/events"):
        page.goto(at + path)
    for text in POLYGLOTS[::8]:
        page.goto(f"{at}/{text}")
        page.goto(f"{at}/api_public/servers/{text}?{text}#{text}")
    page.wait_for_timeout(200)
    assert seen == []


def visit(page: Page, address: str) -> None:
    """Open a page; again where the tab has yet to find that a 204 before has nothing to show."""

    def opened() -> bool:
        try:
            page.goto(address)
        except Error:
            return False
        return True

    eventually(opened)


@pytest.mark.fault(seconds=10)
def test_no_answer_to_a_posted_form_runs(
    context: BrowserContext, site: Site, shared_server: ServerProcess
) -> None:
    """A form of a hostile page posts polyglots as text/plain, and its tab shows the answer: nothing runs."""
    page = context.new_page()
    seen = executions(page)
    shown = set()
    for number, text in enumerate(POLYGLOTS[::50]):
        event = ping(text, event_id=text)
        # A form puts "=" between name and value: in the good one it becomes the source's version.
        events = json.dumps(json_format.MessageToDict(request(None, [event])))[:-1]
        source = json.dumps(json_format.MessageToDict(deployment_source("hostile")))[:-2]
        posted = [
            (f'{events}, "source": {source}, "version": "', '"}}}'),
            *((sent + ',"version":"', '"}') for sent in (json.dumps({text: {text: text}})[:-1], text)),
        ]
        for path in ("/v1/events", "/v1/status", "/api_public/stats/element"):
            for name, value in posted:
                form = f'<form method="post" enctype="text/plain" action="http://{shared_server.http_address}{path}">'
                field = f'<input name="{html.escape(name)}" value="{html.escape(value)}">'
                visit(page, site.add(f"/form{number}", f"<!doctype html>{form}{field}</form>"))
                with page.expect_response(f"**{path}") as answer:
                    page.evaluate("document.forms[0].submit()")
                shown.add((path, answer.value.status))
    assert ("/v1/events", 204) in shown
    assert ("/v1/events", 400) in shown
    assert seen == []
