"""No exception's text reaches a client, and nothing that a client sent reaches the log."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.support.admin import admin
from tests.support.broken_writer import CANARY
from tests.support.clients import (
    TIMEOUT,
    deployment_source,
    element,
    ingest,
    length_delimited,
    new_id,
    ping,
    publish,
    refusal,
    refusal_of,
    request,
    server_source,
    status,
    through_stream,
    through_unary,
    unknown_arm,
)

from aboveboard.admin.v1.admin_service_pb2 import ExportSubjectDataRequest
from aboveboard.admin.v1.company_pb2 import GetCompanyRequest
from aboveboard.admin.v1.quarantine_pb2 import ListQuarantinedEventsRequest
from aboveboard.admin.v1.subject_pb2 import Subject
from aboveboard.ingest.v1.ingest_service_pb2 import SetCollectionPreferenceRequest, StreamEventsRequest
from aboveboard_server.grpc_api.admin_servicer import AdminServicer
from aboveboard_server.grpc_api.ingest_servicer import IngestServicer
from aboveboard_server.ingest.gate import Gate
from aboveboard_server.ingest.sorter import Sorter

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.clients import Door, Refusal
    from tests.support.inside import Inside
    from tests.support.server import ServerProcess

# Each test goes through both, on one server: starting one takes longer than all that is sent to it.
DOORS = (through_unary, through_stream)


async def goes_on(server: Inside) -> None:
    """See that the server takes a good event."""
    response = await asyncio.to_thread(publish, server, server_source(), element())
    assert response.accepted_count == 1


async def refused(server: Inside, call: Callable[[], object]) -> tuple[Refusal, str]:
    """Return how a call was refused and what was logged, after it is seen that the canary is in neither."""
    server.take_log()
    answer = await asyncio.to_thread(refusal, call)
    await asyncio.sleep(0)
    shown = server.take_log()
    assert CANARY not in answer.seen
    assert "Traceback" not in shown
    return answer, shown


def is_internal(answer: Refusal, shown: str) -> bool:
    """Say whether an error is INTERNAL with an id that finds it in the log, and tells nothing else."""
    assert answer.code is grpc.StatusCode.INTERNAL
    assert answer.details.reason == "INTERNAL"
    assert answer.details.retry_seconds is None
    words, _, error_id = answer.message.rpartition(" ")
    assert words == "internal error"
    lines = [json.loads(line) for line in shown.splitlines() if '"internal_error"' in line]
    # A job of the server's own may have met the same error, under an id of its own.
    (line,) = [line for line in lines if line["error_id"] == error_id]
    assert line["trace"]
    assert CANARY not in shown
    assert "RuntimeError" not in answer.seen
    return True


def raising(error: BaseException) -> Callable[..., Any]:
    """Return a function that raises that error, whatever it is called with."""

    def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


def send(server: Inside, door: Door, solution: str = "") -> Callable[[], object]:
    """Return the call that sends a good request through a door."""
    return lambda: door(server, one_event(solution))


def one_event(solution: str = "") -> bytes:
    """Return a good request."""
    return request(server_source(solution=solution), [element()]).SerializeToString()


async def test_an_error_inside_a_handler(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a handler raises is INTERNAL with an error id; its text is neither answered nor logged."""
    for error in (
        RuntimeError(CANARY),
        KeyError(CANARY),
        ValueError(CANARY),
        OSError(2, CANARY, CANARY),
        UnicodeDecodeError("utf-8", CANARY.encode(), 0, 1, CANARY),
        ExceptionGroup(CANARY, [ValueError(CANARY)]),
        TimeoutError(CANARY),
        # What libraries raise, psycopg among them: it says nothing of an RPC.
        NotImplementedError(CANARY),
    ):
        for door in DOORS:
            with monkeypatch.context() as broken:
                broken.setattr(Sorter, "sort", raising(error))
                assert is_internal(*await refused(inside, send(inside, door)))
            await goes_on(inside)


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servicers that lack a method of each kind, as those of an older release do."""
    for servicer, method in (
        (AdminServicer, "GetCompany"),
        (AdminServicer, "ExportSubjectData"),
        (IngestServicer, "GetCollectionStatus"),
    ):
        monkeypatch.delattr(servicer, method)


async def test_an_rpc_without_an_implementation(lacking: None, inside: Inside) -> None:
    """It is told as that by its name, over each listener, and is no internal error."""

    def get_company() -> None:
        with admin(inside) as stub:
            stub.GetCompany(GetCompanyRequest(company_id=CANARY), timeout=TIMEOUT)

    def export() -> None:
        with admin(inside) as stub:
            list(stub.ExportSubjectData(ExportSubjectDataRequest(), timeout=TIMEOUT))

    for call, name in (
        (get_company, "GetCompany"),
        (export, "ExportSubjectData"),
        (lambda: status(inside, server_source()), "GetCollectionStatus"),
    ):
        answer, shown = await refused(inside, call)
        assert (answer.code, answer.message) == (grpc.StatusCode.UNIMPLEMENTED, f"{name} is not implemented")
        assert answer.details.reason == "NOT_IMPLEMENTED"
        assert "internal_error" not in shown
    await goes_on(inside)


async def test_an_error_inside_every_other_rpc(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other RPCs tell no more than PublishEvents does."""
    asked = SetCollectionPreferenceRequest(
        source=server_source(),
        scope=SetCollectionPreferenceRequest.SCOPE_SERVER,
        preference=SetCollectionPreferenceRequest.PREFERENCE_DISABLED,
    )

    def set_preference() -> None:
        with ingest(inside) as stub:
            stub.SetCollectionPreference(asked, timeout=TIMEOUT)

    def list_quarantined() -> None:
        with admin(inside) as stub:
            stub.ListQuarantinedEvents(ListQuarantinedEventsRequest(), timeout=TIMEOUT)

    with monkeypatch.context() as broken:
        broken.setattr(Gate, "status", raising(RuntimeError(CANARY)))
        assert is_internal(*await refused(inside, lambda: status(inside, server_source())))
        assert is_internal(*await refused(inside, set_preference))
        broken.setattr(sqlite3, "connect", raising(RuntimeError(CANARY)))
        assert is_internal(*await refused(inside, list_quarantined))
    await goes_on(inside)


