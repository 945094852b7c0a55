"""A disk that is full, broken or read-only from any write on, and well again later."""

from __future__ import annotations

import errno
import random
import secrets
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from tests.support.admin import admin
from tests.support.clients import TIMEOUT, deployment_source, element, new_id, publish, server_source
from tests.support.deletions import company, create, finished, get
from tests.support.disk_walks import Walk
from tests.support.old_rows import days_ago

from aboveboard.admin.v1.opt_out_pb2 import CreateOptOutRequest
from aboveboard.admin.v1.retention_pb2 import EnforceRetentionRequest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.fault(seconds=50), pytest.mark.timeout(600)]

ERRORS = pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, errno.EROFS], ids=errno.errorcode.get)
# The steps after which each is tried: more than any operation takes. After an error other than a full disk a
# writer takes the place of the old one, which takes a while: not each step is tried then.
STEPS = {errno.ENOSPC: range(1_000), errno.EIO: range(0, 1_000, 3), errno.EROFS: range(0, 1_000, 5)}


@ERRORS
def test_commits(tmp_path: Path, error: int) -> None:
    """At every step of a small commit, a source's first, and a large one that makes the log grow."""
    with closing(Walk(tmp_path)) as walk:
        known = deployment_source("known", user_id="u")
        walk.witness.publish(known, element())

        def small() -> Callable[[], None]:
            event = element()
            return lambda: walk.witness.publish(known, event)

        def first() -> Callable[[], None]:
            source, event = deployment_source(new_id(), user_id="u"), element()
            return lambda: walk.witness.publish(source, event)

        def large() -> Callable[[], None]:
            events = [element(str(number)) for number in range(300)]
            return lambda: walk.witness.publish(known, *events)

        assert walk.through(small, error, STEPS[error])
        assert walk.through(first, error, STEPS[error]) > 3
        assert walk.through(large, error, STEPS[error]) > 3
        walk.witness.check_restarted()


@ERRORS
def test_checkpoints(tmp_path: Path, error: int) -> None:
    """At random steps of commits so large that the log is moved into the file in every second of them."""
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # noqa: T201  # shown where it fails
    chance = random.Random(seed)
    with closing(Walk(tmp_path)) as walk:
        source = server_source()

        def many() -> Callable[[], None]:
            # Random ids: each lies on a page of its own.
            batches = [
                [element(event_id=f"{chance.getrandbits(128):032x}") for _ in range(1_000)] for _ in range(3)
            ]
            for event in (event for batch in batches for event in batch):
                found = event.event_id
                event.event_id = f"{found[:8]}-{found[8:12]}-{found[12:16]}-{found[16:20]}-{found[20:]}"

            def send() -> None:
                for batch in batches:
                    walk.witness.publish(source, *batch)

            return send

        assert walk.through(many, error, sorted(chance.randrange(800) for _ in range(25))) > 10
        walk.witness.check_restarted()


@ERRORS
def test_what_administrators_do(tmp_path: Path, error: int) -> None:
    """At every step of an opt-out and its journal entry, and of a retention run."""
    with closing(Walk(tmp_path)) as walk, admin(walk.server) as stub:
        walk.witness.publish(server_source(), element())

        def opt_out() -> Callable[[], object]:
            asked = CreateOptOutRequest(subject=company(new_id()), request_id=new_id())
            return lambda: stub.CreateOptOut(asked, timeout=TIMEOUT)

        def retention() -> Callable[[], object]:
            publish(walk.server, server_source(), *[element("old") for _ in range(20)])
            with closing(sqlite3.connect(walk.server.database, isolation_level=None)) as database:
                database.execute(
                    "UPDATE element_stat SET received_at = ? WHERE element_id = 'old'", (days_ago(400),)
                )
            return lambda: stub.EnforceRetention(EnforceRetentionRequest(), timeout=TIMEOUT)

        assert walk.through(opt_out, error, STEPS[error]) > 3
        assert walk.through(retention, error, STEPS[error]) > 3
        assert walk.server.query("SELECT 1 FROM element_stat WHERE element_id = 'old'") == []
        walk.witness.check_restarted()


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO], ids=errno.errorcode.get)
def test_deletions(tmp_path: Path, error: int) -> None:
    """At the first steps, and random later ones, of a deletion up to its receipt: it ends, and is told."""
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # noqa: T201  # shown where it fails
    chance = random.Random(seed)
    with closing(Walk(tmp_path)) as walk:
        witness, deleted = walk.witness, list[str]()
        witness.publish(deployment_source("stays"), element())

        def deletion() -> Callable[[], object]:
            name, request_id = new_id(), new_id()
            source, gone = deployment_source(name), [element(str(number)) for number in range(20)]
            witness.publish(source, *gone)
            witness.acknowledged -= {event.event_id for event in gone}
            return lambda: deleted.append(
                create(walk.server, company(name), request_id=request_id, scrub_now=True).deletion_id
            )

        def settle() -> None:
            def look() -> None:
                while not walk.disk.failing and not get(walk.server, deleted[-1]).HasField("receipt"):
                    time.sleep(0.01)

            witness.is_refused(look)

        def end() -> None:
            finished(walk.server, get(walk.server, deleted[-1]))

        steps = [
            *(step for step in STEPS[error] if step < 40),
            *sorted(chance.randrange(40, 400) for _ in range(20)),
        ]
        assert walk.through(deletion, error, steps, settle, end) > 10
        witness.check_restarted()
        assert walk.server.query("SELECT company_id FROM company") == [("stays",)]
