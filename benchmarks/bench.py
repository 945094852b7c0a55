"""Runs contenders: each gets what it needs, a new database or a full one, and is measured once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks import jobs, servers
from benchmarks.contenders import BARE, EMPTY, LOADED_ROWS, NAIVE, RAW
from benchmarks.jobs import ALONE, IN_FLIGHT, UNARY, LoadSpec, WriteSpec
from benchmarks.preload import preload
from benchmarks.preload_privacy import preload_privacy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchmarks.contenders import Contender
    from benchmarks.jobs import Result
    from benchmarks.servers import Running
    from benchmarks.stores import Database, Host

# Seconds after which a sustained run stops, whatever it has reached.
PATIENCE = 240.0


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured: the share of each contender's events, and the seconds after which a run stops."""

    rounds: int
    share: float
    seconds: float
    loaded_rows: int = LOADED_ROWS


FULL = Scale(rounds=5, share=1.0, seconds=12.0)
QUICK = Scale(rounds=1, share=0.15, seconds=2.5)


class Bench:
    """Measures contenders in one folder, on the stores of `hosts`."""

    def __init__(self, folder: Path, hosts: Mapping[str, Host], scale: Scale) -> None:
        self._folder = folder
        self._hosts = hosts
        self._scale = scale
        self._loaded: dict[str, Database] = {}

    def measure(self, contender: Contender) -> Result:
        """Run one contender once, and return what was measured."""
        if contender.kind == BARE:
            with servers.bare(self._folder) as running:
                return self._load(contender, running, 1)
        # Whatever store there is, an empty handler does not use it.
        host = self._hosts[contender.store or next(iter(self._hosts))]
        if contender.loaded:
            # The tables grow by what each run adds: a few per cent by the end.
            return self._measure_on(contender, host, self.loaded(host))
        database = host.fresh()
        try:
            if contender.private:
                preload_privacy(database.url)
            return self._measure_on(contender, host, database)
        finally:
            host.drop(database)

    def loaded(self, host: Host) -> Database:
        """Return the store's database with many rows, filled when it is first asked for."""
        if host.name not in self._loaded:
            database = host.fresh()
            preload(database.url, 0, self._scale.loaded_rows)
            self._loaded[host.name] = database
        return self._loaded[host.name]

    def sustained(self, host: Host, events: int) -> Result:
        """Keep a server at work for that many events, and return how its memory went."""
        database = host.fresh()
        try:
            with servers.aboveboard(database, host.workers) as running:
                spec = LoadSpec(
                    running.address,
                    running.pid,
                    str(self._folder),
                    events=events,
                    seconds=PATIENCE,
                    in_flight=IN_FLIGHT * host.workers,
                    channels=jobs.channels(host.workers),
                    lazy=True,
                )
                return jobs.run("load", spec)
        finally:
            host.drop(database)

    def _measure_on(self, contender: Contender, host: Host, database: Database) -> Result:
        if contender.kind in {RAW, NAIVE}:
            module = "naive" if contender.kind == NAIVE else f"raw_{host.name}"
            spec = WriteSpec(
                database.url, self._events(contender), self._scale.seconds, contender.batch, ids=contender.ids
            )
            return jobs.run(module, spec)
        workers = 1 if contender.one_process else host.workers
        program = servers.EMPTY if contender.kind == EMPTY else servers.SERVICE
        with servers.aboveboard(database, workers, program=program) as running:
            return self._load(contender, running, workers)

    def _load(self, contender: Contender, running: Running, workers: int) -> Result:
        spec = LoadSpec(
            target=running.address,
            server_pid=running.pid,
            folder=str(self._folder),
            mode=contender.mode,
            batch=contender.batch,
            events=self._events(contender),
            seconds=self._scale.seconds,
            # Each of several processes gets what one does. Streams have their own, and are more of them.
            in_flight=contender.in_flight * (workers if contender.mode == UNARY else 1),
            channels=1 if contender.mode in ALONE else jobs.channels(workers),
            ids=contender.ids,
            duplicates=contender.duplicates,
        )
        return jobs.run("load", spec)

    def _events(self, contender: Contender) -> int:
        # Whole commits for each of two raw writers, and so whole batches for everyone else.
        unit = 8_000 if contender.batch > 1 and contender.kind != NAIVE else contender.batch
        return max(unit, int(contender.events * self._scale.share) // unit * unit)
