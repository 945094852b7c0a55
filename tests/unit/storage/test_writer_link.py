"""The server's end of the writer's socket, once the writer has ended."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest
import uvloop

from aboveboard_server.errors import StoreUnavailableError
from aboveboard_server.storage import frames
from aboveboard_server.storage.writer_link import Connection

if TYPE_CHECKING:
    from collections.abc import Callable

LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]


@pytest.mark.parametrize("new_loop", LOOPS)
def test_a_writer_that_has_ended_is_asked_nothing(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """Whoever asks it is told so at once, though nobody has taken notice yet of its end."""

    async def ask_one_that_ended() -> None:
        ours, theirs = socket.socketpair()
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(Connection, sock=ours)
        waits = connection.ask(frames.pack("asked before"))
        theirs.close()
        await connection.ended
        with pytest.raises(StoreUnavailableError):
            await waits
        with pytest.raises(StoreUnavailableError):
            await asyncio.wait_for(connection.ask(frames.pack("asked after")), 30)

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(ask_one_that_ended())
