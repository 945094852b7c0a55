"""Rates and addresses, by a clock that the test turns."""

from __future__ import annotations

import pytest

from aboveboard_server.door_settings import LimitSettings, networks
from aboveboard_server.errors import OverloadedError, StartupError
from aboveboard_server.limits import COUNTED_BYTES, REFUSED_PER_SECOND, Limiter, Rate, Refusals


class Clock:
    """Tells the time it was set to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def count_admitted(rate: Rate, caller: str, tries: int, cost: int = 1) -> int:
    return sum(rate.admits(caller, cost) for _ in range(tries))


def test_a_burst_and_then_the_rate() -> None:
    """At once goes what the bucket holds, then as much as flows in; another caller has its own."""
    clock = Clock()
    rate = Rate(per_second=8, burst_seconds=2, clock=clock)
    assert count_admitted(rate, "a", 100) == 16
    assert count_admitted(rate, "b", 100) == 16
    clock.now += 1
    assert count_admitted(rate, "a", 100) == 8
    clock.now += 1_000
    assert count_admitted(rate, "a", 100) == 16
    clock.now += 1_000
    assert count_admitted(rate, "a", 100, cost=4) == 4


def test_what_is_larger_than_the_bucket_goes_through_when_that_is_full() -> None:
    """A request over the whole burst is not refused for ever, and keeps its caller waiting afterwards."""
    clock = Clock()
    rate = Rate(per_second=1, burst_seconds=1, clock=clock)
    assert count_admitted(rate, "a", 2, cost=100) == 1
    clock.now += 99
    assert not rate.admits("a", 100)
    clock.now += 1
    assert rate.admits("a", 100)


def test_a_request_counts_by_its_size_for_its_address_and_its_key() -> None:
    """Each has a rate of its own, and what is beyond it is refused."""
    limiter = Limiter(LimitSettings(rate_per_address=4, rate_per_key=2, burst_seconds=1))
    limiter.admit("192.0.2.1", 3 * COUNTED_BYTES)
    with pytest.raises(OverloadedError):
        limiter.admit("192.0.2.1", 0)
    limiter.admit("192.0.2.2", 0)
    limiter.count("key", COUNTED_BYTES)
    with pytest.raises(OverloadedError):
        limiter.count("key", 0)
    limiter.count("other", 0)


def test_preferences_have_rates_of_their_own() -> None:
    """Of an address, and of all; calls that one makes too many take nothing from the others."""
    limiter = Limiter(
        LimitSettings(rate_per_address=0, preference_rate_per_address=2, preference_rate=5, burst_seconds=1)
    )
    # Whose call it is matters to preferences alone.
    assert limiter.address_of("192.0.2.1", lambda: "") == "192.0.2.1"
    for _ in range(2):
        limiter.admit_preference("192.0.2.1")
    for _ in range(10):
        with pytest.raises(OverloadedError):
            limiter.admit_preference("192.0.2.1")
    for address in ("192.0.2.2", "192.0.2.3", "192.0.2.4"):
        limiter.admit_preference(address)
    with pytest.raises(OverloadedError):
        limiter.admit_preference("192.0.2.5")


def test_preferences_without_rates_are_not_counted() -> None:
    """0 is no limit, and nobody's address is looked for."""
    limiter = Limiter(LimitSettings(rate_per_address=0, preference_rate_per_address=0, preference_rate=0))
    assert limiter.address_of("192.0.2.1", lambda: "") == ""
    for _ in range(1_000):
        limiter.admit_preference("")


def test_nothing_is_admitted_while_the_queue_is_full() -> None:
    """Where nothing more can wait for its commit, whoever calls is refused before anything is read."""
    full = [True]
    limiter = Limiter(LimitSettings(rate_per_address=0), lambda: full[0])
    with pytest.raises(OverloadedError):
        limiter.admit("192.0.2.1", 1)
    full.clear()
    full.append(False)
    limiter.admit("192.0.2.1", 1)