async def test_an_error_after_a_stream_has_begun(inside: Inside) -> None:
    """A stream that has answered already ends in the same way; its answers arrive."""
    answers = []

    def call() -> None:
        with ingest(inside) as stub:
            sent = StreamEventsRequest(sequence=1, publish=request(server_source(), [element()]))
            for answer in stub.StreamEvents(iter([sent]), timeout=TIMEOUT):
                answers.append(answer)  # noqa: PERF402  # what came before the error counts

    inside.saboteur.fails = "late"
    assert is_internal(*await refused(inside, call))
    assert [answer.acknowledged_through for answer in answers] == [1]
    inside.saboteur.fails = ""
    await goes_on(inside)


async def test_an_error_in_the_middle_of_an_export(inside: Inside) -> None:
    """What came before it arrives, then INTERNAL; a ServiceError ends the stream as it says itself."""
    source = deployment_source(CANARY)
    await asyncio.to_thread(publish, inside, source, element())
    records = []

    def call(subject: Subject) -> None:
        with admin(inside) as stub:
            asked = ExportSubjectDataRequest(subject=subject)
            for record in stub.ExportSubjectData(asked, timeout=TIMEOUT):
                records.append(record.WhichOneof("record"))  # noqa: PERF401  # what came before the error counts

    inside.saboteur.fails = "late"
    assert is_internal(*await refused(inside, lambda: call(Subject(company_id=CANARY))))
    assert records == ["company", "deployment", "source", "event"]
    inside.saboteur.fails = ""
    answer, shown = await refused(inside, lambda: call(Subject()))
    assert (answer.code, answer.details.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "ARGUMENT_INVALID")
    assert CANARY not in shown
    await goes_on(inside)


