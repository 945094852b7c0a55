"""The hand-written tables of the servers' clock.

Alembic owns them; `migrations/` must follow every change made here.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Integer
from sqlmodel import Field, SQLModel

from aboveboard_server.storage.columns import UtcMicros
from aboveboard_server.storage.tables import ONE_EACH

# The only row's key.
THE_ROW = 1


class ServerClockRow(SQLModel, table=True):
    """What servers have kept of their own clocks, in one row; durations are in µs.

    `newest_at` is the newest time of a server whose clock was plausible. `swept_at` is the clock of the last
    sweep, or of what counts as one: the first start, or an administrator's consent. `ran` is how long servers
    ran in all, and `ran_at_sweep` how long they had at `swept_at`. `acceptance` counts how often an
    administrator has accepted a clock, and `database_ahead` is how far the database's was ahead of it then.
    """

    __tablename__: ClassVar[str] = "server_clock"
    __table_args__: ClassVar[Any] = (
        {"info": {"subject": "none", "why": "holds no data of anyone", "stays": ONE_EACH}},
    )

    server_clock_id: int = Field(
        sa_type=Integer(), primary_key=True, sa_column_kwargs={"autoincrement": False}
    )
    newest_at: datetime = Field(sa_type=UtcMicros(), nullable=False)
    swept_at: datetime = Field(sa_type=UtcMicros(), nullable=False)
    ran: int = Field(default=0, sa_type=BigInteger())
    ran_at_sweep: int = Field(default=0, sa_type=BigInteger())
    acceptance: int = Field(default=0, sa_type=BigInteger())
    database_ahead: int = Field(default=0, sa_type=BigInteger())


class ClockPeriodRow(SQLModel, table=True):
    """A span of a clock that was behind: no sweep removes what has its time in it."""

    __tablename__: ClassVar[str] = "clock_period"
    __table_args__: ClassVar[Any] = (
        {
            "info": {
                "subject": "none",
                "why": "holds no data of anyone",
                "stays": "ended by an administrator who accepts the clock; spans that meet are one",
            }
        },
    )

    started_at: datetime = Field(sa_type=UtcMicros(), primary_key=True)
    ended_at: datetime = Field(sa_type=UtcMicros(), nullable=False)
