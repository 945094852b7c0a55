"""A service that is away is not hammered by pages: attempts, timers and clocks."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext
    from tests.support.application import Application

SECOND = 1_000
# JSON has no name for most of them.
REFUSED = ["0", "999", "-5000", "NaN", "Infinity", "'5000'", "true", "({})", "Symbol('s')", "10n"]


# In the page: what the console says of an interval, and how long the SDK then waits with a ping.
USE = """async given => {
  const [said, waits, sleep] = [[], [], setTimeout];
  console.warn = (...what) => said.push(what.join());
  window.setTimeout = (_, ms) => (waits.push(ms), 0);
  aboveboard.init({solution: 'Connects', companyId: 'c', deploymentId: 'd', ...eval(`({${given}})`)});
  while (!aboveboard.collectionStatus()) await new Promise((done) => sleep(done, 50));
  waits.length = 0;
  aboveboard.ping('Waits');
  aboveboard.ping('Waits');
  window.setTimeout = sleep;
  const wait = waits[0];
  await aboveboard.flush();
  return [said, wait];
}"""


def test_an_interval_that_cannot_be_is_refused_by_name(
    application: Application, context: BrowserContext
) -> None:
    """The console says so once, and 5 s are used; no timer is longer than timers can be."""
    page = context.new_page()
    page.goto(application.page())
    page.wait_for_function("window.aboveboard?.collectionStatus()")
    for refused in REFUSED:
        said, wait = page.evaluate(USE, f"flushInterval: {refused}")
        assert (len(said), wait) == (1, 5 * SECOND), refused
        assert "flushInterval" in said[0]
    for given, used in [("", 5_000), ("flushInterval: 1000", 1_000), ("flushInterval: 1e300", 2**31 - 1)]:
        assert page.evaluate(USE, given) == [[], used]


@pytest.mark.fault
@pytest.mark.parametrize("interval", ["0", "NaN", "1000"])
def test_a_service_that_is_away_is_tried_once_a_second_at_most(
    application: Application, context: BrowserContext, interval: str
) -> None:
    """Whatever the interval, and however often the page calls `flush`: no two attempts within a second."""
    page = context.new_page()
    page.goto(application.page())
    page.wait_for_function("window.aboveboard?.collectionStatus()")
    page.evaluate(
        """interval => {
          window.tried = [];
          window.fetch = async () => { tried.push(performance.now()); throw new TypeError('away'); };
          setInterval(() => { aboveboard.ping('Waits'); aboveboard.flush(); }, 5);
          aboveboard.init({solution: 'Connects', companyId: 'c', deploymentId: 'd',
            flushInterval: Number(interval)});
        }""",
        interval,
    )
    page.wait_for_function("tried.length > 2")
    tried = page.evaluate("tried")
    assert min(later - sooner for sooner, later in pairwise(tried)) >= SECOND


def test_a_service_that_refuses_everything_is_tried_once_a_second_at_most(
    application: Application, context: BrowserContext
) -> None:
    """As behind a proxy that takes nothing: requests are halved, and events dropped, one step a second."""
    page = context.new_page()
    page.goto(application.page())
    page.wait_for_function("window.aboveboard?.collectionStatus()")
    page.evaluate(
        """() => {
          window.tried = [];
          window.fetch = async () => (tried.push(performance.now()), new Response('', {status: 413}));
          for (let n = 0; n < 9; n++) aboveboard.ping('Waits');
          setInterval(aboveboard.flush, 5);
        }"""
    )
    page.wait_for_function("tried.length > 4")
    tried = page.evaluate("tried")
    assert min(later - sooner for sooner, later in pairwise(tried)) >= SECOND


def test_a_clock_that_is_set_back_puts_nothing_off(application: Application, context: BrowserContext) -> None:
    """A service that was away is tried again as soon as without: waits go by how much time has passed."""
    page = context.new_page()
    page.goto(application.page())
    page.wait_for_function("window.aboveboard?.collectionStatus()")
    page.evaluate(
        """() => {
          const send = fetch;
          window.fetch = async () => {
            Date.now = () => 946_684_800_000;
            window.fetch = send;
            throw new TypeError('away');
          };
          aboveboard.ping('Waits');
        }"""
    )
    application.expect("Waits")
