"""A database that loses acknowledged changes under a running server: nothing that is forbidden comes in."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from tests.support.admin import admin
from tests.support.clients import TIMEOUT, deployment_source, element, held, publish, told
from tests.support.deletions import company, create, delete, finished
from tests.support.on_postgres import OnPostgres
from tests.support.witness import Witness

from aboveboard.admin.v1 import opt_out_pb2 as o
from aboveboard_server.storage.address import database_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.postgres import PostgresServer

    from aboveboard.telemetry.v1.source_pb2 import Source


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    return postgres.new_database()


@pytest.fixture
def servers(tmp_path: Path, postgres: PostgresServer, url: str) -> Iterator[list[OnPostgres]]:
    """Two servers on one database, of one process each, that share their keys and journal."""
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        made.append(OnPostgres(tmp_path / name, postgres, url))
    try:
        for server in made:
            server.start()
        yield made
    finally:
        for server in made:
            server.kill()


def opt_out(server: OnPostgres, company_id: str) -> None:
    """Opt a company out; once it has returned it is in force everywhere."""
    with admin(server) as stub:
        done = stub.CreateOptOut(o.CreateOptOutRequest(subject=company(company_id)), timeout=TIMEOUT)
    assert done.opt_out.state == o.OptOut.STATE_ACTIVE


def resumes(server: OnPostgres) -> None:
    """See that a server takes events again within seconds, as the same process."""
    pid = server.pid
    Witness(server).resume(lambda: publish(server, deployment_source("another"), element()))
    assert server.pid == pid


def outcomes(server: OnPostgres, source: Source, count: int = 3) -> set[str]:
    """Return what became of events."""
    response = publish(server, source, *(element() for _ in range(count)))
    return {"ACCEPTED"} if response.accepted_count else {verdict[1] for verdict in told(response.verdicts)}


@pytest.mark.parametrize("steps", [1, 3, 1_000])
def test_an_epoch_that_is_set_back(
    servers: list[OnPostgres], postgres: PostgresServer, url: str, steps: int
) -> None:
    """Events are taken again within seconds, and the opt-outs to come are obeyed, whatever their numbers."""
    victims = [deployment_source(f"victim-{number}") for number in range(4)]
    for server in servers:
        for victim in victims:
            publish(server, victim, element())
    for number in range(3):
        opt_out(servers[number % 2], f"other-{number}")
    stored = held(servers[0])["element_stat"]

    postgres.query(url, "UPDATE ingest_epoch SET epoch = epoch - %s", steps)

    # Asked at once, and on the other server than the one that is asked next.
    opt_out(servers[1], "victim-0")
    for server in servers:
        assert not Witness(server).acknowledged
        resumes(server)
        assert outcomes(server, victims[0]) == {"OPTED_OUT"}
        assert outcomes(server, deployment_source("other-0")) == {"OPTED_OUT"}
    for number in (1, 2, 3):
        opt_out(servers[number % 2], f"victim-{number}")
        for server in servers:
            assert outcomes(server, victims[number]) == {"OPTED_OUT"}
    assert held(servers[0])["element_stat"] == stored + 2


def swap(postgres: PostgresServer, url: str) -> Callable[[], None]:
    """Return what puts the database as it is now in its place later, as a recovery of the whole host does."""
    live, elsewhere = database_url(url).database, postgres.empty_database()
    postgres.query(elsewhere, f"CREATE DATABASE older_{live} TEMPLATE {live}")

    def restore() -> None:
        for statement in (
            f"ALTER DATABASE {live} ALLOW_CONNECTIONS false",
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{live}'",
            f"ALTER DATABASE {live} RENAME TO newer_{live}",
            f"ALTER DATABASE older_{live} RENAME TO {live}",
        ):
            postgres.query(elsewhere, statement)

    return restore


def overwrite(postgres: PostgresServer, url: str) -> Callable[[], None]:
    """Return what puts each table's rows of now back later, as a dump does beside open connections."""
    tables = (
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
        " AND relnamespace = 'public'::regnamespace"
    )

    def each(begin: str, *statements: str) -> None:
        lines = "; ".join(f"EXECUTE format('{statement}', found, found)" for statement in statements)
        postgres.query(
            url,
            f"DO $$ DECLARE found text; BEGIN {begin}; FOR found IN {tables} LOOP {lines}; END LOOP; END $$",
        )

    each("CREATE SCHEMA saved", "CREATE TABLE saved.%I AS SELECT * FROM public.%I")
    return lambda: each(
        "SET LOCAL session_replication_role = replica",
        "DELETE FROM public.%I",
        "INSERT INTO public.%I SELECT * FROM saved.%I",
    )


