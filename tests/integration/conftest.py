"""Fixtures of the tests that run a whole server."""

from __future__ import annotations

import gc
import io
import logging as standard_logging
import os
import sys
import threading
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog
from tests.support import broken_writer
from tests.support.inside import Inside, Saboteur
from tests.support.server import TOKEN

from aboveboard_server import bootstrap, listeners, log_lines, logging
from aboveboard_server.settings import Settings
from aboveboard_server.storage import writer_process

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Inside]:
    # The writer is a process of its own; where its driver fails is told it by what is sent.
    monkeypatch.setattr(writer_process, "__name__", broken_writer.__name__)
    monkeypatch.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)
    # At its end nobody is there who would have to learn that it is going.
    monkeypatch.setattr(listeners, "LAME_DUCK", 0.0)
    root = standard_logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    monkeypatch.setattr(log_lines.LOG, "put", lambda line: written.write(f"{line}\n"))
    for hook in ("excepthook", "unraisablehook"):
        # Put back where the test ends: pytest has its own.
        monkeypatch.setattr(sys, hook, getattr(sys, hook))
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    logging.configure("info")
    # Loggers are not kept: the next test has a log of its own.
    structlog.configure(cache_logger_on_first_use=False)
    server = Inside(tmp_path, Saboteur(), written)
    settings = Settings(
        database=f"sqlite:///{server.database}",
        key_dir=tmp_path / "keys",
        grpc_bind="127.0.0.1:0",
        admin_bind="127.0.0.1:0",
        http_bind="127.0.0.1:0",
        bootstrap_token=TOKEN,
    )
    async with AsyncExitStack() as stack:
        service = await bootstrap.start(settings, stack, interceptors=[server.saboteur])
        server.ingest_address, server.admin_address = service.ingest_address, service.admin_address
        server.http_address = service.http_address
        # What is there already keeps no error that nobody took: `take_log` looks at what comes from here on.
        gc.freeze()
        yield server
    # Nor is anything of this test kept for good.
    gc.unfreeze()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