async def test_an_error_inside_an_interceptor(inside: Inside) -> None:
    """An interceptor that fails before, instead of or after the handler tells the client nothing either."""
    for where in ("at once", "early", "late"):
        for door in DOORS:
            inside.saboteur.fails = where
            assert is_internal(*await refused(inside, send(inside, door)))
            inside.saboteur.fails = ""
            await goes_on(inside)


async def test_an_interceptor_that_fails_leaves_no_call_hanging(inside: Inside) -> None:
    """Every arity is answered where an interceptor fails, and a stream that has sent nothing yet too."""
    inside.saboteur.fails = "at once"

    def export() -> None:
        with admin(inside) as stub:
            list(stub.ExportSubjectData(ExportSubjectDataRequest(), timeout=TIMEOUT))

    def watch() -> None:
        with grpc.insecure_channel(inside.ingest_address) as channel:
            stub: Any = health_pb2_grpc.HealthStub(channel)  # its types lack Watch
            list(stub.Watch(health_pb2.HealthCheckRequest(), timeout=TIMEOUT))

    def empty_stream() -> None:
        with ingest(inside) as stub:
            list(stub.StreamEvents(iter([]), timeout=TIMEOUT))

    for call in (export, watch, empty_stream):
        assert is_internal(*await refused(inside, call))
    inside.saboteur.fails = ""
    await goes_on(inside)


async def test_an_error_inside_the_database_driver(inside: Inside) -> None:
    """What the driver raises unforeseen is INTERNAL; nothing is stored, and the next commit works."""
    for went_on, error in enumerate(("RuntimeError", "DatabaseError", "ProgrammingError")):
        for door in DOORS:
            assert is_internal(*await refused(inside, send(inside, door, f"fail with {error}")))
        assert inside.query("SELECT count(*) FROM element_stat") == [(went_on,)]
        await goes_on(inside)


async def test_a_store_that_is_not_available(inside: Inside) -> None:
    """sqlite3.OperationalError is UNAVAILABLE with RetryInfo; nothing is stored, and the next works."""
    for door in DOORS:
        answer, _ = await refused(inside, send(inside, door, "fail with OperationalError"))
        assert is_unavailable(answer)
    assert inside.query("SELECT count(*) FROM element_stat") == [(0,)]
    await goes_on(inside)


def is_unavailable(answer: Refusal) -> bool:
    """Say whether an error tells that the store does not take it now, when to try again, and nothing else."""
    assert answer.code is grpc.StatusCode.UNAVAILABLE
    assert answer.details.reason == "STORE_UNAVAILABLE"
    assert answer.details.retry_seconds
    assert answer.message == "the store is not available; try again later"
    return True


async def test_a_writer_that_ends_after_an_error(inside: Inside) -> None:
    """An error after which a writer ends costs those alone who met it: others wait for the next writer."""
    for door in DOORS:
        answer, _ = await refused(inside, send(inside, door, "fail with BrokenDiskError"))
        assert is_unavailable(answer)
        await goes_on(inside)


async def test_the_drivers_text_stays_out_of_the_log(inside: Inside) -> None:
    """The log says that the store is not available; the driver's own text may hold anything."""
    _, shown = await refused(inside, lambda: through_unary(inside, one_event("fail with OperationalError")))
    assert '"store_unavailable"' in shown
    assert CANARY not in shown


def test_a_full_disk(server: ServerProcess) -> None:
    """Where the file may not grow the answer is UNAVAILABLE and nothing stored; it passes with the cause."""
    assert publish(server, server_source(), element()).accepted_count == 1
    (writer,) = server.children()
    unlimited = resource.prlimit(writer, resource.RLIMIT_FSIZE)
    events = request(server_source(), [ping(payload={"a": "x" * 8_000}) for _ in range(100)])
    resource.prlimit(writer, resource.RLIMIT_FSIZE, (1, unlimited[1]))
    assert is_unavailable(refusal(lambda: through_unary(server, events.SerializeToString())))
    assert server.query("SELECT count(*) FROM ping") == [(0,)]
    # A writer that has ended of it took its limit along.
    with suppress(ProcessLookupError):
        resource.prlimit(writer, resource.RLIMIT_FSIZE, unlimited)
    assert through_unary(server, events.SerializeToString()).accepted == 100
    assert server.query("SELECT count(*) FROM ping") == [(100,)]
    assert server.query("SELECT count(*) FROM element_stat") == [(1,)]


