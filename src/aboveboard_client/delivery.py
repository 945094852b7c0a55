"""One exchange with the service: ask, send, tell; and what follows from its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError

from aboveboard.ingest.v1.ingest_service_pb2 import GetCollectionStatusRequest, PublishEventsRequest
from aboveboard.telemetry.v1 import verdict_pb2 as v
from aboveboard.telemetry.v1.source_pb2 import Source
from aboveboard_client.envelopes import may_go, unseal
from aboveboard_client.failure import OF_THE_SOURCE, CallFailed, Withdrawn
from aboveboard_client.locks import locked
from aboveboard_client.log import Unspeakable

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

    from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsResponse
    from aboveboard_client.parts import Parts
    from aboveboard_client.segment import Batch

MOST_EVENTS = 500
# A quarter of what the server takes, so that no request is refused for its size.
MOST_BYTES = 1024 * 1024
COUNTED_AS = {
    v.OUTCOME_DUPLICATE: "duplicate",
    v.OUTCOME_REJECTED: "rejected",
    v.OUTCOME_QUARANTINED: "quarantined",
    v.OUTCOME_OPTED_OUT: "opted_out",
    v.OUTCOME_SUBJECT_ERASED: "erased",
}


class Delivery:
    """Speaks with the service on behalf of one source."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._limit = MOST_EVENTS
        self._internal_failures = 0

    def ask(self) -> None:
        """Ask whether this source may collect, and obey; CallFailed, Withdrawn, OSError."""
        settings = self._parts.settings
        request = GetCollectionStatusRequest(source=settings.source, write_key=settings.write_key)
        response = self.call("GetCollectionStatus", request)
        self._parts.consent.obey(response.collection_status)

    def next_request(self) -> tuple[PublishEventsRequest, Batch] | None:
        """Return the request that goes next, without its time, and what of the spool it settles.

        What of the batch cannot be read counts as damaged there, and what may not go is left out.
        """
        batch = self._parts.spool.peek(self._limit, MOST_BYTES)
        if batch is None:
            return None
        request = PublishEventsRequest(write_key=self._parts.settings.write_key)
        try:
            request.source.CopyFrom(Source.FromString(batch.source))
        except DecodeError:
            request.source.CopyFrom(self._parts.settings.source)
        readable = unseal(batch.events)
        batch.damaged += len(batch.events) - len(readable)
        allowed = self._parts.consent.categories
        request.events.extend(event for event in readable if may_go(event, allowed))
        batch.unwanted = len(readable) - len(request.events)
        return request, batch

    def send(self) -> bool:
        """Send the next events and settle them; False where there were none.

        CallFailed where they stay in the spool to be sent again; Withdrawn; OSError.
        """
        found = self.next_request()
        if found is None:
            return False
        request, batch = found
        if not request.events:
            self._parts.spool.done(batch)
            return True
        request.sent_at.FromNanoseconds(self._parts.clock.now())
        with self._parts.spool.under_way(batch):
            try:
                response = self.call("PublishEvents", request, of_events=True)
            except CallFailed as failure:
                self._settle_failure(failure, batch, len(request.events))
                return True
            self._count(request, response)
            self._parts.spool.done(batch)
        self._internal_failures = 0
        self._limit = min(self._limit * 2, MOST_EVENTS)
        self._parts.consent.obey(response.collection_status)
        return True

    def call(self, rpc: str, request: Message, *, of_events: bool = False) -> Any:
        """Call an RPC and log it; Withdrawn where `of_events` and telemetry is off; CallFailed, OSError."""
        parts = self._parts
        folder = parts.state.folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The lock is shared by all processes that send; whoever switches off waits until none holds it.
        with parts.transport.gate, locked(folder / "sending.lock", shared=True):
            if of_events and not parts.consent.refresh():
                raise Withdrawn
            parts.keeper.watch(watching=of_events)
            try:
                return self._exchange(rpc, request, parts.transport.call)
            finally:
                parts.keeper.watch(watching=False)

    def call_alone(self, rpc: str, request: Message) -> Any:
        """As `call`, beside whatever the sender does, and called off by nobody: the host waits for it."""
        return self._exchange(rpc, request, self._parts.transport.call_alone)

    def _exchange(self, rpc: str, request: Message, call: Callable[[str, Message, float], Any]) -> Any:
        parts = self._parts
        if parts.consent.switched_off:
            raise Withdrawn(parts.settings.nowhere or "the environment forbids any connection")
        if not parts.transport.usable:
            raise CallFailed("UNAVAILABLE", "grpc cannot be used in this child; its parent sends")
        try:
            parts.log.sent(rpc, request)
        except Unspeakable as error:
            # What cannot be shown is not sent; of a request with events the one is looked for that it is.
            raise CallFailed("INVALID_ARGUMENT", f"no words for it in the log: {error}") from None
        try:
            response = call(rpc, request, parts.settings.timing.rpc)
        except (CallFailed, Withdrawn) as failure:
            parts.log.failed(rpc, str(failure) or "called off")
            raise
        parts.log.answered(rpc, response)
        return response

    def _count(self, request: PublishEventsRequest, response: PublishEventsResponse) -> None:
        """Count each event once, even where the service says two things of it."""
        tally = self._parts.tally
        verdicts = {verdict.index: verdict for verdict in response.verdicts}
        told = [verdict for index, verdict in verdicts.items() if index < len(request.events)]
        for verdict in told:
            tally.add(COUNTED_AS.get(verdict.outcome, "refused"))
            if verdict.outcome == v.OUTCOME_SUBJECT_ERASED:
                self._parts.clock.erased(request.events[verdict.index].occurred_at.seconds)
            if verdict.outcome == v.OUTCOME_REJECTED:
                # Once for each rule: it is a mistake in the host's code, which its developer can mend.
                tally.trouble(
                    f"rejected {verdict.field}", "event rejected: %s %s", verdict.field, verdict.message
                )
        tally.add("accepted", len(request.events) - len(told))

    def _settle_failure(self, failure: CallFailed, batch: Batch, count: int) -> None:
        """Drop what can never be taken, and ask for less of what might; raise what is to be tried again."""
        hopeless = failure.code == "INVALID_ARGUMENT"
        if failure.code == "INTERNAL":
            # Once again, then in halves, until the one event is found that the server stumbles over.
            self._internal_failures += 1
            hopeless = self._internal_failures > 1
            self._parts.tally.trouble(
                "internal",
                "the telemetry service failed; tell whoever runs it: error id %s",
                failure.error_id,
            )
        if not hopeless:
            raise failure
        if count == 1 or failure.reason in OF_THE_SOURCE:
            self._parts.tally.trouble("refused", "%d events are dropped: %s", count, failure)
            self._parts.tally.add("refused", count)
            self._parts.spool.done(batch)
        else:
            self._limit = max(1, count // 2)
        self._internal_failures = 0
        if failure.code == "INTERNAL":
            raise failure
