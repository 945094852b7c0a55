"""Callers are let in where their key is for it, and nowhere else: every RPC and route, every kind of key."""

from __future__ import annotations

import importlib
import json
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc
import pytest
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from tests.support.clients import TIMEOUT, deployment_source, element
from tests.support.http_clients import JSON, PROTOBUF, call
from tests.support.keys import ALLOWED, admin_key, ended, reason_of, write_key
from tests.support.server import TOKEN, ServerProcess
from typer.testing import CliRunner

import aboveboard
from aboveboard.admin.v1 import key_pb2 as k
from aboveboard.schema.v1 import annotations_pb2 as a
from aboveboard.schema.v1.annotations_pb2 import Access
from aboveboard_server.cli.app import app
from aboveboard_server.http_edge import app as http_app
from aboveboard_server.schema import catalog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor import MethodDescriptor
    from tests.support.http_clients import HttpAnswer

COMPANY, SOLUTION, ORIGIN = "acme", "Connects", "https://app.example.com"
SOURCE = deployment_source(COMPANY, solution=SOLUTION)
SCOPES = [number for number in Access.values() if number not in {a.ACCESS_UNSPECIFIED, a.ACCESS_INGEST}]
UNKNOWN, DENIED = "UNAUTHENTICATED", "PERMISSION_DENIED"
SOURCE_DENIED, ORIGIN_DENIED = "SOURCE_NOT_ALLOWED", "ORIGIN_NOT_ALLOWED"


class Shown(NamedTuple):
    """A credential: its secret, and what it is answered where write keys go, and where admin keys do."""

    secret: str
    writing: str
    scopes: frozenset[int] = frozenset()
    administering: str = DENIED
    # Over HTTP, for a deployment and for an anonymous server, where that is not as over gRPC.
    from_page: str | None = None
    anonymous: str | None = None

    def expected(self, access: int) -> str:
        if access == a.ACCESS_INGEST:
            return self.writing
        return ALLOWED if access in self.scopes else self.administering


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that requires keys of everyone."""
    process = ServerProcess(tmp_path_factory.mktemp("keys"), "--write-keys", "required")
    process.start()
    yield process
    process.kill()


@pytest.fixture(scope="module")
def shown(server: ServerProcess) -> dict[str, Shown]:
    """Every kind of credential there is."""
    expired, revoked = ended(server, k.Key.KIND_WRITE)
    expired_admin, revoked_admin = ended(server, k.Key.KIND_ADMIN, scopes=SCOPES)
    invalid = {
        "nothing": "",
        "no key": "abw_" + "A" * 43,
        "no text of ours": "password",
        "expired": expired,
        "revoked": revoked,
        "expired admin": expired_admin,
        "revoked admin": revoked_admin,
    }
    return {
        **{name: Shown(secret, UNKNOWN, administering=UNKNOWN) for name, secret in invalid.items()},
        "write": Shown(write_key(server), ALLOWED),
        "own company": Shown(write_key(server, company_id=COMPANY), ALLOWED, anonymous=SOURCE_DENIED),
        "own solution": Shown(write_key(server, solution=SOLUTION), ALLOWED),
        "foreign company": Shown(write_key(server, company_id="globex"), SOURCE_DENIED),
        # An anonymous server that sends documents cannot say its solution: the key does.
        "foreign solution": Shown(write_key(server, solution="Other"), SOURCE_DENIED, anonymous=ALLOWED),
        "own origin": Shown(
            write_key(server, allowed_origins=[ORIGIN, "https://b.example"]),
            ORIGIN_DENIED,
            from_page=ALLOWED,
            anonymous=ALLOWED,
        ),
        "foreign origin": Shown(write_key(server, allowed_origins=["https://b.example"]), ORIGIN_DENIED),
        **{
            Access.Name(scope): Shown(admin_key(server, scope), DENIED, frozenset([scope]))
            for scope in SCOPES
        },
        "every scope": Shown(TOKEN, DENIED, frozenset(SCOPES)),
    }


def methods() -> list[MethodDescriptor]:
    """Return every RPC of the project's own protos, and so of each that will be added."""
    found = []
    for root in map(Path, aboveboard.__path__):
        for path in sorted(root.rglob("*_pb2.py")):
            name = ".".join(path.relative_to(root.parent).with_suffix("").parts)
            for service in importlib.import_module(name).DESCRIPTOR.services_by_name.values():
                found += service.methods
    return found


def access_of(method: MethodDescriptor) -> int:
    """Return who may call an RPC, as its proto says."""
    return int(method.GetOptions().Extensions[a.method].access)


