"""The terms on which a door opens, whichever it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aboveboard_server.tls import Certificates


@dataclass(frozen=True, slots=True)
class Terms:
    """How a listener is reached: its address, HOST:PORT, its certificates, and how long connections live."""

    bind: str
    certificates: Certificates | None
    max_connection_age: int
    reuse_port: bool
