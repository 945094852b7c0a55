"""Streams are read for so long, and no longer than the server runs."""

from __future__ import annotations

import asyncio

import pytest

from aboveboard_server.ingest.stream import Streams


async def read(streams: Streams, seconds: float = 60) -> str:
    async with streams.bounded():
        await asyncio.sleep(seconds)
        return "to its end"
    return "broken off"


async def test_a_stream_has_its_time() -> None:
    """One that lasts too long is broken off without an error; a shorter one comes to its own end."""
    assert await read(Streams(0.01)) == "broken off"
    assert await read(Streams(60), 0) == "to its end"


async def test_all_streams_end_when_the_server_goes() -> None:
    """Those that are open are broken off, whether or not some have ended already; further ones are read."""
    streams = Streams(60)
    open_ones = [asyncio.create_task(read(streams, seconds)) for seconds in (0, 60, 60)]
    assert await open_ones[0] == "to its end"
    streams.end()
    streams.end()
    assert await asyncio.gather(*open_ones[1:]) == ["broken off"] * 2
    assert await read(streams, 0) == "to its end"


async def test_an_error_of_a_stream_stays_one() -> None:
    """A TimeoutError of what is inside is no end of the stream's time."""
    with pytest.raises(TimeoutError, match="inside"):
        async with Streams(60).bounded():
            raise TimeoutError("inside")