def request_for(method: MethodDescriptor, secret: str = "") -> Any:
    """Return a request of an RPC: an empty one, but for the source where it has one, and its key."""
    request: Any = GetMessageClass(method.input_type)()
    if access_of(method) == a.ACCESS_INGEST:
        carrier = request
        if "source" not in method.input_type.fields_by_name:
            request.sequence = 1
            carrier = request.publish
        carrier.source.CopyFrom(SOURCE)
        carrier.write_key = secret
        if "events" in carrier.DESCRIPTOR.fields_by_name:
            carrier.events.append(element())
    return request


@pytest.fixture(scope="module")
def channels(server: ServerProcess) -> Iterator[dict[bool, grpc.Channel]]:
    """A channel to the listener for administrators, False, and one to that for products, True."""
    with (
        grpc.insecure_channel(server.admin_address) as admin,
        grpc.insecure_channel(server.ingest_address) as ingest,
    ):
        yield {False: admin, True: ingest}


def ask(
    channels: dict[bool, grpc.Channel], method: MethodDescriptor, metadata: str = "", in_request: str = ""
) -> str:
    """Call an RPC with a secret in its metadata or in the request; return the reason of a refusal."""
    path = f"/{method.containing_service.full_name}/{method.name}"
    data = request_for(method, in_request).SerializeToString()
    shown = [("authorization", f"Bearer {metadata}")] if metadata else []
    # A stream of one message is the same as that message on the wire.
    rpc: Any = channels[access_of(method) == a.ACCESS_INGEST].stream_stream(path, None, None)
    return reason_of(lambda: list(rpc(iter([data]), timeout=TIMEOUT, metadata=shown)))


def test_every_rpc_lets_in_whom_it_should_and_nobody_else(
    channels: dict[bool, grpc.Channel], shown: dict[str, Shown]
) -> None:
    """No RPC lets anyone in, or keeps anyone out, other than its access in the schema says."""
    unexpected = []
    for method in methods():
        access = access_of(method)
        for name, one in shown.items():
            answers = {"metadata": ask(channels, method, metadata=one.secret)}
            if access == a.ACCESS_INGEST:
                answers["request"] = ask(channels, method, in_request=one.secret)
            unexpected += [
                f"{method.name}, {name} in {where}: {answer or 'allowed'}"
                for where, answer in answers.items()
                if answer != one.expected(access)
            ]
    assert unexpected == []
    # What was looked at is the whole matrix, and not nothing of it.
    assert len(methods()) >= 28
    assert {access_of(method) for method in methods()} == {a.ACCESS_INGEST, *SCOPES}


def test_the_metadata_counts_where_the_request_has_a_key_too(
    channels: dict[bool, grpc.Channel], shown: dict[str, Shown]
) -> None:
    """A key in the request neither helps nor hurts whoever shows one in the metadata."""
    publish = next(method for method in methods() if method.name == "PublishEvents")
    good, bad = shown["write"].secret, shown["revoked"].secret
    assert ask(channels, publish, metadata=good, in_request=bad) == ALLOWED
    assert ask(channels, publish, metadata=bad, in_request=good) == UNKNOWN


def test_health_is_open_and_reflection_is_for_administrators(
    channels: dict[bool, grpc.Channel], shown: dict[str, Shown]
) -> None:
    """Anyone may ask for health; what the admin listener holds is told to any valid admin key."""
    reflect: Any = reflection_pb2_grpc.ServerReflectionStub(channels[False])
    asked = reflection_pb2.ServerReflectionRequest(list_services="")
    for name, one in shown.items():
        options: Any = {"timeout": TIMEOUT}
        if one.secret:
            options["metadata"] = [("authorization", f"Bearer {one.secret}")]
        for channel in channels.values():
            health: Any = health_pb2_grpc.HealthStub(channel)
            health.Check(health_pb2.HealthCheckRequest(), **options)
        answer = reason_of(lambda: list(reflect.ServerReflectionInfo(iter([asked]), **options)))  # noqa: B023  # called now
        assert answer == (ALLOWED if one.scopes else one.administering), name


# --- over HTTP


def routes() -> list[Any]:
    """Return every route of the application, and so each that will be added."""
    nothing: Any = None
    return list(
        http_app.build(
            http_app.Rooms(nothing, nothing, nothing, nothing, nothing, is_local=True), nothing
        ).routes
    )


