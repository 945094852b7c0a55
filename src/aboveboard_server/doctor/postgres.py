# ruff: noqa: D401  # a check's docstring is its title: it says what should hold, not what is done.
"""Does a PostgreSQL keep what it acknowledges, and take commits."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from aboveboard_server.doctor.finding import ok, problem, warning
from aboveboard_server.schema import tables
from aboveboard_server.storage import partitions, postgres_rights
from aboveboard_server.storage.outdated import is_empty

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aboveboard_server.doctor.finding import Finding, Host

# Seconds that the clocks of two machines may differ by.
SLACK = 5
# The oldest that its makers still mend (until November 2026).
OLDEST = 140_000
DURABLE = {
    "fsync": "set it to on: without, a power cut can destroy the whole database",
    "full_page_writes": "set it to on: without, a power cut can leave torn pages",
}
NOT_WRITABLE = """
SELECT relname FROM pg_class
 WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
   AND NOT (has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT')
            AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE')) ORDER BY relname
"""


def partitions_are_made_ahead(host: Host) -> Iterator[Finding]:
    """The months to come have their partitions, and the server may make more."""
    if is_empty(host.database):
        return
    tables.import_all()
    missing = partitions.missing(host.database)
    refused = partitions.refusal(host.database)
    note = f"; {len(missing)} are missing, {missing[0]} first" if missing else ""
    if refused:
        yield warning(
            f"the server's user may not make partitions: {refused.why}{note}",
            f"{refused.do}; or run `aboveboard migrate` as the tables' owner each month",
        )
    elif missing:
        yield warning(
            f"{missing[0]}{f' and {len(missing) - 1} more' if missing[1:] else ''} are missing",
            "start the server, which makes them, or run: aboveboard migrate",
        )
    else:
        yield ok(f"{partitions.MONTHS_AHEAD} months ahead")


def commits_are_taken(host: Host) -> Iterator[Finding]:
    """The database takes commits: it is no standby, and this user has every right that they need."""
    if _is_standby(host):
        yield problem("it is in recovery: a standby", "promote it, or name the primary in --database")
    refused = host.database.exec_driver_sql(NOT_WRITABLE).scalars().all()
    if refused:
        yield problem(
            f"{refused[0]}{f' and {len(refused) - 1} more' if refused[1:] else ''} may not be written",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public to the server's user",
        )
    lacking = postgres_rights.lacking(host.database)
    for right, grant in lacking:
        yield problem(f"the server's user lacks {right}", grant)
    if not (refused or lacking or _is_standby(host)):
        yield ok("it does")


def commits_are_durable(host: Host) -> Iterator[Finding]:
    """What is committed survives a power cut."""
    lost = [name for name in DURABLE if _setting(host, name) != "on"]
    for name in lost:
        yield problem(f"{name} = {_setting(host, name)}", DURABLE[name])
    if not lost:
        told = _setting(host, "synchronous_commit")
        note = "; a server's own sessions set it to on" if told in {"off", "local"} else ""
        yield ok(f"fsync, full_page_writes = on, synchronous_commit = {told}{note}")


def version_is_maintained(host: Host) -> Iterator[Finding]:
    """PostgreSQL is of a version that its makers still mend."""
    version = _setting(host, "server_version")
    if int(_setting(host, "server_version_num")) < OLDEST:
        yield warning(f"PostgreSQL {version}", "upgrade it")
    else:
        yield ok(f"PostgreSQL {version}")


def clocks_agree(host: Host) -> Iterator[Finding]:
    """The clock of the database's machine and that of this one agree."""
    theirs = host.database.exec_driver_sql("SELECT extract(epoch FROM clock_timestamp())").scalar_one()
    apart = float(theirs) - time.time()
    if abs(apart) > SLACK:
        yield warning(f"they differ by {apart:.0f} s", "have NTP keep both right")
    else:
        yield ok(f"they differ by less than {SLACK} s")


def _is_standby(host: Host) -> bool:
    return bool(host.database.exec_driver_sql("SELECT pg_is_in_recovery()").scalar_one())


def _setting(host: Host, name: str) -> str:
    return str(host.database.exec_driver_sql(f"SHOW {name}").scalar_one())


DATABASE_CHECKS = (
    partitions_are_made_ahead,
    commits_are_taken,
    commits_are_durable,
    version_is_maintained,
    clocks_agree,
)
