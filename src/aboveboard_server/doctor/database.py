# ruff: noqa: D401  # a check's docstring is its title: it says what should hold, not what is done.
"""Is the database there and at this version's schema; and opens it, for reading alone."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy
from sqlalchemy.exc import DBAPIError

from aboveboard_server.doctor.finding import ok, problem, warning
from aboveboard_server.schema import tables
from aboveboard_server.schema.identifiers import fault
from aboveboard_server.storage.address import libpq_parameters, without_password
from aboveboard_server.storage.outdated import is_empty, outdated
from aboveboard_server.storage.postgres_connect import connect
from aboveboard_server.storage.postgres_engine import check_engine
from aboveboard_server.storage.postgres_link import first_line
from aboveboard_server.storage.unknown_tables import ADVICE, described, unknown_tables
from aboveboard_server.storage.work import cut_offs

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from sqlalchemy import Connection, Engine

    from aboveboard_server.doctor.finding import Finding, Host

# Seconds by which the newest event may seem to come from the future.
SLACK = 120


def schema_is_current(host: Host) -> Iterator[Finding]:
    """The database is at the schema of this version."""
    missing = ["every table"] if is_empty(host.database) else outdated(host.database)
    if missing and is_empty(host.database) and not host.on_postgres:
        yield ok("the file is empty: its tables are made at the first start")
    elif missing:
        yield problem(
            f"it lacks {missing[0]}{f' and {len(missing) - 1} more' if missing[1:] else ''}",
            f"stop the server, and run: aboveboard migrate --database '{without_password(host.url)}'",
        )
    else:
        yield ok("nothing is missing")


def every_table_is_known(host: Host) -> Iterator[Finding]:
    """Every table of events is one that this version can erase from."""
    if unknown := unknown_tables(host.database):
        yield problem(described(unknown), ADVICE)
    else:
        yield ok("each is known")


def every_sender_is_accepted(host: Host) -> Iterator[Finding]:
    """No company or deployment has an id, from an earlier version, that is refused now."""
    if not sqlalchemy.inspect(host.database).has_table("deployment"):
        return
    deployment = tables.import_all().tables["deployment"].columns
    columns = (deployment["company_id"], deployment["deployment_id"])
    # Every company has a deployment: it is made of what one sends.
    rows = host.database.execute(sqlalchemy.select(*columns))
    refused = [ids for ids in rows if any(fault(one) for one in ids)]
    if refused:
        yield warning(
            f"{len(refused)} deployments have an id that is refused now, such as "
            f"{json.dumps(refused[0].deployment_id)} of company {json.dumps(refused[0].company_id)}",
            "have them send ids without control and format characters, and without white space at the ends",
        )
    else:
        yield ok("none has")


def newest_event_is_not_from_the_future(host: Host) -> Iterator[Finding]:
    """No event was received later than it is now by this clock."""
    if is_empty(host.database):
        return
    last_seen_at = tables.import_all().tables["source"].columns["last_seen_at"]
    newest = host.database.scalar(sqlalchemy.select(sqlalchemy.func.max(last_seen_at)))
    if newest is None:
        yield ok("there is none yet")
    elif newest.timestamp() > time.time() + SLACK:
        with host.session() as session:
            rows = cut_offs.rows_after(session, datetime.now(UTC))
        yield problem(
            f"{rows} rows were; the newest source was seen at {newest:%Y-%m-%d %H:%M} UTC",
            "set the clock of this machine right; rows that a wrong one has dated live longer by as much",
        )
    else:
        yield ok(f"the newest source was seen at {newest:%Y-%m-%d %H:%M} UTC")


@contextmanager
def opened(host: Host) -> Iterator[Connection]:
    """Open the database for reading; OSError with one line where that cannot be done."""
    engine = _postgres(host) if host.on_postgres else _sqlite(host)
    try:
        with engine.connect() as connection:
            if host.on_postgres:
                connection.exec_driver_sql("SET default_transaction_read_only = on")
                connection.commit()
            else:
                connection.exec_driver_sql("SELECT count(*) FROM sqlite_schema")
            yield connection
    except DBAPIError as error:
        raise OSError(f"cannot read the database: {first_line(error.orig or error)}") from error
    finally:
        engine.dispose()


def _postgres(host: Host) -> Engine:
    # A standby may be looked at too.
    parameters = libpq_parameters(host.url) | {"target_session_attrs": "any"}

    def connected() -> psycopg.Connection[Any]:
        # First: a pooler may have no connection to spare later.
        check_engine(parameters)
        return connect(parameters)

    return sqlalchemy.create_engine("postgresql+psycopg://", creator=connected)


def _sqlite(host: Host) -> Engine:
    # Without a log nobody has it open, and there is nothing to be read but the file: no other is made then.
    in_use = host.file.with_name(f"{host.file.name}-wal").exists()
    uri = f"{host.file.absolute().as_uri()}?mode=ro{'' if in_use else '&immutable=1'}"
    return sqlalchemy.create_engine("sqlite://", creator=lambda: sqlite3.connect(uri, uri=True))


CHECKS = (
    schema_is_current,
    every_table_is_known,
    every_sender_is_accepted,
    newest_event_is_not_from_the_future,
)
