"""The loss estimate on PostgreSQL: on a connection of its own, for it may read much."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg

from aboveboard_server.errors import StoreUnavailableError
from aboveboard_server.storage.columns import EPOCH
from aboveboard_server.storage.loss import loss_statement
from aboveboard_server.storage.ports import Loss
from aboveboard_server.storage.postgres_connect import connect_async

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Whole days since 1970 in UTC; extract knows no time zone but that one.
DAY = "floor(extract(epoch FROM occurred_at_corrected) / 86400)::bigint"
# Beyond it the database gives up: nobody waits for longer.
PATIENCE = "SET statement_timeout = '5min'"


async def estimate_loss(
    parameters: Mapping[str, Any], tables: Sequence[str], first_day: int, last_day: int, solution: str
) -> list[Loss]:
    """Do what EventStore.loss promises."""
    statement = loss_statement(tables, DAY, "%s", by_solution=bool(solution))
    bounds = (EPOCH + timedelta(days=first_day), EPOCH + timedelta(days=last_day + 1))
    values = (*bounds * len(tables), *([solution] if solution else []))
    try:
        async with await connect_async(parameters) as connection:
            await connection.execute(PATIENCE)
            found = await (await connection.execute(statement, values)).fetchall()
    except psycopg.OperationalError as error:
        raise StoreUnavailableError from error
    # A sum of whole numbers is a numeric here.
    return [Loss(int(day), name, *map(int, counts)) for day, name, *counts in found]
