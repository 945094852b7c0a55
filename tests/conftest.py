"""Fixtures that every kind of test may ask for."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

import pytest
from tests.support import warm_start
from tests.support.postgres import PostgresServer, running_postgres
from tests.support.server import TOKEN, ServerProcess

from aboveboard_server.garbage import start_and_end_sooner

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have what takes longest begin first: what begins last must not run alone."""
    items.sort(key=seconds, reverse=True)


# The garbage collector took a third of a worker's time: it looked again and again at every module and test.
start_and_end_sooner()


def pytest_collection_finish() -> None:
    """Have the garbage collector look at what tests make alone."""
    gc.freeze()


def seconds(item: pytest.Item) -> float:
    """Return what a long test says of itself; about, on 2 cores."""
    mark = item.get_closest_marker("fault")
    return float(mark.kwargs.get("seconds", 0)) if mark else 0


# For every `aboveboard admin …` that a test runs.
os.environ["ABOVEBOARD_TOKEN"] = TOKEN


@pytest.fixture(autouse=True)
def warm_servers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only quick tests have servers that are copies."""
    monkeypatch.setattr(warm_start, "is_wanted", request.node.get_closest_marker("fault") is None)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server of its own, with an empty database."""
    process = ServerProcess(tmp_path)
    process.start()
    yield process
    process.kill()


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that tests share, where each sends as a source of its own and none stops it."""
    process = ServerProcess(tmp_path_factory.mktemp("shared"))
    process.start()
    yield process
    process.kill()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL that tests share; who stops it starts it again."""
    server = running_postgres()
    yield server
    server.remove()


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> str:
    """A PostgreSQL database of its own, with this version's schema."""
    return postgres.new_database()
