"""Calls that have come and that nobody has looked at yet, and how long a new one would wait among them.

grpc.aio takes one call in each turn of the event loop. What comes faster stands in a queue inside of grpc,
which no handler sees: without a look at it, callers would wait there without end while the service's own
queue stays short.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, TypeAlias

import grpc
from grpc_channelz.v1 import channelz_pb2
from grpc_channelz.v1.channelz import ChannelzServicer

if TYPE_CHECKING:
    from collections.abc import Callable

    Handler: TypeAlias = grpc.RpcMethodHandler[object, object]

# Seconds for which a call may wait to be looked at, before new ones are told to come again later.
MAX_WAIT = 0.5
# Calls that may wait whatever the rate; and the seconds between two looks, a millisecond each.
FEW = 128
LOOK_INTERVAL = 0.25
# It asks for a context to tell errors to; there are none where the server exists.
NO_CONTEXT: Any = None


class Arrivals(grpc.GenericRpcHandler):
    """Sees each call of a server before its message has come, and says whether it is one too many.

    Make it when its `grpc.aio.server` has just been made. `refusing` returns what refuses the calls of
    a method; methods that begin with `exempt` are never refused.
    """

    def __init__(self, refusing: Callable[[str], Handler], exempt: str) -> None:
        servers = ChannelzServicer.GetServers(channelz_pb2.GetServersRequest(), NO_CONTEXT).server
        self._server = channelz_pb2.GetServerRequest(server_id=max(one.ref.server_id for one in servers))
        self._refusing = refusing
        self._exempt = exempt
        self._seen = 0
        # At the last look: when it was, how many had been seen by then, and how many were not.
        self._looked_at = -math.inf
        self._seen_then = self._unseen_then = 0
        # Unseen calls from which on a new one would wait too long.
        self._most = math.inf

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Handler | None:
        """Return what refuses a call that is one too many, None for any other."""
        self._seen += 1
        now = time.monotonic()
        if now - self._looked_at >= LOOK_INTERVAL:
            self._look(now)
        if self._unseen_then - (self._seen - self._seen_then) <= self._most:
            return None
        method = handler_call_details.method
        return None if method.startswith(self._exempt) else self._refusing(method)

    def _look(self, now: float) -> None:
        unseen = self._unseen()
        busy = min(unseen, self._unseen_then) > FEW
        rate = (self._seen - self._seen_then) / (now - self._looked_at)
        # What was taken in between tells how much can be taken only where there was always something to take.
        self._most = max(FEW, rate * MAX_WAIT) if busy else math.inf
        self._looked_at, self._seen_then, self._unseen_then = now, self._seen, unseen

    def _unseen(self) -> int:
        """Return how many have come and have not been seen; who gives up meanwhile is seen all the same."""
        return ChannelzServicer.GetServer(self._server, NO_CONTEXT).server.data.calls_started - self._seen