def test_a_writer_that_is_killed(server: ServerProcess) -> None:
    """Where the writer dies the answer is UNAVAILABLE at worst, and the next writer takes events."""
    source = server_source()
    assert publish(server, source, element()).accepted_count == 1
    (writer,) = server.children()
    os.kill(writer, signal.SIGKILL)
    sent = request(source, [element()]).SerializeToString()
    answers: list[Any] = []
    for _ in range(100):
        try:
            answers.append(through_unary(server, sent))
            break
        except grpc.RpcError as error:
            answers.append(refusal_of(error))
    assert all(is_unavailable(answer) for answer in answers[:-1])
    assert answers[-1].accepted == 1
    assert server.query("SELECT count(*) FROM element_stat") == [(2,)]
    assert server.children() != [writer]


def test_one_line_for_each_rpc_and_nothing_of_what_was_sent(server: ServerProcess) -> None:
    """The log has one line per RPC, with method and code; no identifier, no event and no payload is in it."""
    source = deployment_source(
        f"company-{CANARY}",
        f"deployment-{CANARY}",
        solution=f"solution-{CANARY}",
        company_name=f"name-{CANARY}",
        instance_id=f"instance-{CANARY}",
        user_id=f"user-{CANARY}",
    )
    event_id = new_id()
    events = [
        element(CANARY, event_id=event_id),
        element(CANARY, event_id=event_id),
        ping(CANARY, {CANARY: CANARY}),
        element(event_id=CANARY),
        element(CANARY * 20),
        ping(CANARY, {CANARY: float("nan")}),
        ping(CANARY, occurred_at=Timestamp(seconds=1)),
        unknown_arm(1000, CANARY.encode()),
    ]
    sent = request(source, events)
    barred = request(source, events)
    barred.write_key = CANARY
    for door in (through_unary, through_stream):
        door(server, sent.SerializeToString())
        refusal(lambda door=door: door(server, barred.SerializeToString()))  # type: ignore[misc]  # bound now
        refusal(lambda door=door: door(server, CANARY.encode()))  # type: ignore[misc]  # bound now
        refusal(lambda door=door: door(server, request(server_source(CANARY), events).SerializeToString()))  # type: ignore[misc]  # as above
        spoilt = element(CANARY).SerializeToString().replace(b"CANARY", b"CANAR\xff")
        door(server, sent.SerializeToString() + length_delimited(2, spoilt))
    status(server, source)
    asked = SetCollectionPreferenceRequest(
        source=source,
        scope=SetCollectionPreferenceRequest.SCOPE_USER,
        preference=SetCollectionPreferenceRequest.PREFERENCE_DISABLED,
    )
    with ingest(server) as stub:
        stub.SetCollectionPreference(asked, timeout=TIMEOUT)
    through_unary(server, sent.SerializeToString())
    with admin(server) as stub:
        stub.ListQuarantinedEvents(ListQuarantinedEventsRequest(), timeout=TIMEOUT)
    assert server.stop() == 0
    shown = server.log_file.read_text()
    for secret in (CANARY, event_id, "Traceback"):
        assert secret not in shown
    answers = ("OK", "UNAUTHENTICATED", "INVALID_ARGUMENT", "INVALID_ARGUMENT", "OK")
    lines = [line for line in server.log() if line["event"] == "rpc"]
    assert len(lines) == len(server.log()) - len({"serving", "draining", "stopped"})
    assert [(line["method"].rpartition("/")[2], line["code"]) for line in lines] == [
        *[("PublishEvents", code) for code in answers],
        *[("StreamEvents", code) for code in answers],
        ("GetCollectionStatus", "OK"),
        ("SetCollectionPreference", "OK"),
        ("PublishEvents", "OK"),
        ("ListQuarantinedEvents", "OK"),
    ]
    assert all(line["ms"] >= 0 for line in lines)
