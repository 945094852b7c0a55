"""What says nothing of who may call it is closed, and what the addresses say of keys holds."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.requests import Request
from starlette.routing import Route

from aboveboard_server.access import ring
from aboveboard_server.access.caller import Caller
from aboveboard_server.access.guard import Guard, bearer
from aboveboard_server.addresses import is_loopback
from aboveboard_server.background import Background
from aboveboard_server.errors import ServiceError, StartupError
from aboveboard_server.grpc_api.admission import entrance
from aboveboard_server.http_edge import routes
from aboveboard_server.privacy.key_secrets import digest
from aboveboard_server.settings import Settings

NOTHING: Any = None


def test_an_rpc_without_a_policy_lets_nobody_in() -> None:
    """Whatever a listener serves beside the schema's RPCs is refused, whoever asks."""
    guard = Guard(NOTHING, NOTHING, required=False)
    for method in ("/aboveboard.admin.v1.AdminService/Unheard", "/other.v1.Service/Method"):
        enter = entrance(guard, method, NOTHING)
        with pytest.raises(ServiceError, match="nobody may call this"):
            enter(NOTHING)


def test_an_application_takes_no_route_that_does_not_say_who_may_call_it() -> None:
    """A plain route fails the start, and so does one for a scope or an RPC that there is not."""

    async def endpoint(_request: object) -> Any:
        """Never called."""

    with pytest.raises(TypeError, match="/open"):
        routes.checked([routes.open_route("/", endpoint, "GET"), Route("/open", endpoint)])
    with pytest.raises(ValueError, match="no scope"):
        routes.internal_route("/x", endpoint, "INGEST", NOTHING, is_local=False)
    with pytest.raises(ValueError, match="not for write keys"):
        routes.write_route("/x", endpoint, "POST", "aboveboard.admin.v1.AdminService.CreateKey")


async def test_what_is_internal_is_for_this_machine_or_for_administrators() -> None:
    """On a loopback listener it needs no key, on any other an admin key with the scope."""

    async def endpoint(_request: object) -> Any:
        return "answer"

    keys = ring.KeyRing(NOTHING, Background())
    for secret, scope in (("reads", "READ"), ("deletes", "DELETE")):
        key = ring.Key(Caller("", ""), "ADMIN", frozenset([scope]), "", "", frozenset(), ring.NEVER)
        keys._keys[digest(secret)] = key  # noqa: SLF001  # what it has read of the store
    guard = Guard(keys, NOTHING, required=False)

    async def answer(route: Any, secret: str) -> str:
        headers = [(b"authorization", f"Bearer {secret}".encode())] if secret else []
        try:
            return str(await route.endpoint(Request({"type": "http", "headers": headers})))
        except ServiceError as error:
            return error.reason_name

    far = routes.internal_route("/x", endpoint, "READ", guard, is_local=False)
    near = routes.internal_route("/x", endpoint, "READ", guard, is_local=True)
    secrets = ("", "unknown", "deletes", "reads")
    assert [await answer(far, secret) for secret in secrets] == [
        "UNAUTHENTICATED",
        "UNAUTHENTICATED",
        "PERMISSION_DENIED",
        "answer",
    ]
    assert {await answer(near, secret) for secret in secrets} == {"answer"}


def test_the_ring_is_read_often_enough() -> None:
    """A change is seen within 5 seconds, though one look should fail."""
    assert 2 * ring.INTERVAL < 5


@pytest.mark.parametrize(
    ("bind", "expected"),
    [
        ("127.0.0.1:1", True),
        ("127.9.9.9:1", True),
        ("[::1]:1", True),
        ("localhost:1", True),
        ("0.0.0.0:1", False),
        ("[::]:1", False),
        ("192.0.2.1:1", False),
    ],
)
def test_keys_are_required_where_others_than_this_machine_can_send(bind: str, *, expected: bool) -> None:
    """Either listener for products decides; what is said outright decides alone."""
    assert is_loopback(bind) is expected
    assert Settings(grpc_bind=bind).write_keys_required is not expected
    assert Settings(http_bind=bind).write_keys_required is not expected
    # The administrators' listener asks for keys wherever it is.
    assert not Settings(admin_bind=bind).write_keys_required
    assert Settings(http_bind=bind, write_keys="required").write_keys_required
    assert not Settings(http_bind=bind, write_keys="optional").write_keys_required


@pytest.mark.parametrize("token", ["secret", "aba_short", "abw_" + "A" * 43, "aba_" + "!" * 43])
def test_a_bootstrap_token_must_be_one(token: str) -> None:
    """What is no secret of an admin key is refused at the start, and not repeated."""
    with pytest.raises(StartupError, match="BOOTSTRAP_TOKEN") as refused:
        Settings(bootstrap_token=token)
    assert token not in str(refused.value)
    assert "A" * 43 not in repr(Settings(bootstrap_token="aba_" + "A" * 43))
    with pytest.raises(StartupError, match="--write-keys"):
        Settings(write_keys="sometimes")


def test_only_a_bearer_is_read() -> None:
    """A proxy's own credentials are none of ours."""
    assert bearer("Bearer abw_1") == bearer("bearer  abw_1 ") == "abw_1"
    assert bearer("Basic abw_1") == bearer("abw_1") == bearer("") == ""
