"""Sends many requests, several at a time, and counts what becomes of each event."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import grpc

from aboveboard.ingest.v1.ingest_service_pb2_grpc import IngestServiceStub
from aboveboard.telemetry.v1.verdict_pb2 import OUTCOME_REJECTED, CollectionStatus, Outcome, RejectionReason
from aboveboard_server.cli.enums import name_of
from aboveboard_server.cli.errors import read_details

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest, PublishEventsResponse

TIMEOUT_SECONDS = 30
ATTEMPTS = 8


@dataclass
class Tally:
    """What became of the events, by event type and outcome; and answers whose count fits no verdicts."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    rejections: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    retries: int = 0
    miscounted: int = 0
    _disabled: set[bytes] = field(default_factory=set)

    def add(self, request: PublishEventsRequest, response: PublishEventsResponse) -> None:
        """Count one answered request; whatever has no verdict was accepted."""
        fates = ["ACCEPTED"] * len(request.events)
        for verdict in response.verdicts:
            fates[verdict.index] = name_of(Outcome, verdict.outcome, "OUTCOME_")
            if verdict.outcome == OUTCOME_REJECTED:
                reason = name_of(RejectionReason, verdict.reason, "REJECTION_REASON_")
                self.rejections[f"{verdict.field} {reason}".strip()] += 1
        for envelope, fate in zip(request.events, fates, strict=True):
            self.counts[envelope.WhichOneof("event") or "", fate] += 1
        self.miscounted += fates.count("ACCEPTED") != response.accepted_count
        self.requests += 1
        if response.collection_status.state == CollectionStatus.STATE_DISABLED:
            self._disabled.add(request.source.SerializeToString(deterministic=True))

    @property
    def disabled_sources(self) -> int:
        """How many sources were told to stop."""
        return len(self._disabled)

    def events(self) -> list[str]:
        """Return the event types that were sent, the most frequent first."""
        return sorted({event for event, _ in self.counts}, key=lambda event: (-self.sent(event), event))

    def outcomes(self) -> set[str]:
        """Return the outcomes there were."""
        return {outcome for _, outcome in self.counts}

    def sent(self, event: str | None = None) -> int:
        """Return how many events were sent, of that type or of all."""
        return sum(count for (name, _), count in self.counts.items() if event in {None, name})

    def outcome(self, outcome: str, event: str | None = None) -> int:
        """Return how many events had that outcome, of that type or of all."""
        return sum(
            count for (name, fate), count in self.counts.items() if fate == outcome and event in {None, name}
        )


def send_all(
    channel: grpc.Channel,
    requests: Iterator[PublishEventsRequest],
    senders: int,
    show: Callable[[int], None],
) -> Tally:
    """Send every request with that many senders at once; `show` is told how many events are done.

    Raises the first error that is no request to try again; the other senders stop then too.
    """
    crew = _Crew(IngestServiceStub(channel), requests, show)
    with ThreadPoolExecutor(senders, thread_name_prefix="sender") as pool:
        running = [pool.submit(crew.work) for _ in range(senders)]
        try:
            for sender in running:
                sender.result()
        finally:
            crew.stop.set()
    return crew.tally


class _Crew:
    """Senders that take their requests from one pile."""

    def __init__(
        self, stub: IngestServiceStub, requests: Iterator[PublishEventsRequest], show: Callable[[int], None]
    ) -> None:
        self.tally = Tally()
        self.stop = threading.Event()
        self._stub, self._requests, self._show = stub, requests, show
        self._taking, self._counting = threading.Lock(), threading.Lock()
        self._done = 0

    def work(self) -> None:
        """Send until the pile is empty, or until another sender has met an error."""
        try:
            while not self.stop.is_set():
                with self._taking:
                    request = next(self._requests, None)
                if request is None:
                    return
                response = self._send(request)
                with self._counting:
                    self.tally.add(request, response)
                    self._done += len(request.events)
                    self._show(self._done)
        except BaseException:
            self.stop.set()
            raise

    def _send(self, request: PublishEventsRequest) -> PublishEventsResponse:
        """Send one request; again only where the server says when, which is safe: ids keep it single."""
        for attempt in range(1, ATTEMPTS + 1):
            # The clock at the moment of sending tells the server how far it is off; that of a demo is not.
            request.sent_at.GetCurrentTime()
            try:
                return self._stub.PublishEvents(request, timeout=TIMEOUT_SECONDS)
            except grpc.RpcError as error:
                delay = read_details(error).retry_seconds
                if delay is None or attempt == ATTEMPTS or self.stop.wait(delay):
                    raise
                with self._counting:
                    self.tally.retries += 1
        raise AssertionError("unreachable: the last attempt returns or raises")
