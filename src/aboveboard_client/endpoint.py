"""Where to send: HOST:PORT, read once, when the client is made."""

from __future__ import annotations

import ipaddress
import re

# A socket file of this machine, as grpc names it.
SOCKET = "unix:"
NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?")
IN_BRACKETS = re.compile(r"\[([^\[\]]*)\]")
HIGHEST_PORT = 65535


def is_local(endpoint: object) -> bool:
    """Whether an endpoint is on this machine, where nobody listens in; TypeError, ValueError.

    An address is what it says; of names `localhost` is the only one that cannot be anybody else's.
    """
    if not isinstance(endpoint, str):
        raise TypeError(f"endpoint: HOST:PORT, not {type(endpoint).__name__}")
    if endpoint.startswith(SOCKET) and endpoint != SOCKET and endpoint.isprintable():
        return True
    host, _, port = endpoint.rpartition(":")
    if not (port.isascii() and port.isdecimal() and 0 < int(port[:6]) <= HIGHEST_PORT):
        raise ValueError(f"endpoint: HOST:PORT with a port from 1 to 65535, not {endpoint!r}")
    address = _address(host)
    if address is None and not NAME.fullmatch(host):
        raise ValueError(f"endpoint: HOST:PORT with a name or an address, not {endpoint!r}")
    return host.lower() == "localhost" if address is None else _is_loopback(address)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read an address, one of IPv6 in brackets; None where it is a name, or nothing."""
    try:
        if found := IN_BRACKETS.fullmatch(host):
            return ipaddress.IPv6Address(found[1])
        return ipaddress.IPv4Address(host)
    except ValueError:
        return None


def _is_loopback(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
