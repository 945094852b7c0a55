"""HOST:PORT, and the sockets bound to it."""

from __future__ import annotations

import ipaddress
import socket

from aboveboard_server.errors import StartupError


def listening(bind: str, *, reuse_port: bool = False) -> socket.socket:
    """Return a TCP socket bound to HOST:PORT; StartupError where the address cannot be had.

    `reuse_port` lets other sockets that ask for it bind the same port.
    """
    host, _, port = bind.rpartition(":")
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        # For the connections of a server just stopped, which linger; a port that is listened on stays taken.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(reuse_port))
        bound.bind((host.strip("[]"), int(port)))
    except (OSError, ValueError) as error:
        # A ValueError too: no host has a name like that.
        bound.close()
        raise StartupError(f"cannot listen on {bind}: the address is in use or not this machine's") from error
    return bound


def is_loopback(bind: str) -> bool:
    """Whether only this machine reaches HOST:PORT; StartupError where the host has no address."""
    host = bind.rpartition(":")[0].strip("[]")
    try:
        found = {str(answer[4][0]) for answer in socket.getaddrinfo(host, None)}
    except (OSError, ValueError) as error:
        raise StartupError(f"cannot listen on {bind}: {host} has no address") from error
    return all(ipaddress.ip_address(address).is_loopback for address in found)


def with_port(bind: str, bound: socket.socket) -> str:
    """Return HOST:PORT with the port that a socket has, where `bind` may have asked for any."""
    return f"{bind.rpartition(':')[0]}:{bound.getsockname()[1]}"
