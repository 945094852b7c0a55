"""In a module worker, which has no document and no storage, the SDK works as in a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.application import BRISK

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page
    from tests.support.application import Application

# From a Blob, as a page of another origin than the SDK has to start it; it tells what `collecting` says.
WORKER = """options => {
  const text = `
    import * as aboveboard from '${options.endpoint}sdk.js';
    aboveboard.init(${JSON.stringify(options)});
    aboveboard.ping('Before');
    onmessage = async ({data: [name, given]}) => {
      await aboveboard[name](given);
      postMessage([aboveboard.collecting(), aboveboard.collectionStatus()?.state]);
    };`;
  const source = new Blob([text], {type: 'text/javascript'});
  const worker = new Worker(URL.createObjectURL(source), {type: 'module'});
  window.call = (...what) => new Promise((done) => {
    worker.onmessage = ({data}) => done(data);
    worker.postMessage(what);
  });
}"""


def worker(application: Application, context: BrowserContext) -> Page:
    """Return a page whose worker uses the SDK."""
    page = context.new_page()
    page.goto(application.page(before="throw 'the page itself does not use it';"))
    page.evaluate(WORKER, application.options(flushInterval=BRISK, endpoint=application.endpoint))
    return page


def test_what_is_pinged_after_the_status_came_arrives(
    application: Application, context: BrowserContext
) -> None:
    """By its timer, as what was pinged before it, and numbered on."""
    page = worker(application, context)
    application.expect("Before")
    assert page.evaluate("call('ping', 'After')") == [True, "STATE_ENABLED"]
    application.expect("Before", "After")
    assert [number for _, number in application.rows()] == [1, 2]


def test_a_refusal_in_a_worker_holds(application: Application, context: BrowserContext) -> None:
    """It is told without a token, which a worker cannot keep, and nothing leaves any more."""
    page = worker(application, context)
    application.expect("Before")
    assert page.evaluate("call('disable', 'USER')") == [False, "STATE_DISABLED"]
    page.evaluate("call('ping', 'After')")
    page.evaluate("call('flush')")
    application.expect("Before")
