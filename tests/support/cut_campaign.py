"""Power cuts under load: what was acknowledged before each, events and opt-outs, is there after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.admin import admin
from tests.support.clients import TIMEOUT, new_id
from tests.support.deletions import company
from tests.support.kills import Figures, campaign
from tests.support.power_cut import PowerCut, cut_power
from tests.support.server import ServerProcess

from aboveboard.admin.v1.opt_out_pb2 import CreateOptOutRequest
from aboveboard_server.privacy import journal
from aboveboard_server.privacy.journal_lines import OptOut

if TYPE_CHECKING:
    from pathlib import Path


def cut_often(folder: Path, cuts: int, events: int, seed: int, *, lies: bool = False) -> Figures:
    """Cut the power of a server that many times, under load; return what became of the events."""
    data = folder / "data"
    data.mkdir()
    power = PowerCut(data, folder / "synced", lies=lies)
    server = ServerProcess(data, env=power.environment)
    opted_out: set[str] = set()

    def cut(server: ServerProcess) -> bool:
        with admin(server) as stub:
            asked = CreateOptOutRequest(subject=company(new_id()))
            opted_out.add(stub.CreateOptOut(asked, timeout=TIMEOUT).opt_out.opt_out_id)
        cut_power(server, power)
        return True

    try:
        figures = campaign(server, {"power": cuts}, {"power": cut}, events=events, seed=seed)
        if not lies:
            assert {found for (found,) in server.query("SELECT opt_out_id FROM opt_out")} == opted_out
            entries = journal.read(server.key_dir)
            assert {entry.opt_out_id for entry in entries if isinstance(entry, OptOut)} == opted_out
    finally:
        server.kill()
    return figures
