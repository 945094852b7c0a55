"""Connections that are cut off: those that do not shake hands, and those beyond the bound."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from starlette.applications import Starlette
from tests.support.certificates import Authority
from tests.support.clients import TIMEOUT

from aboveboard_server.background import Background
from aboveboard_server.grpc_api import transport
from aboveboard_server.http_edge import listener
from aboveboard_server.http_edge.listener import HttpListener
from aboveboard_server.terms import Terms
from aboveboard_server.tls import Certificates, TlsFiles

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

ANY = "127.0.0.1:0"
# What a TLS client begins with: a record of which more is to come.
BEGUN = b"\x16\x03\x01\x02\x00\x01"
# Connections that are let in where the bound is narrowed.
FEW = 3


@asynccontextmanager
async def grpc_door(certificates: Certificates | None) -> AsyncIterator[str]:
    """Serve gRPC as both listeners do, without a service."""
    server = grpc.aio.server(options=transport.options(60, reuse_port=False))
    port = transport.add_port(server, ANY, certificates)
    await server.start()
    yield f"127.0.0.1:{port}"
    await server.stop(0)


@asynccontextmanager
async def http_door(certificates: Certificates | None) -> AsyncIterator[str]:
    """Serve HTTP, without a page."""
    door = HttpListener(
        Terms(ANY, certificates, 60, reuse_port=False), Starlette(), 0, lambda: None, Background()
    )
    yield await door.start()
    await door.stop(0)


def connect(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), TIMEOUT)


def is_closed(connection: socket.socket) -> bool:
    """Whether the server closes a connection without a word; TimeoutError where it leaves it open."""
    try:
        return not connection.recv(1)
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("door", [grpc_door, http_door])
async def test_who_does_not_shake_hands_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, door: Any
) -> None:
    """Whether it says nothing or only begins; whoever goes on comes in beside it."""
    monkeypatch.setattr(transport, "HANDSHAKE", 1)
    monkeypatch.setattr(listener, "HANDSHAKE", 1)
    authority = Authority()
    files = TlsFiles(*authority.issue("server").write(tmp_path, "server"), None)
    context = ssl.create_default_context(cadata=authority.pem.decode())
    context.set_alpn_protocols(["h2", "http/1.1"])
    async with door(Certificates(files)) as address:

        def call() -> tuple[bool, ...]:
            with connect(address) as silent, connect(address) as begun:
                begun.sendall(BEGUN)
                with (
                    connect(address) as plain,
                    context.wrap_socket(plain, server_hostname="localhost") as agreed,
                ):
                    return bool(agreed.version()), is_closed(silent), is_closed(begun)

        assert await asyncio.to_thread(call) == (True, True, True)


async def test_connections_beyond_the_bound_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are there stay, and when one goes there is room for another."""
    monkeypatch.setattr(transport, "MAX_CONNECTIONS", FEW)
    async with grpc_door(None) as address, AsyncExitStack() as stack:
        channels = [
            grpc.aio.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)]) for _ in range(FEW)
        ]
        for channel in channels:
            stack.push_async_callback(channel.close)
            await asyncio.wait_for(channel.channel_ready(), TIMEOUT)

        def is_refused() -> bool:
            with connect(address) as one_more:
                return is_closed(one_more)

        assert await asyncio.to_thread(is_refused)
        assert {channel.get_state() for channel in channels} == {grpc.ChannelConnectivity.READY}
        await channels.pop().close()
        another = grpc.aio.insecure_channel(address)
        stack.push_async_callback(another.close)
        await asyncio.wait_for(another.channel_ready(), TIMEOUT)
