"""A deletion whose server is killed while it runs, and the reckoning against one that nobody disturbed."""

from __future__ import annotations

import os
import random
import shutil
import signal
import threading
import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import grpc
from tests.support.admin import admin
from tests.support.clients import (
    TIMEOUT,
    deployment_source,
    element,
    environment,
    new_id,
    ping,
    publish,
    unknown_arm,
)
from tests.support.deletions import company, counts, create, finished, tables

from aboveboard.admin.v1 import deletion_pb2 as d

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.server import ServerProcess

SUBJECT = company("to be killed")
# What depends on when and how often something was done, not on what was done.
BOOKS = {"deletion", "tombstone", "audit_entry", "ingest_epoch", "sqlite_sequence"}


def fill(server: ServerProcess, requests: int) -> None:
    """Store that many requests of the company to be deleted, and as many of another."""
    makers = (element, environment, ping, lambda: unknown_arm(900))
    for number in range(requests):
        for name in (SUBJECT.company_id, "neighbour"):
            source = deployment_source(name, f"d{number % 3}", company_name=name)
            publish(server, source, *[makers[turn % 4]() for turn in range(1_000)])


def totals(server: ServerProcess) -> tuple[dict[str, int], dict[str, list[tuple[Any, ...]]]]:
    """Return the rows removed by all deletions together, and what the tables of data hold."""
    with admin(server) as stub:
        found = stub.ListDeletions(d.ListDeletionsRequest(), timeout=TIMEOUT).deletions
    ended = [finished(server, deletion) for deletion in found]
    removed = sum((Counter(counts(deletion)) for deletion in ended), Counter[str]())
    chain = sorted(deletion.receipt.sequence for deletion in ended)
    assert chain == list(range(1, len(ended) + 1))
    left = {table: rows for table, rows in tables(server).items() if table not in BOOKS}
    return dict(removed), left


def campaign(server: ServerProcess, folder: Path, *, kills: int, requests: int, seed: int) -> int:
    """Kill a server on SQLite at random points of a deletion; return how many were in the middle of it.

    Each kill meets the same database; after it the server is started again and everything must be as in the
    run that nobody disturbed. The points are spread over all that it takes, one in each stretch of it.
    """
    dice = random.Random(seed)
    server.start()
    fill(server, requests)
    server.stop()
    shutil.copytree(server.folder, folder)
    server.start()
    begun = time.monotonic()
    finished(server, create(server, SUBJECT, scrub_now=True))
    took = time.monotonic() - begun
    expected = totals(server)
    server.stop()
    in_the_middle = 0
    for stretch in range(kills):
        shutil.rmtree(server.folder)
        shutil.copytree(folder, server.folder)
        after = took * dice.uniform(stretch, stretch + 1) / kills
        in_the_middle += _one_kill(server, after, writer=dice.random() < 0.3)
        assert totals(server) == expected
        server.check_integrity()
        _end(server)
    return in_the_middle


def _one_kill(server: ServerProcess, after: float, *, writer: bool) -> bool:
    """Kill the server, or its writer alone, so long after a deletion was asked for; see that it goes on."""
    server.start()
    request_id = new_id()

    def ask() -> None:
        with suppress(grpc.RpcError):
            create(server, SUBJECT, request_id=request_id, scrub_now=True)

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(after)
    if writer:
        os.kill(server.children()[0], signal.SIGKILL)
        asking.join()
    else:
        server.kill()
        asking.join()
        _start_again(server)
    interrupted = server.query("SELECT 1 FROM deletion WHERE receipt IS NOT NULL") == []
    # Who was not answered asks again.
    deadline = time.monotonic() + TIMEOUT
    while True:
        try:
            finished(server, create(server, SUBJECT, request_id=request_id, scrub_now=True))
        except grpc.RpcError:
            assert time.monotonic() < deadline
        else:
            return interrupted


def _end(server: ServerProcess) -> None:
    """End a server and its writer at once: the next one has files of its own."""
    for pid in server.children():
        os.kill(pid, signal.SIGKILL)
    server.kill()


def _start_again(server: ServerProcess) -> None:
    """Start a server that was killed, once its writer has ended what was under way."""
    deadline = time.monotonic() + TIMEOUT
    while True:
        try:
            server.start()
        except AssertionError as error:
            if "is in use by another" not in str(error) or time.monotonic() > deadline:
                raise
            # Not what is told of the next start.
            server.log_file.unlink()
        else:
            return