def document(path: str) -> str:
    """Return what a Testsigma server sends to a path: every text of the event, by its example."""
    event = catalog.default().event(
        "server_ping" if "/servers/" in path else f"{path.rpartition('/')[2]}_stat"
    )
    texts = {
        field.descriptor.json_name: field.policy.example for field in event.fields if field.policy.max_bytes
    }
    return json.dumps({"eventType": "CREATE", **texts})


def send(server: ServerProcess, method: str, path: str, key: str = "", **headers: str) -> HttpAnswer:
    """Call a route with what it takes; a key goes into the body or the path, where it has a place there."""
    place = path.format(server_uuid=uuid.uuid4(), write_key=key or "none")
    if "api_public" in path:
        return call(server, method, place, document(path), JSON, accept=JSON, **headers)
    if method == "POST":
        named = {"/v1/events": "PublishEvents", "/v1/status": "GetCollectionStatus"}
        name = named.get(path, "SetCollectionPreference")
        request = request_for(next(one for one in methods() if one.name == name), key)
        return call(server, method, place, request.SerializeToString(), PROTOBUF, accept=JSON, **headers)
    return call(server, method, place, **headers)


def refused(answer: HttpAnswer) -> str:
    """Return the reason with which a request was not let in, "" where it was."""
    if answer.status == 401:
        assert answer.headers["www-authenticate"] == "Bearer"
    return json.loads(answer.body)["reason"] if answer.status in {401, 403} else ALLOWED


def test_every_route_lets_in_whom_it_should_and_nobody_else(
    server: ServerProcess, shown: dict[str, Shown]
) -> None:
    """No route lets anyone in, or keeps anyone out, other than it declares; what writes is never open."""
    unexpected, seen = [], set()
    for route in routes():
        method = next(iter(route.methods - {"HEAD"}))
        seen.add(route.access)
        for name, one in shown.items():
            expected = one.writing
            if route.access == "OPEN":
                assert method in {"GET", "OPTIONS"}, route.path
                expected = ALLOWED
            elif "api_public" in route.path and one.anonymous is not None:
                expected = one.anonymous
            elif one.from_page is not None:
                expected = one.from_page
            headers = {"Origin": ORIGIN}
            if one.secret:
                headers["Authorization"] = f"Bearer {one.secret}"
            answers = {"header": refused(send(server, method, route.path, **headers))}
            if route.access != "OPEN" and ("{write_key}" in route.path or "api_public" not in route.path):
                answers["request"] = refused(send(server, method, route.path, one.secret, Origin=ORIGIN))
                if name == "nothing" and "{write_key}" in route.path:
                    # The path has to name something.
                    assert answers["request"] == UNKNOWN
            unexpected += [
                f"{method} {route.path}, {name} in {where}: {answer or 'allowed'}"
                for where, answer in answers.items()
                if answer != expected
            ]
    assert unexpected == []
    assert seen == {"OPEN", "INGEST"}


def test_a_key_for_origins_is_for_no_other_page_and_no_program(
    server: ServerProcess, shown: dict[str, Shown]
) -> None:
    """Without Origin, with another one, or one that only begins alike, it is refused."""
    key = shown["own origin"].secret
    for headers in ({}, {"Origin": "https://evil.example"}, {"Origin": f"{ORIGIN}.evil.example"}):
        assert refused(send(server, "POST", "/v1/events", key, **headers)) == ORIGIN_DENIED
    assert refused(send(server, "POST", "/v1/events", key, Origin="https://b.example")) == ALLOWED


def test_send_and_demo_show_a_write_key(
    server: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commands take it from the environment or from a file, and say what is wrong without one."""
    event = json.dumps({"elementStat": {"elementId": "10", "changeType": "CHANGE_TYPE_CREATE"}})
    send_event = ["send", event, "--server", str(uuid.uuid4()), "--endpoint", server.ingest_address]
    demo = ["demo", "--events", "20", "--servers", "1", "--tabs", "1", "--endpoint", server.ingest_address]
    for command in (send_event, demo):
        refused = CliRunner().invoke(app, command)
        assert refused.exit_code == 1
        assert "UNAUTHENTICATED" in refused.stderr
    secret = write_key(server)
    (tmp_path / "key").write_text(f"{secret}\n")
    monkeypatch.setenv("ABOVEBOARD_WRITE_KEY_FILE", str(tmp_path / "key"))
    assert CliRunner().invoke(app, send_event).exit_code == 0
    monkeypatch.delenv("ABOVEBOARD_WRITE_KEY_FILE")
    monkeypatch.setenv("ABOVEBOARD_WRITE_KEY", secret)
    assert CliRunner().invoke(app, demo).exit_code == 0
