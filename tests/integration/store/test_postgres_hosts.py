"""A database URL that names several hosts, of which only one takes commits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.batches import batch_of, elements, ids
from tests.support.clients import server_source
from tests.support.postgres import running_postgres

from aboveboard_server import bootstrap
from aboveboard_server.storage.address import database_url, libpq_parameters
from aboveboard_server.storage.maintenance import Maintenance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.postgres import PostgresServer

NAME = "on_two_hosts"


def test_hosts_and_ports_reach_libpq() -> None:
    """With ports of their own, and with whatever else the URL says."""
    url = "postgresql+psycopg://u@/db?host=a:5432&host=b:5433&connect_timeout=7"
    found = libpq_parameters(database_url(url))
    assert (found["host"], found["port"], found["connect_timeout"]) == ("a,b", "5432,5433", "7")
    assert found["target_session_attrs"] == "primary"


@pytest.fixture
def standby() -> Iterator[PostgresServer]:
    """A PostgreSQL that takes no commits, with a database of the same name."""
    server = running_postgres()
    try:
        server.query(server.empty_database(), f"CREATE DATABASE {NAME}")
        server.become_standby()
        yield server
    finally:
        server.remove()


async def test_the_first_of_two_hosts_is_a_standby(postgres: PostgresServer, standby: PostgresServer) -> None:
    """migrate, partitions and the store find the other one, and so they do the other way round."""
    postgres.query(postgres.empty_database(), f"CREATE DATABASE {NAME}")
    hosts = [str(database_url(one.empty_url).query["host"]) for one in (standby, postgres)]
    url, other_way = (
        f"postgresql+psycopg://postgres@/{NAME}?host={first}&host={second}"
        for first, second in (hosts, hosts[::-1])
    )
    assert "revision 0001" in bootstrap.migrate(url)
    assert Maintenance(database_url(url))() == 0
    assert bootstrap.migrate(other_way) == []
    for address in (url, other_way):
        store = await bootstrap.open_store(address)
        try:
            await store.commit([batch_of(server_source(), *elements(*ids(20)))])
        finally:
            await store.close()
    direct = f"postgresql+psycopg://postgres@/{NAME}?host={hosts[1]}"
    assert postgres.query(direct, "SELECT count(*) FROM element_stat") == [(40,)]
