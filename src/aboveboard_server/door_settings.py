"""What an operator may set of the doors: who may come in, how fast, and under which certificate."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from aboveboard_server.errors import StartupError

if TYPE_CHECKING:
    from pathlib import Path

    Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

# Shorter, and callers would do nothing but connect.
MIN_CONNECTION_AGE = 5


@dataclass(frozen=True, slots=True)
class TransportSettings:
    """The certificates of all listeners. StartupError where the flags do not go together."""

    cert: Path | None = None
    key: Path | None = None
    # Who vouches for the certificates that callers must show; None where they need not show any.
    ingest_client_ca: Path | None = None
    admin_client_ca: Path | None = None
    # Whether other addresses than loopback may be served in plain text.
    insecure: bool = False
    # Seconds after which a connection is to be made anew; within a tenth, so that not all come at once.
    max_connection_age: int = 600

    def __post_init__(self) -> None:
        if (self.cert is None) != (self.key is None):
            raise StartupError("--tls-cert and --tls-key: give both or neither")
        if self.cert is None and (self.ingest_client_ca or self.admin_client_ca):
            raise StartupError("--tls-admin-client-ca, --tls-ingest-client-ca: need --tls-cert and --tls-key")
        if self.max_connection_age < MIN_CONNECTION_AGE:
            raise StartupError(f"--max-connection-age: must be at least {MIN_CONNECTION_AGE}")


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """How fast callers may send, each server process for itself. StartupError where a value cannot be meant.

    Rates are in requests a second, 0 for no limit; see docs/limits.md for what counts as one.
    """

    rate_per_key: float = 0
    rate_per_address: float = 5_000
    # Seconds of a rate that a caller may use up at once.
    burst_seconds: float = 10
    # SetCollectionPreference, which anyone may call and which holds up every commit: of one address, of all.
    preference_rate_per_address: float = 1
    preference_rate: float = 20
    # Whose word is taken for whom they speak for (X-Forwarded-For).
    trusted_proxies: tuple[Network, ...] = ()

    def __post_init__(self) -> None:
        if self.rate_per_key < 0 or self.rate_per_address < 0:
            raise StartupError("--rate-per-key, --rate-per-address: must not be negative")
        if self.preference_rate_per_address < 0 or self.preference_rate < 0:
            raise StartupError("--preference-rate-per-address, --preference-rate: must not be negative")
        if self.burst_seconds < 1:
            raise StartupError("--burst-seconds: must be at least 1")


def networks(text: str) -> tuple[Network, ...]:
    """Read networks with commas between, such as `10.0.0.0/8,::1`; StartupError where one is none."""
    parts = [part.strip() for part in text.split(",")]
    try:
        return tuple(ipaddress.ip_network(part) for part in parts if part)
    except ValueError as error:
        raise StartupError("--trusted-proxy: addresses or networks such as 10.0.0.0/8") from error
