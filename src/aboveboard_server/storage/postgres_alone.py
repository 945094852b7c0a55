"""What only one of all the servers of a PostgreSQL database does at a time."""

from __future__ import annotations

import zlib
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import psycopg

from aboveboard_server.errors import StoreUnavailableError
from aboveboard_server.storage.postgres_link import UNAVAILABLE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from aboveboard_server.storage.postgres_link import Connection

# The first of two numbers, so that a task's lock is never one of those that are known by a single number.
TASKS = 0x61626F76
_TRY = "SELECT pg_try_advisory_lock(%s::int, %s::int)"
_LET_GO = "SELECT pg_advisory_unlock(%s::int, %s::int)"


@asynccontextmanager
async def alone(parameters: Mapping[str, Any], task: str) -> AsyncIterator[bool]:
    """See EventStore.alone. The lock lives as long as a connection of its own, and ends with its server."""
    # As a signed number: that is what PostgreSQL takes.
    number = zlib.crc32(task.encode()) - (1 << 31)
    try:
        connection = await psycopg.AsyncConnection.connect(**parameters, autocommit=True)
    except UNAVAILABLE as error:
        raise StoreUnavailableError from error
    try:
        held = await _had(connection, number)
        try:
            yield held
        finally:
            if held:
                # The end of the connection does it too, but its process takes a moment to see that, and who
                # asks meanwhile is refused.
                with suppress(*UNAVAILABLE):
                    await connection.execute(_LET_GO, (TASKS, number))
    finally:
        await connection.close()


async def _had(connection: Connection, number: int) -> bool:
    """Take a task's lock where nobody has it, and return whether that was so."""
    try:
        ((held,),) = await (await connection.execute(_TRY, (TASKS, number))).fetchall()
    except UNAVAILABLE as error:
        raise StoreUnavailableError from error
    return bool(held)
