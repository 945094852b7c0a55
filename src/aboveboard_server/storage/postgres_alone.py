"""What only one of all the servers of a PostgreSQL database does at a time."""

from __future__ import annotations

import asyncio
import zlib
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from aboveboard_server.errors import StoreUnavailableError
from aboveboard_server.storage.postgres_connect import connect_async
from aboveboard_server.storage.postgres_link import UNAVAILABLE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from aboveboard_server.storage.postgres_link import Connection

# The first of two numbers, so that a task's lock is never one of those that are known by a single number.
TASKS = 0x61626F76
# Seconds for an answer, as long as for a connection: neither a job's end nor a server's waits without end.
SECONDS = 3.0
_TRY = "SELECT pg_try_advisory_lock(%s::int, %s::int)"
_LET_GO = "SELECT pg_advisory_unlock(%s::int, %s::int)"


@asynccontextmanager
async def alone(parameters: Mapping[str, Any], task: str) -> AsyncIterator[bool]:
    """See EventStore.alone. The lock lives as long as a connection of its own, and ends with its server."""
    # As a signed number: that is what PostgreSQL takes.
    number = zlib.crc32(task.encode()) - (1 << 31)
    try:
        connection = await connect_async(parameters)
    except UNAVAILABLE as error:
        raise StoreUnavailableError from error
    try:
        held = await _ask(connection, _TRY, number)
        try:
            yield held
        finally:
            if held:
                # The end of the connection does it too, but its process takes a moment to see that, and who
                # asks meanwhile is refused.
                with suppress(StoreUnavailableError):
                    await _ask(connection, _LET_GO, number)
    finally:
        await connection.close()


async def _ask(connection: Connection, statement: str, number: int) -> bool:
    """Return PostgreSQL's answer about a task's lock; StoreUnavailableError where none comes, or not soon."""
    try:
        async with asyncio.timeout(SECONDS):
            ((answer,),) = await (await connection.execute(statement, (TASKS, number))).fetchall()
    except (*UNAVAILABLE, TimeoutError) as error:
        raise StoreUnavailableError from error
    return bool(answer)
