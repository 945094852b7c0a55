"""A stream of requests, committed as they come and acknowledged cumulatively."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard.ingest.v1 import ingest_service_pb2 as ingest
from aboveboard_server.byte_cache import MIB
from aboveboard_server.errors import OverloadedError, ServiceError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from aboveboard_server.ingest.service import IngestService, Outcome, Publication

# Requests of one stream that may wait for their commit; beyond this the server stops reading, and the
# transport's flow control holds the client back.
MAX_IN_FLIGHT = 1_000
# Bytes of one stream's requests that are not acknowledged, with their verdicts, beyond which the server stops
# reading it; and those of all streams, beyond which the stream that sends more is told to try again later.
MAX_STREAM_BYTES = 4 * MIB
MAX_BYTES = 32 * MIB
# What the verdict on an event may take.
VERDICT_BYTES = 256
# Seconds that a client may take to read an answer, for as long as it does not, all that is behind it is held.
PATIENCE = 30.0


@dataclass(slots=True)
class _End:
    """The end of a stream's requests: the client's own, or an error to be told after all that came before."""

    error: BaseException | None


if TYPE_CHECKING:
    # A request's number, what becomes of it, and the bytes that it holds meanwhile.
    _Begun: TypeAlias = tuple[int, Publication, int]
    Item: TypeAlias = _Begun | _End
    Queue: TypeAlias = asyncio.Queue[Item]


class Requests(Protocol):
    """The requests of a stream as they come."""

    # Bytes of the one that came last.
    size: int

    def __aiter__(self) -> AsyncIterator[ingest.StreamEventsRequest]:
        """Return what yields them."""


class Streams:
    """The streams that are open. Each is read for so many seconds at most; its client then opens another."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lives: set[asyncio.Timeout] = set()
        # Bytes of all requests that were read and not acknowledged.
        self.held = 0

    def end(self) -> None:
        """Read no further, and let each end once all that was read is acknowledged."""
        for life in self._lives:
            if not life.expired():
                life.reschedule(0)

    @asynccontextmanager
    async def bounded(self) -> AsyncIterator[None]:
        """Break off what is inside, without an error, once it has had its time."""
        life = asyncio.timeout(self._seconds)
        try:
            async with life:
                self._lives.add(life)
                yield
        except TimeoutError:
            if not life.expired():
                raise
        finally:
            self._lives.discard(life)


class _Held:
    """The bytes of a stream's requests that were read and not acknowledged."""

    def __init__(self, streams: Streams) -> None:
        self.streams = streams
        self._bytes = 0
        self._released = asyncio.Event()

    def take(self, size: int) -> None:
        """Count what was read; OverloadedError where all streams together hold too much."""
        if self.streams.held + size > MAX_BYTES:
            raise OverloadedError
        self._bytes += size
        self.streams.held += size

    def release(self, size: int) -> None:
        """Count what is held no longer."""
        self._bytes -= size
        self.streams.held -= size
        self._released.set()

    def release_all(self) -> None:
        """Count nothing more of this stream."""
        self.release(self._bytes)

    @property
    def is_over(self) -> bool:
        """Whether no more may be read for now."""
        return self._bytes > MAX_STREAM_BYTES

    async def room(self) -> None:
        """Wait until more may be read."""
        while self.is_over:
            self._released.clear()
            await self._released.wait()


async def acknowledge(
    requests: Requests,
    service: IngestService,
    streams: Streams,
    is_bound: Callable[[], bool] = lambda: False,
) -> AsyncIterator[ingest.StreamEventsResponse]:
    """Yield answers, each for every request committed since the answer before.

    `is_bound` tells, as each request comes, whether its key is bound to its source's company; see `Gate`.

    An error ends the stream after everything before it was acknowledged. So does the end of its time, which
    is none: what was sent and not acknowledged is to be sent again, on another stream. A client that reads no
    answer is cut off.
    """
    loop, answering = asyncio.get_running_loop(), asyncio.current_task()
    if answering is None:
        raise RuntimeError("a stream is answered in a task")
    held = _Held(streams)
    queue: Queue = asyncio.Queue(MAX_IN_FLIGHT)
    reading = _read(requests, service, queue, held, is_bound)
    reader = asyncio.create_task(reading, name="stream-reader")
    # One that is ended puts no end into the queue: nobody is to wait for it.
    reader.add_done_callback(cut_off := lambda ended: ended.cancelled() and answering.cancel())
    try:
        item = await queue.get()
        while not isinstance(item, _End):
            answer = ingest.StreamEventsResponse()
            following = await _collect(answer, item, queue, held)
            if answer.acknowledged_through:
                unread = loop.call_later(PATIENCE, answering.cancel)
                try:
                    yield answer
                finally:
                    unread.cancel()
            item = following or await queue.get()
        if item.error is not None:
            raise item.error
    finally:
        reader.remove_done_callback(cut_off)
        reader.cancel()
        held.release_all()


async def _read(
    requests: Requests,
    service: IngestService,
    queue: Queue,
    held: _Held,
    is_bound: Callable[[], bool],
) -> None:
    """Begin each request in its order; whatever ends the stream goes through the queue as well."""
    last = 0
    try:
        async with held.streams.bounded():
            async for request in requests:
                last = _following(last, request.sequence)
                publish = request.publish
                size = requests.size + VERDICT_BYTES * len(publish.events)
                held.take(size)
                publication = service.begin(publish, is_bound=is_bound())
                if publication.is_held:
                    # Here, so that it waits for no commit of what came before.
                    await service.record(publication)
                try:
                    queue.put_nowait((last, publication, size))
                except asyncio.QueueFull:
                    await queue.put((last, publication, size))
                if held.is_over:
                    await held.room()
    except Exception as error:  # noqa: BLE001  # told to whoever answers the stream, which raises it
        await queue.put(_End(error))
    else:
        await queue.put(_End(None))


def _following(last: int, sequence: int) -> int:
    if sequence > last:
        return sequence
    text = f"{sequence} does not follow {last}"
    raise ServiceError(reasons.ERROR_REASON_SEQUENCE_INVALID, text, field="sequence")


async def _collect(
    answer: ingest.StreamEventsResponse, item: _Begun, queue: Queue, held: _Held
) -> Item | None:
    """Wait for one request, and put it and all that are done behind it into one answer.

    Return what was taken from the queue and must wait for an answer of its own, if anything.
    """
    # What the answer says so far of whether the source may go on collecting.
    told: bool | None = None
    # Put into the answer at the end: a field of a message costs more than a name.
    through = accepted = size = 0
    following: Item | None = item
    while following is not None and not isinstance(following, _End):
        sequence, publication, held_by = following
        if through and not publication.done:
            break
        try:
            outcome = publication.outcome_by_now() or await publication.outcome()
        except Exception as error:  # noqa: BLE001  # raised by `acknowledge`, behind what this answer acknowledges
            following = _End(error)
            break
        through, accepted, size = sequence, accepted + outcome.accepted, size + held_by
        if outcome.verdicts:
            _add(answer, sequence, outcome)
        if outcome.enabled is not told:
            publication.tell(answer.collection_status, outcome)
            told = outcome.enabled
        following = None if queue.empty() else queue.get_nowait()
    answer.acknowledged_through, answer.accepted_count = through, accepted
    held.release(size)
    return following


def _add(answer: ingest.StreamEventsResponse, sequence: int, outcome: Outcome) -> None:
    """Put the verdicts on one request's events into an answer."""
    answer.verdicts.extend(
        ingest.StreamVerdict(sequence=sequence, verdict=verdict) for verdict in outcome.verdicts
    )
