"""Everything that is measured, and what it must reach: one factor at a time around a base point.

The base point is what a busy server sees most: batches of 500, UUIDv7 ids, no duplicates, an empty table,
three event types mixed.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.ids import V4, V7
from benchmarks.jobs import IN_FLIGHT, LONE, LONE_GRPC, STREAM, UNARY
from benchmarks.stores import POSTGRES, SQLITE

RAW = "raw limit"
NAIVE = "naive"
EMPTY = "empty handler"
BARE = "bare grpc.aio"
SERVER = "server"
PRIVATE = "10,000 opt-outs and tombstones"
# Rows that lie in the tables before a run over full tables.
LOADED_ROWS = 5_000_000
# What a lone caller sends: most of it once SQLite's log is as long as it gets, as on a server that has run
# for a while. In the first 330 commits each sync tells the disk of the file's length too: 0.28 ms, not 0.15.
LONE_EVENTS = 1_800


@dataclass(frozen=True, slots=True)
class Contender:
    """One thing that is measured once in each round."""

    name: str
    kind: str
    # Empty where no store takes part.
    store: str
    what: str
    events: int
    mode: str = UNARY
    batch: int = 500
    # For each of the processes that serve, or on each stream.
    in_flight: int = IN_FLIGHT
    ids: str = V7
    duplicates: bool = False
    loaded: bool = False
    # Whether thousands of opt-outs, tombstones and users are there.
    private: bool = False
    # Whether one process serves, where the store could have more: as an empty handler is served.
    one_process: bool = False
    quick: bool = False


@dataclass(frozen=True, slots=True)
class Goal:
    """What a contender must reach: as a share of a reference of the same round, or as an upper bound."""

    row: str
    contender: str
    # The contender it is divided by; empty where the figure itself is bounded.
    reference: str
    required: float
    stretch: float | None
    figure: str = "events_per_second"


def contenders(stores: list[str]) -> list[Contender]:
    """Return all contenders on these stores, in the order in which they are told."""
    what = "one event, 128 in flight"
    empty = Contender(EMPTY, EMPTY, "", what, 24_000, batch=1, in_flight=128, one_process=True, quick=True)
    bare = Contender(BARE, BARE, "", what, 24_000, batch=1, in_flight=128)
    return [bare, empty, *(one for store in stores for one in _on(store))]


def _on(store: str) -> list[Contender]:
    """Return the contenders on one store."""

    def one(kind: str, what: str, events: int, **factors: object) -> Contender:
        name = f"{store}: {kind}, {what}"
        return Contender(name, kind, store, what, events, **factors)  # type: ignore[arg-type]  # the fields above

    return [
        one(RAW, "base", 480_000, quick=True),
        one(NAIVE, "SQLModel session", 15_000, quick=store == SQLITE),
        one(SERVER, "base", 480_000, quick=True),
        one(SERVER, "batches of 50", 200_000, batch=50, in_flight=128),
        one(SERVER, "single events", 20_000, batch=1, in_flight=128, one_process=True, quick=True),
        one(SERVER, "streams of 50", 300_000, mode=STREAM, batch=50, in_flight=32, quick=store == SQLITE),
        one(
            SERVER,
            "streams of single events",
            80_000,
            mode=STREAM,
            batch=1,
            in_flight=256,
            quick=store == SQLITE,
        ),
        one(SERVER, "lone caller", LONE_EVENTS, mode=LONE, batch=1, in_flight=1, quick=True),
        one(SERVER, "lone caller by grpc", LONE_EVENTS, mode=LONE_GRPC, batch=1, in_flight=1),
        one(RAW, "random ids", 160_000, ids=V4),
        one(SERVER, "random ids", 160_000, ids=V4),
        one(SERVER, "1 % duplicates", 200_000, duplicates=True),
        one(SERVER, PRIVATE, 480_000, private=True),
        one(
            SERVER,
            f"single events, {PRIVATE}",
            20_000,
            batch=1,
            in_flight=128,
            private=True,
            one_process=True,
        ),
        one(RAW, "full tables", 480_000, loaded=True),
        one(SERVER, "full tables", 480_000, loaded=True),
    ]


def goals(stores: list[str]) -> list[Goal]:
    """Return the rows of the design's table that can be told of these stores."""
    every = {
        SQLITE: [
            Goal("batches of 500", "server, base", "raw limit, base", 0.65, 0.80),
            Goal("unary, one event, 128 in flight", "server, single events", EMPTY, 0.85, 0.95),
            Goal("unary, of a bare grpc.aio server", "server, single events", BARE, 0, None),
            Goal("lone caller, p50 in ms", "server, lone caller", "", 1.0, None, "p50_ms"),
            Goal("lone caller by grpc, p50 in ms", "server, lone caller by grpc", "", 0, None, "p50_ms"),
            Goal("streams, batches of 50", "server, streams of 50", "raw limit, base", 0.45, 0.60),
            Goal("streams, single events", "server, streams of single events", "server, single events", 4, 6),
            Goal(f"batches of 500, {PRIVATE}", f"server, {PRIVATE}", "raw limit, base", 0.65, None),
            Goal(f"unary, {PRIVATE}", f"server, single events, {PRIVATE}", EMPTY, 0.85, None),
            Goal("random ids", "server, random ids", "raw limit, random ids", 0, None),
            Goal("5 million rows there", "server, full tables", "raw limit, full tables", 0, None),
            Goal("1 % duplicates, of the base", "server, 1 % duplicates", "server, base", 0, None),
        ],
        POSTGRES: [
            Goal("batches of 500", "server, base", "raw limit, base", 0.60, 0.70),
            Goal("unary, one event, 128 in flight", "server, single events", EMPTY, 0.75, 0.85),
            Goal("unary, of a bare grpc.aio server", "server, single events", BARE, 0, None),
            Goal("lone caller, p50 in ms", "server, lone caller", "", 1.0, None, "p50_ms"),
            Goal("lone caller by grpc, p50 in ms", "server, lone caller by grpc", "", 0, None, "p50_ms"),
            Goal("streams, batches of 50", "server, streams of 50", "raw limit, base", 0, None),
            Goal(
                "streams, single events", "server, streams of single events", "server, single events", 0, None
            ),
            Goal(f"batches of 500, {PRIVATE}", f"server, {PRIVATE}", "raw limit, base", 0.6, None),
            Goal(f"unary, {PRIVATE}", f"server, single events, {PRIVATE}", EMPTY, 0.75, None),
            Goal("random ids", "server, random ids", "raw limit, random ids", 0, None),
            Goal("5 million rows there", "server, full tables", "raw limit, full tables", 0, None),
            Goal("1 % duplicates, of the base", "server, 1 % duplicates", "server, base", 0, None),
        ],
    }
    return [_named(store, goal) for store in stores for goal in every[store]]


def _named(store: str, goal: Goal) -> Goal:
    """Put the store's name to a goal's names."""

    def full(name: str) -> str:
        return name if name in {"", EMPTY, BARE} else f"{store}: {name}"

    return Goal(
        f"{store}: {goal.row}",
        full(goal.contender),
        full(goal.reference),
        goal.required,
        goal.stretch,
        goal.figure,
    )
