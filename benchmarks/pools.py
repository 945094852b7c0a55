"""Requests ready to be sent, each a string of bytes, and what must be answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest, StreamEventsRequest
from aboveboard.telemetry.v1.verdict_pb2 import OUTCOME_DUPLICATE
from benchmarks.events import request, request_heads, templates
from benchmarks.ids import IdMaker

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from aboveboard.telemetry.v1.verdict_pb2 import EventVerdict
    from benchmarks.jobs import LoadSpec

# Of so many events one was sent before, where duplicates are asked for.
DUPLICATE_EVERY = 100
# What is sent before the clock starts: every source is known then, and every code path was taken once.
WARM_UP_REQUESTS = 128


class WrongAnswerError(Exception):
    """The server did not answer what it must: a rate would mean nothing."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What every answer must say: how many events were taken, and which were not."""

    batch: int
    duplicates: tuple[int, ...] = ()

    @property
    def accepted(self) -> int:
        """How many events of a request are new."""
        return self.batch - len(self.duplicates)

    def check(self, accepted: int, verdicts: Iterable[EventVerdict], requests: int = 1) -> None:
        """Raise WrongAnswerError unless so many requests were answered as they must be."""
        found = [verdict.index for verdict in verdicts if verdict.outcome == OUTCOME_DUPLICATE]
        if accepted != self.accepted * requests or tuple(found) != self.duplicates * requests:
            raise WrongAnswerError(f"{accepted} accepted, duplicates {found}, over {requests} of {self}")


class Pool:
    """Makes the requests of one run: first those to warm up with, then those to be measured."""

    def __init__(self, spec: LoadSpec) -> None:
        self._spec = spec
        self._mix = templates()
        self._heads = request_heads()
        self._ids = IdMaker(spec.ids)
        self._sent_ids: list[list[str]] = []
        self._made = 0
        duplicates = tuple(range(0, spec.batch, DUPLICATE_EVERY)) if spec.duplicates else ()
        self.expected = Expected(spec.batch, duplicates)
        self.expected_when_new = Expected(spec.batch)

    def warm_up(self) -> list[bytes]:
        """Return requests whose every event is new."""
        self._sent_ids = [self._ids.take(self._spec.batch) for _ in range(WARM_UP_REQUESTS)]
        return [self._build(ids) for ids in self._sent_ids]

    def measured(self) -> Iterator[bytes]:
        """Return the requests to be measured: all of them built already, unless the spec is lazy."""
        requests = (self._next() for _ in range(self._spec.events // self._spec.batch))
        return requests if self._spec.lazy else iter(list(requests))

    def _next(self) -> bytes:
        ids = self._ids.take(self._spec.batch)
        for index in self.expected.duplicates:
            # The same place in a batch is the same type of event, within which an id is unique.
            ids[index] = self._sent_ids[self._made % WARM_UP_REQUESTS][index]
        return self._build(ids)

    def _build(self, ids: list[str]) -> bytes:
        head = self._heads[self._made % len(self._heads)]
        # The types go by turns over single events too.
        offset = self._made if self._spec.batch == 1 else 0
        self._made += 1
        return request(head, self._mix, ids, offset)


def numbered(sequence: int, data: bytes) -> bytes:
    """Wrap a request for a stream."""
    publish = PublishEventsRequest.FromString(data)
    return StreamEventsRequest(sequence=sequence, publish=publish).SerializeToString()
