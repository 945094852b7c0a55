"""The contract of a store. One test suite runs over everything that claims to keep it.

Values travel as plain tuples (see `schema.rows`), so that they can cross a process boundary and enter the
store without becoming objects on the way.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Concatenate, NamedTuple, ParamSpec, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from sqlmodel import Session

    from aboveboard.telemetry.v1.verdict_pb2 import RejectionReason
    from aboveboard_server.schema.rows import Row, Value
    from aboveboard_server.storage.forbidden import Forbidden

P = ParamSpec("P")
T = TypeVar("T")
if TYPE_CHECKING:
    Unit: TypeAlias = Callable[Concatenate[Session, P], T]

# An opt-out set by the source itself, and one set by an administrator.
SELF_SERVICE = "SELF_SERVICE"
ADMINISTRATOR = "ADMINISTRATOR"

QUARANTINE = "quarantined_event"
# The columns of a quarantined event's row, after `source_id` and `received_at`.
QUARANTINE_COLUMNS = (
    "occurred_at_corrected",
    "event_id",
    "occurred_at",
    "event_field_number",
    "reason",
    "envelope",
)


class SourceRecord(NamedTuple):
    """A source as it is stored, and the digests of every Subject it falls under, the widest first."""

    origin: str
    fingerprint: bytes
    values: Row
    subjects: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class SubjectRecord:
    """A Subject as the store knows it: by its digest, and by the columns that name it.

    `user_id` is the one that is stored, keyed again; `stored_digest` is the user's digest by it.
    """

    kind: str
    digest: bytes
    stored_digest: bytes | None = None
    company_id: str | None = None
    deployment_id: str | None = None
    server_uuid: str | None = None
    user_id: str | None = None


@dataclass(slots=True)
class EventBatch:
    """The `size` rows of one request. Committed whole or not at all, duplicates left out.

    `values` holds those of each table's rows one after the other: an object for each row would be made,
    packed and taken apart on both sides of a socket for nothing. `epoch` is that of the tombstones it was
    sorted by, and of the keys its source was read with. `packed` is what a store made of it ahead of its
    commit, of so many bytes; `values` is empty then.
    """

    source: SourceRecord
    received_at: int
    values: dict[str, list[Value]]
    size: int
    epoch: int = 0
    packed: Any = None
    packed_bytes: int = 0


@dataclass(slots=True)
class CommitResult:
    """What became of a batch: refused whole, or stored but for the duplicates.

    It is refused for an opt-out, or as `stale` where a Subject of its source was deleted after it was sorted:
    it is to be read and sorted anew. `duplicates` holds, by table, the positions of the rows whose key was
    there already.
    """

    opted_out: bool = False
    stale: bool = False
    duplicates: dict[str, list[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class QuarantinedEvent:
    """An event this server did not know when it came.

    `skew` is how far its client's clock was behind, in µs; `source` holds the values of its source row.
    """

    quarantined_event_id: int
    event_field_number: int
    event_id: str
    received_at: int
    reason: RejectionReason.ValueType
    size_bytes: int
    skew: int = 0
    envelope: bytes = b""
    source_id: int = 0
    origin: str = ""
    source: Row = ()


@dataclass(frozen=True, slots=True)
class Replay:
    """Moves one quarantined event into the table it belongs to; drops it where `row` is None.

    `epoch` is that of the tombstones it was judged by, known before it was read.
    """

    quarantined_event_id: int
    source_id: int
    subjects: tuple[bytes, ...]
    received_at: int
    table: str
    row: Row | None
    epoch: int = 0

    def into(self, table: str, row: Row) -> Replay:
        """Return this replay with the row that the event becomes."""
        return replace(self, table=table, row=row)


@dataclass(frozen=True, slots=True)
class Loss:
    """What one day's numbers of one product's instances show; `day` counts days since 1970, in UTC.

    `excluded` counts the instances that are in none of the other counts, for their numbers cannot be right.
    """

    day: int
    solution: str
    instances: int
    received: int
    missing: int
    excluded: int


class EventStore(Protocol):
    """Takes events. Every method MUST raise StoreUnavailableError where the store cannot do it now."""

    def prepare(self, batch: EventBatch) -> None:
        """Do what can be done of a commit at once, while the batch's rows are in the processor's cache.

        Where many wait, they have left it by the time of the commit. Not needed before `commit`.
        """

    async def commit(self, batches: Sequence[EventBatch]) -> list[CommitResult]:
        """Store batches and return what became of each, in their order.

        MUST return only when everything stored is durable. MUST check opt-outs and tombstones in the same
        transaction: once a unit of work that forbids has returned, no later commit stores what it forbids.
        MUST know in `forbidden` what has made a batch stale by the time it says so.
        MUST keep one row per key and table, within the call too. MUST create or touch the source and registry
        rows.
        """

    async def probe(self) -> None:
        """Return where an event would be committed now.

        MUST write something of no worth and sync it, for that is what may fail. MUST NOT count as an event
        for `scrub`.
        """

    async def size(self) -> int:
        """Return the bytes that the database takes up, its write-ahead log included where it has one."""

    async def work(self, unit: Unit[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a unit of work, one of `storage.work`, in one transaction; return what it returns.

        MUST return only when what it wrote is durable. A unit marked as one that forbids MUST be in force for
        every commit of every process once this has returned, and its own process MUST know. One marked as
        one that obeys MUST NOT run beside it, and MUST know all that was forbidden before. What a unit
        takes and returns can be pickled; a ServiceError that it raises rolls it back and is raised here.
        """

    async def read(self, unit: Unit[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a unit of work that only reads, beside whatever is written meanwhile.

        One marked as urgent MUST NOT wait for others that read or write, however long they take.
        """

    def alone(self, task: str) -> AbstractAsyncContextManager[bool]:
        """Hold a task for as long as the context lasts; yield whether it was had.

        MUST NOT wait where another holds it, of any server of the database. MUST let go when its holder dies.
        """

    @property
    def forbidden(self) -> Forbidden:
        """What may not be stored.

        MUST be at most a second behind what another process has changed; `commit` is never behind.
        """

    async def rolled_back(self) -> int:
        """Return once the database has lost changes that were acknowledged, as after a failover or a restore.

        MUST store no event from then on, and MUST fail each `probe`, until `resume` is called with the number
        that this returned.
        """

    def resume(self, rollbacks: int) -> None:
        """Store events again: what the database has lost of what may not be stored is in it again."""

    async def quarantined(
        self, *, before: int | None = None, after: int | None = None, limit: int, whole: bool = False
    ) -> list[QuarantinedEvent]:
        """Return quarantined events: the newest first below id `before`, or the oldest first above `after`.

        `whole` adds each one's bytes and source. MUST leave out what a deletion is removing.
        """

    async def replay(self, items: Sequence[Replay]) -> list[str]:
        """Move quarantined events into their tables; return what became of each.

        That is REPLAYED, DUPLICATE, OPTED_OUT, SUBJECT_ERASED or DROPPED. MUST store the row and drop the
        quarantined event in one transaction. MUST answer DUPLICATE, and store nothing, for an event that has
        left the quarantine meanwhile, and SUBJECT_ERASED for one of a Subject that was deleted since it was
        judged, or of a source that a deletion is removing or has removed.
        """

    async def loss(self, *, first_day: int, last_day: int, solution: str) -> list[Loss]:
        """Estimate loss for each day and product, the newest day first, then in order of product.

        Days count from 1970, in UTC; an empty `solution` keeps all. MUST count a number once, however many
        events of an instance bear it, and take every event that has one, whatever its type.
        """

    @property
    def scrubs(self) -> bool:
        """Whether the store can promise of its files what `scrub` says."""

    async def scrub(self, *, quiet_seconds: float) -> bool:
        """Leave no byte of what was deleted so far in any file of the store, and return whether that is so.

        It is not where an event came in the last `quiet_seconds`, or somebody still reads what was deleted:
        then try again later. MUST leave nothing elsewhere either. Writes wait meanwhile.
        """

    async def make_room(self) -> None:
        """Give up what the store keeps free on its disk for deletions, where it does so."""

    async def pin_keys(self, fingerprints: Mapping[str, str]) -> list[str]:
        """Remember the keys this database belongs to; return the names of those that do not match."""

    async def close(self) -> None:
        """Finish what was begun, and let go of the store."""