@pytest.mark.parametrize("way", ["swapped", "overwritten"])
def test_an_older_database_under_a_running_server(
    tmp_path: Path, postgres: PostgresServer, url: str, way: str
) -> None:
    """Deletions and opt-outs since then are made again out of the journal before an event is taken."""
    (tmp_path / "one").mkdir()
    server = OnPostgres(tmp_path / "one", postgres, url)
    server.start()
    stays, goes, refused = (deployment_source(name) for name in ("stays", "goes", "refused"))
    try:
        sent = [element() for _ in range(3)]
        publish(server, stays, element())
        publish(server, goes, *sent)
        server.stop()
        restore = (swap if way == "swapped" else overwrite)(postgres, url)
        server.start()
        delete(server, company("goes"))
        opt_out(server, "refused")
        later = deployment_source("came-later", user_id="u1")
        publish(server, later, element())

        restore()

        resumes(server)
        assert outcomes(server, refused) == {"OPTED_OUT"}
        again = publish(server, goes, *sent)
        assert {verdict[1] for verdict in told(again.verdicts)} == {"SUBJECT_ERASED"}
        # Of a company whose key went with what was lost: it gets another one, which the database knows.
        publish(server, later, element())
        assert held(server, later) == {"element_stat": 1}
        finished(server, create(server, company("another")))
        assert held(server, goes) == {}
        assert held(server, stays) == {"element_stat": 1}
        opt_out(server, "stays")
        assert outcomes(server, stays) == {"OPTED_OUT"}
    finally:
        server.kill()


@pytest.mark.fault
def test_a_database_of_other_keys_in_its_place(tmp_path: Path, postgres: PostgresServer, url: str) -> None:
    """What it forbids cannot be read with these keys: nothing is stored in it, nor read, until it is gone."""
    for name in ("ours", "theirs"):
        (tmp_path / name / "server").mkdir(parents=True)
    other_url = postgres.new_database()
    theirs = OnPostgres(tmp_path / "theirs" / "server", postgres, other_url)
    ours = OnPostgres(tmp_path / "ours" / "server", postgres, url)
    elsewhere, live, other = (
        postgres.empty_database(),
        *(str(database_url(one).database) for one in (url, other_url)),
    )

    def put(name: str, aside: str) -> None:
        """Put a database in the place of the one that is there."""
        for statement in (
            f"ALTER DATABASE {live} ALLOW_CONNECTIONS false",
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{live}'",
            f"ALTER DATABASE {live} RENAME TO {aside}",
            f"ALTER DATABASE {aside} ALLOW_CONNECTIONS true",
            f"ALTER DATABASE {name} RENAME TO {live}",
        ):
            postgres.query(elsewhere, statement)

    try:
        theirs.start()
        opt_out(theirs, "refused")
        theirs.stop()
        ours.start()
        publish(ours, deployment_source("stays"), element())
        put(other, "aside")
        refused = Witness(ours)
        deadline = time.monotonic() + TIMEOUT
        while "is not the one this database belongs to" not in ours.log_file.read_text():
            assert refused.is_refused(lambda: publish(ours, deployment_source("refused"), element()))
            assert time.monotonic() < deadline, "the reason is not logged"
        assert refused.is_refused(lambda: publish(ours, deployment_source("refused"), element()))
        assert refused.is_refused(lambda: opt_out(ours, "stays"))
        assert held(ours) == {}
        put("aside", other)
        resumes(ours)
        assert held(ours)["element_stat"] >= 1 + 1
    finally:
        ours.kill()
        theirs.kill()