@pytest.mark.parametrize(
    ("host", "forwarded", "counted"),
    [
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
        ("10.1.2.3", "198.51.100.7", "198.51.100.7"),
        ("10.1.2.3", "203.0.113.9, 198.51.100.7, 10.9.9.9", "198.51.100.7"),
        ("::ffff:10.1.2.3", "198.51.100.7", "198.51.100.7"),
        ("10.1.2.3", "", "10.1.2.3"),
        ("10.1.2.3", "198.51.100.7, " + "x" * 10_000, "10.1.2.3"),
        ("10.1.2.3", "fe80::1%eth0", "fe80000000000000::"),
        ("10.1.2.3", "fe80::1%" + "x" * 10_000, "10.1.2.3"),
        ("10.1.2.3", "203.0.113.9:4711", "203.0.113.9"),
        ("10.1.2.3", "203.0.113.9:4711, 198.51.100.7:80", "198.51.100.7"),
        ("10.1.2.3", "203.0.113.9:4711, 10.9.9.9:50051", "203.0.113.9"),
        ("10.1.2.3", "203.0.113.9, 10.9.9.9:1, [2001:db8:ffff::1]:2,", "203.0.113.9"),
        ("10.1.2.3", '"203.0.113.9:4711"', "203.0.113.9"),
        ("10.1.2.3", '"203.0.113.9"', "203.0.113.9"),
        ("10.1.2.3", "[2001:db8:1:2:3::4]:4711", "20010db800010002::"),
        ("10.1.2.3", "[2001:db8:1:2:3::4]", "20010db800010002::"),
        ("10.1.2.3", '"[2001:db8:1:2:3::4]:4711"', "20010db800010002::"),
        ("10.1.2.3", "[::ffff:203.0.113.9]:4711", "203.0.113.9"),
        ("10.1.2.3", "[::ffff:10.9.9.9]:4711", "10.1.2.3"),
        ("10.1.2.3", "203.0.113.9:http", "10.1.2.3"),
        ("10.1.2.3", "203.0.113.9:", "10.1.2.3"),
        ("10.1.2.3", "203.0.113.256:1", "10.1.2.3"),
        ("10.1.2.3", "203.0.113.9:" + "1" * 10_000, "10.1.2.3"),
        ("10.1.2.3", "[" * 10_000 + "]" * 10_000, "10.1.2.3"),
        ("10.1.2.3", "203.0.113.9, unknown", "10.1.2.3"),
        ("10.1.2.3", "203.0.113.9, _hidden", "10.1.2.3"),
        ("10.1.2.3", "203.0.113.9, _hidden:_port", "10.1.2.3"),
        ("10.1.2.3", "203.0.113.9, caf\u00e9", "10.1.2.3"),
        ("10.1.2.3", "\u0662\u0660\u0663.0.113.9", "10.1.2.3"),
        ("10.1.2.3", "203.0.113.9, unknown, 10.9.9.9", "10.1.2.3"),
        ("10.1.2.3", " , ,", "10.1.2.3"),
        ("10.1.2.3", "for=203.0.113.9", "10.1.2.3"),
        ("10.1.2.3", "2001:db8:1:2:3::4", "20010db800010002::"),
        ("2001:db8:1:2::1", "", "20010db800010002::"),
        ("2001:db8:1:2:ffff::9", "", "20010db800010002::"),
        ("2001:db8:1:3::1", "", "20010db800010003::"),
        ("::ffff:192.0.2.1", "", "192.0.2.1"),
        ("fe80::1%eth0", "", "fe80000000000000::"),
    ],
)
def test_whom_a_request_is_counted_against(host: str, forwarded: str, counted: str) -> None:
    """IPv6 by its /64; the last hop that is no trusted proxy, and that only where a trusted one says it."""
    limiter = Limiter(LimitSettings(trusted_proxies=networks("10.0.0.0/8, 2001:db8:ffff::/48")))
    assert limiter.address_of(host, lambda: forwarded) == counted.lstrip("0")


def test_settings_that_cannot_be_meant() -> None:
    """A network that is none and a negative rate are refused by the name of their flag."""
    with pytest.raises(StartupError, match="--trusted-proxy"):
        networks("10.0.0.0/33")
    with pytest.raises(StartupError, match="--rate-per"):
        LimitSettings(rate_per_key=-1)
    with pytest.raises(StartupError, match="--preference-rate"):
        LimitSettings(preference_rate=-1)


def test_the_more_are_refused_the_longer_they_wait() -> None:
    """The delay grows until no more than 50 a second come again, ends at 30 s, and shrinks with them."""
    clock = Clock()
    refusals = Refusals(clock)
    assert refusals.delay() == 1
    delays, told = [], 0.0
    for callers in [1_000] * 4 + [100_000] * 3 + [1] * 4:
        for _ in range(max(1, round(callers / refusals.delay()))):
            told = refusals.delay()
        delays.append(round(told))
        clock.now += 1
    assert delays[3] == pytest.approx(1_000 / REFUSED_PER_SECOND, rel=0.2)
    assert delays[6] == 30
    assert delays[-1] == 1
