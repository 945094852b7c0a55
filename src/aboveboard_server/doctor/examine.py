# ruff: noqa: D401  # a check's docstring is its title: it says what should hold, not what is done.
"""Makes every check that applies, one after the other."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from aboveboard_server.doctor import addresses, clock, database, deletions, keys, machine, postgres, sqlite
from aboveboard_server.doctor.finding import Host, Result, ok, problem, run
from aboveboard_server.errors import StartupError
from aboveboard_server.storage.address import without_password
from aboveboard_server.storage.outdated import is_empty

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aboveboard_server.doctor.finding import Finding
    from aboveboard_server.settings import Settings


def settings_are_wrong(error: StartupError) -> Result:
    """Return what there is to say where the settings themselves cannot be meant."""
    title = "The settings can be meant"
    return Result("settings", title, problem(str(error), "see: aboveboard serve --help"))


def examine(settings: Settings, *, deep: bool = False) -> Iterator[Result]:
    """Yield what is found, check by check; `deep` reads the whole database."""
    host = Host(settings, deep)
    try:
        of_the_file = () if host.on_postgres else sqlite.CHECKS
        there = host.on_postgres or host.file.exists()
    except StartupError as error:
        yield settings_are_wrong(error)
        return
    for check in (*machine.CHECKS, *addresses.CHECKS, *keys.CHECKS, *of_the_file):
        yield from run(check, host)
    if not there:
        return
    with ExitStack() as stack:

        def database_can_be_read(host: Host) -> Iterator[Finding]:
            """The database can be reached and read."""
            host.connection = stack.enter_context(database.opened(host))
            yield ok(without_password(host.url))

        yield from run(database_can_be_read, host)
        if host.connection is None:
            return
        of_its_kind = postgres.DATABASE_CHECKS if host.on_postgres else sqlite.DATABASE_CHECKS
        for check in (*database.CHECKS, *of_its_kind):
            yield from run(check, host)
        if not is_empty(host.connection):
            for check in (*keys.DATABASE_CHECKS, *deletions.DATABASE_CHECKS, *clock.DATABASE_CHECKS):
                yield from run(check, host)
