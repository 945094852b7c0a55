"""How the server's threads share the processor."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.server import ServerProcess

GRPCS = ("event_engine", "lifeguard")


def test_grpcs_threads_let_the_event_loop_finish_its_turn(shared_server: ServerProcess) -> None:
    """They alone: the event loop and the writer take the processor as any process does."""
    threads = list(Path(f"/proc/{shared_server.pid}/task").iterdir())
    names = {int(thread.name): (thread / "comm").read_text().strip() for thread in threads}
    of_grpc = [os.sched_getscheduler(thread) for thread, name in names.items() if name in GRPCS]
    assert set(of_grpc) == {os.SCHED_BATCH}
    (writer,) = shared_server.children()
    assert os.sched_getscheduler(shared_server.pid) == os.sched_getscheduler(writer) == os.SCHED_OTHER


def test_a_system_that_forbids_it_changes_nothing() -> None:
    """Where a container or a unit lets no process choose, threads are as they were."""
    refused = (
        "import os\n"
        "def forbid(*_): raise PermissionError\n"
        "os.sched_setscheduler = forbid\n"
        "from aboveboard_server.grpc_api.threads import patient_threads\n"
        "with patient_threads(): print('inside', os.sched_getscheduler(0))"
    )
    done = subprocess.run([sys.executable, "-c", refused], check=True, capture_output=True, text=True)
    assert done.stdout == f"inside {os.SCHED_OTHER}\n"
