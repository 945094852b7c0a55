"""Who may send how much, asked before anything of a request is looked at.

Addresses live here and nowhere else: in memory, in no line of the log, in no error and in no number.
"""

from __future__ import annotations

import ipaddress
import re
import time
from typing import TYPE_CHECKING

from aboveboard_server.byte_cache import MIB, Bound, ByteCache, declare
from aboveboard_server.errors import OverloadedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from aboveboard_server.door_settings import LimitSettings

# A request counts once for each of these many bytes, begun ones too: decoding and storing go by the size.
COUNTED_BYTES = 16 * 1024
# Refusals a second to which callers are held by the delay they are told, in seconds, as far as they heed it:
# each takes half a millisecond of the processor.
REFUSED_PER_SECOND = 50
LONGEST_DELAY = 30.0
# Callers remembered for each rate, some 60,000.
ADDRESSES = declare("addresses, for their rate", 16 * MIB)
KEYS = declare("write keys, for their rate", 16 * MIB)
PREFERRING = declare("addresses, for their rate of preferences", 16 * MIB)
# Seconds' worth of the rate of preferences of all callers together that may come at once.
PREFERENCE_BURST_SECONDS = 1
# Characters of an address with a zone and a port, in brackets and quotes; and those forms.
LONGEST_HOP = 100
HOP = re.compile(r'"?(?:\[([^]]*)\](?::\d+)?|([\d.]+)(?::\d+)?|([^\[\]"]+))"?', re.ASCII)
# Bits of an IPv6 address that one customer of a provider has for himself.
IPV6_CUSTOMER = 64


class Rate:
    """A token bucket for each caller, refilled at `per_second`, that holds `burst_seconds` of it.

    A bucket is kept as the time at which it will be full again. Where there are more callers than can be
    remembered, those that were quiet longest are forgotten, which fills their buckets.
    """

    def __init__(
        self,
        per_second: float,
        burst_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        bound: Bound = ADDRESSES,
    ) -> None:
        self._seconds_each = 1 / per_second
        self._burst = burst_seconds
        self._clock = clock
        self._full_at: ByteCache[str, float] = ByteCache(bound)

    def admits(self, caller: str, cost: int) -> bool:
        """Take `cost` out of the caller's bucket, unless less is in it; a full one always gives."""
        now = self._clock()
        full_at = self._full_at[caller] or now
        taken = cost * self._seconds_each
        admitted = full_at <= now or full_at - now + taken <= self._burst
        self._full_at.remember(caller, max(full_at, now) + taken if admitted else full_at)
        return admitted


class Refusals:
    """Tells those who are refused to wait the longer the more of them there are.

    Each attempt costs half of what a small request does: without this the refused would eat up what the
    server can do.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since = clock()
        # Refused in the span of time under way, and the seconds to wait that the span before has shown.
        self._count = 0
        self._seconds = 1.0

    def delay(self) -> float:
        """Count a refusal, and return the seconds after which it may be tried again."""
        now = self._clock()
        if now - self._since >= 1:
            needed = self._count / (now - self._since) / REFUSED_PER_SECOND
            self._seconds = min(max(1.0, self._seconds * needed), LONGEST_DELAY)
            self._since, self._count = now, 0
        self._count += 1
        return self._seconds


class Preferences:
    """Turns away calls of SetCollectionPreference before anything is read: a change holds up every commit.

    Calls that one address makes too many count against nobody else.
    """

    def __init__(self, settings: LimitSettings) -> None:
        each, together = settings.preference_rate_per_address, settings.preference_rate
        self._addresses = Rate(each, settings.burst_seconds, bound=PREFERRING) if each else None
        self._together = Rate(together, PREFERENCE_BURST_SECONDS) if together else None
        self._refusals = Refusals()
        self._seconds_each = 1 / each if each else 0.0

    def admit(self, address: str) -> None:
        """Count a call; OverloadedError where it is one too many, of this address or of all."""
        if self._addresses is not None and not self._addresses.admits(address, 1):
            raise OverloadedError(max(1.0, self._seconds_each))
        if self._together is not None and not self._together.admits("", 1):
            raise OverloadedError(self._refusals.delay())


class Limiter:
    """Turns away what is too much. `is_full` is whether no more can wait to be committed."""

    def __init__(self, settings: LimitSettings, is_full: Callable[[], bool] = lambda: False) -> None:
        self._is_full = is_full
        self._refusals = Refusals()
        burst = settings.burst_seconds
        self._keys = Rate(settings.rate_per_key, burst, bound=KEYS) if settings.rate_per_key else None
        self._addresses = Rate(settings.rate_per_address, burst) if settings.rate_per_address else None
        self._preferences = Preferences(settings)
        self._trusted = settings.trusted_proxies
        # Whether it matters who calls.
        self._needs_address = bool(settings.rate_per_address or settings.preference_rate_per_address)

    def admit(self, address: str, size: int) -> None:
        """Count a request of `size` bytes; OverloadedError where it is one too many.

        `address` is as `address_of` returns it.
        """
        if self._is_full():
            raise self.overloaded()
        if self._addresses is not None and not self._addresses.admits(address, _cost(size)):
            raise OverloadedError

    def overloaded(self) -> OverloadedError:
        """Count a refusal that no caller alone is the reason for, and return it."""
        return OverloadedError(self._refusals.delay())

    def count(self, key_id: str, size: int) -> None:
        """Count a request of `size` bytes by the key it shows; OverloadedError where it is one too many."""
        if self._keys is not None and not self._keys.admits(key_id, _cost(size)):
            raise OverloadedError

    def admit_preference(self, address: str) -> None:
        """Count a call of SetCollectionPreference; OverloadedError where it is one too many."""
        self._preferences.admit(address)

    def address_of(self, host: str, forwarded_for: Callable[[], str]) -> str:
        """Return who a request is counted against: its sender, or whom a trusted proxy speaks for.

        `forwarded_for` returns the proxy's X-Forwarded-For, and is asked for it only then.
        """
        if not self._needs_address:
            return ""
        if self._trusted and self._is_trusted(host):
            # Each proxy adds whom it heard; what stands before that anybody may have written.
            hops = (hop for hop in reversed(forwarded_for().split(",")) if hop.strip())
            said = next((hop for hop in map(_address_in, hops) if not self._is_trusted(hop)), host)
            # Where the last of them is no address, the proxy itself is counted.
            host = said or host
        return host if ":" not in host else _customer(host)

    def _is_trusted(self, host: str) -> bool:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self._trusted)


def _cost(size: int) -> int:
    return 1 + size // COUNTED_BYTES


def _address_in(hop: str) -> str:
    """Return the address that a proxy names, "" where it is none.

    Some name a port with it, or write it as the Forwarded header does: 203.0.113.9:4711, [2001:db8::1]:4711,
    "[2001:db8::1]". What is no address (unknown, _hidden) may be of any length.
    """
    text = hop.strip()
    if len(text) > LONGEST_HOP:
        return ""
    found = HOP.fullmatch(text)
    try:
        return str(ipaddress.ip_address(next(filter(None, found.groups())))) if found else ""
    except ValueError:
        return ""


def _customer(host: str) -> str:
    """Return the network of an IPv6 address that is one caller's, or the IPv4 address it stands for."""
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        return host
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return f"{int(address) >> IPV6_CUSTOMER:x}::"
