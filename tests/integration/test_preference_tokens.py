"""Preference tokens: a refusal is lifted by the token it was set with, and by nobody else's."""

from __future__ import annotations

import base64
import random
from typing import TYPE_CHECKING

import grpc
import pytest
from tests.support.admin import admin
from tests.support.clients import TIMEOUT, deployment_source, element, new_id, publish, refusal, server_source
from tests.support.http_clients import PREFERENCE, call, post, server_json
from tests.support.keys import write_key
from tests.support.preferences import (
    DEPLOYMENT,
    DISABLED,
    ENABLED,
    NO_TOKEN,
    SERVER,
    USER,
    footprint,
    opt_out_rows,
    running,
    set_preference,
)
from tests.support.server import ServerProcess

from aboveboard.admin.v1 import opt_out_pb2 as o
from aboveboard.admin.v1 import subject_pb2 as s
from aboveboard.ingest.v1.ingest_service_pb2 import SetCollectionPreferenceRequest as Request
from aboveboard.telemetry.v1.verdict_pb2 import CollectionStatus

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from aboveboard.telemetry.v1.source_pb2 import Source

ON, OFF = CollectionStatus.STATE_ENABLED, CollectionStatus.STATE_DISABLED
MOST_TOKENS = 8
SCOPES: list[tuple[Request.Scope.ValueType, Callable[[], Source]]] = [
    (USER, lambda: deployment_source(new_id(), user_id="u1")),
    (DEPLOYMENT, lambda: deployment_source(new_id())),
    (SERVER, server_source),
]
at_each_scope = pytest.mark.parametrize(("scope", "make"), SCOPES, ids=["user", "deployment", "server"])


def token(number: int) -> bytes:
    return number.to_bytes(32, "big")


def is_denied(call: Callable[[], object]) -> bool:
    """Say whether a call is refused for want of a token, naming the field."""
    answer = refusal(call)
    return (answer.code, answer.details.reason) == (
        grpc.StatusCode.PERMISSION_DENIED,
        "PREFERENCE_TOKEN_REQUIRED",
    )


def state(server: ServerProcess, source: Source, scope: Request.Scope.ValueType, **wish: object) -> int:
    return set_preference(server, source, scope, **wish).state  # type: ignore[arg-type]  # as its own


@at_each_scope
def test_only_the_token_that_set_a_refusal_lifts_it(
    shared_server: ServerProcess, scope: Request.Scope.ValueType, make: Callable[[], Source]
) -> None:
    """No token, another token, a write key: PERMISSION_DENIED, and nothing has changed."""
    source = make()
    set_preference(shared_server, source, scope, DISABLED, token=token(1))
    key = write_key(shared_server)
    before = footprint(shared_server)
    for wrong in (NO_TOKEN, token(2), token(1)[::-1]):
        assert is_denied(lambda: set_preference(shared_server, source, scope, ENABLED, token=wrong))  # noqa: B023  # called at once
    asked = Request(source=source, scope=scope, preference=ENABLED, write_key=key)
    assert is_denied(lambda: set_preference(shared_server, asked=asked))
    assert publish(shared_server, source, element()).accepted_count == 0
    assert footprint(shared_server) == before
    assert state(shared_server, source, scope, preference=ENABLED, token=token(1)) == ON
    assert publish(shared_server, source, element()).accepted_count == 1


def test_each_token_is_a_refusal_of_its_own(shared_server: ServerProcess) -> None:
    """Collection resumes when all are lifted: nobody can refuse first and then lift for somebody else."""
    source = server_source()
    for number in (1, 2, 1, 2):
        assert state(shared_server, source, SERVER, preference=DISABLED, token=token(number)) == OFF
    assert len(opt_out_rows(shared_server, source)) == 2
    assert state(shared_server, source, SERVER, preference=ENABLED, token=token(1)) == OFF
    assert state(shared_server, source, SERVER, preference=ENABLED, token=token(2)) == ON


def test_a_token_of_one_subject_lifts_nothing_of_another(shared_server: ServerProcess) -> None:
    """The same token at a user's scope and at its deployment's: each lifts its own scope only."""
    source = deployment_source(new_id(), user_id="u1")
    for scope in (USER, DEPLOYMENT):
        set_preference(shared_server, source, scope, DISABLED, token=token(1))
    digests = {row["token_digest"] for row in opt_out_rows(shared_server, source)}
    assert len(digests) == 2
    assert token(1) not in digests
    assert state(shared_server, source, USER, preference=ENABLED, token=token(1)) == OFF
    assert state(shared_server, source, DEPLOYMENT, preference=ENABLED, token=token(1)) == ON


def test_a_ninth_token_counts_as_none(shared_server: ServerProcess) -> None:
    """Eight refusals have tokens of their own; any number of others make one that an operator lifts."""
    source = server_source()
    for number in range(MOST_TOKENS + 5):
        set_preference(shared_server, source, SERVER, DISABLED, token=token(number))
    rows = opt_out_rows(shared_server, source)
    assert [row["token_digest"] is None for row in rows] == [False] * MOST_TOKENS + [True]
    for number in range(MOST_TOKENS):
        assert state(shared_server, source, SERVER, preference=ENABLED, token=token(number)) == OFF
    assert is_denied(lambda: set_preference(shared_server, source, SERVER, ENABLED, token=token(MOST_TOKENS)))
    with admin(shared_server) as stub:
        stub.RevokeOptOut(o.RevokeOptOutRequest(opt_out_id=rows[-1]["opt_out_id"]), timeout=TIMEOUT)
    assert publish(shared_server, source, element()).accepted_count == 1


def test_without_a_token_only_an_operator_lifts(shared_server: ServerProcess) -> None:
    """DISABLED without a token is taken once, and shown as what it is; so is one from before the tokens."""
    source = server_source()
    for _ in range(2):
        assert state(shared_server, source, SERVER, preference=DISABLED, token=NO_TOKEN) == OFF
    (row,) = opt_out_rows(shared_server, source)
    assert is_denied(lambda: set_preference(shared_server, source, SERVER, ENABLED, token=NO_TOKEN))
    assert is_denied(lambda: set_preference(shared_server, source, SERVER, ENABLED, token=token(1)))
    with admin(shared_server) as stub:
        asked = o.GetOptOutRequest(opt_out_id=row["opt_out_id"])
        found = stub.GetOptOut(asked, timeout=TIMEOUT).opt_out
        assert (found.origin, found.has_preference_token) == (s.ORIGIN_SELF_SERVICE, False)
        stub.RevokeOptOut(o.RevokeOptOutRequest(opt_out_id=row["opt_out_id"]), timeout=TIMEOUT)
    assert publish(shared_server, source, element()).accepted_count == 1
    set_preference(shared_server, source, SERVER, DISABLED, token=token(1))
    newest = opt_out_rows(shared_server, source)[-1]
    with admin(shared_server) as stub:
        asked = o.GetOptOutRequest(opt_out_id=newest["opt_out_id"])
        assert stub.GetOptOut(asked, timeout=TIMEOUT).opt_out.has_preference_token


def test_what_changes_nothing_writes_nothing(server: ServerProcess) -> None:
    """No row, no epoch, no journal line, no audit entry: ENABLED for nothing, either one repeated."""
    source = deployment_source(new_id(), user_id="u1")
    before = footprint(server)
    assert state(server, source, USER, preference=ENABLED, token=NO_TOKEN) == ON
    assert state(server, source, USER, preference=ENABLED, token=token(1)) == ON
    assert footprint(server) == before
    set_preference(server, source, USER, DISABLED, token=token(1))
    set_preference(server, source, USER, DISABLED, token=token(2))
    set_preference(server, source, USER, ENABLED, token=token(1))
    before = footprint(server)
    # Its answer was lost, and another refusal is in force: it is told what holds, and no more.
    assert state(server, source, USER, preference=ENABLED, token=token(1)) == OFF
    assert state(server, source, USER, preference=DISABLED, token=token(2)) == OFF
    assert footprint(server) == before


def test_changes_are_not_audited(server: ServerProcess) -> None:
    """The audit log never forgets, and anyone may change a preference any number of times."""
    source = server_source()
    before = server.query("SELECT count(*) FROM audit_entry")
    for _ in range(3):
        set_preference(server, source, SERVER, DISABLED, token=token(1))
        set_preference(server, source, SERVER, ENABLED, token=token(1))
    assert server.query("SELECT count(*) FROM audit_entry") == before


@pytest.mark.parametrize("length", [1, 31, 33, 64])
@pytest.mark.parametrize("preference", [ENABLED, DISABLED])
def test_a_token_of_another_length_is_refused(
    shared_server: ServerProcess, length: int, preference: Request.Preference.ValueType
) -> None:
    """INVALID_ARGUMENT names the field; nothing is set."""
    before = footprint(shared_server)
    answer = refusal(
        lambda: set_preference(shared_server, server_source(), SERVER, preference, token=b"x" * length)
    )
    assert (answer.code, answer.details.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "ARGUMENT_INVALID")
    assert [field for field, _ in answer.details.fields] == ["preference_token"]
    assert footprint(shared_server) == before


def test_over_http_too(shared_server: ServerProcess) -> None:
    """In JSON the token is base64; it is the same refusal as over gRPC."""
    source = server_source()
    asked = {
        "source": server_json(source.server.server_uuid),
        "scope": "SCOPE_SERVER",
        "preference": "PREFERENCE_DISABLED",
        "preferenceToken": base64.b64encode(token(1)).decode(),
    }
    assert post(shared_server, PREFERENCE, asked).status == 200
    lifting = {**asked, "preference": "PREFERENCE_ENABLED"}
    denied = post(shared_server, PREFERENCE, {**lifting, "preferenceToken": ""})
    assert (denied.status, "PREFERENCE_TOKEN_REQUIRED" in denied.text) == (403, True)
    short = post(shared_server, PREFERENCE, {**lifting, "preferenceToken": "AAAA"})
    assert (short.status, "preference_token" in short.text) == (400, True)
    message = Request(source=source, scope=SERVER, preference=ENABLED, preference_token=token(2))
    binary = call(shared_server, "POST", PREFERENCE, message.SerializeToString(), "application/x-protobuf")
    assert binary.status == 403
    assert state(shared_server, source, SERVER, preference=DISABLED, token=token(1)) == OFF
    assert len(opt_out_rows(shared_server, source)) == 1
    lifted = post(shared_server, PREFERENCE, lifting)
    assert (lifted.status, "STATE_ENABLED" in lifted.text) == (200, True)


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.fault(seconds=10)) for seed in (1, 2))]
)
def test_any_order_of_wishes_ends_as_a_model_says_and_so_does_a_restore(tmp_path: Path, seed: int) -> None:
    """Random wishes of many tokens: the answers are a model's, and an empty database comes to the same."""
    chance = random.Random(seed)  # a test's
    server = ServerProcess(tmp_path)
    with running(server):
        sources = [server_source(), deployment_source(new_id(), user_id="u")]
        scopes = [SERVER, USER]
        models = [Model(), Model()]
        for _ in range(120):
            which, number = chance.randrange(2), chance.randrange(12)
            given = token(number) if number else NO_TOKEN
            wish = chance.choice([ENABLED, ENABLED, DISABLED])
            expected = models[which].apply(wish, given)
            try:
                answer = state(server, sources[which], scopes[which], preference=wish, token=given) == ON
            except grpc.RpcError:
                answer = None
            assert answer is expected
            if chance.random() < 0.1 and models[which].without_token:
                lift_those_without_token(server, sources[which])
                models[which].without_token = False
        for source in sources:
            rows = opt_out_rows(server, source, in_force=False)
            assert sum(row["token_digest"] is not None for row in rows) <= MOST_TOKENS
        server.stop()
        server.database.unlink()
        server.start()
        for source, scope, model in zip(sources, scopes, models, strict=True):
            assert publish(server, source, element()).accepted_count == (not model.in_force)
            if model.in_force and not model.without_token:
                for given in sorted(model.tokens):
                    set_preference(server, source, scope, ENABLED, token=given)
                assert publish(server, source, element()).accepted_count == 1
            elif model.in_force:
                unknown = token(99)
                assert is_denied(lambda: set_preference(server, source, scope, ENABLED, token=unknown))  # noqa: B023  # as above


def lift_those_without_token(server: ServerProcess, source: Source) -> None:
    with admin(server) as stub:
        for row in opt_out_rows(server, source):
            if row["token_digest"] is None:
                stub.RevokeOptOut(o.RevokeOptOutRequest(opt_out_id=row["opt_out_id"]), timeout=TIMEOUT)


class Model:
    """What holds of one subject: the tokens of refusals in force, those lifted before, one without."""

    def __init__(self) -> None:
        self.tokens: set[bytes] = set()
        self.lifted: list[bytes] = []
        self.without_token = False

    @property
    def in_force(self) -> bool:
        return bool(self.tokens) or self.without_token

    def apply(self, wish: Request.Preference.ValueType, given: bytes) -> bool | None:
        """Return whether the subject may collect then; None where the wish is refused."""
        if wish == DISABLED:
            self._refuse(given)
        elif self.in_force:
            if given not in self.tokens and given not in self.lifted:
                return None
            if given in self.tokens:
                self.tokens.discard(given)
                self.lifted.append(given)
        return not self.in_force

    def _refuse(self, given: bytes) -> None:
        if given in self.tokens:
            return
        if given == NO_TOKEN or len(self.tokens) == MOST_TOKENS:
            self.without_token = True
            return
        if given in self.lifted:
            self.lifted.remove(given)
        self.tokens.add(given)
        # Those that were lifted longest ago give way.
        del self.lifted[: max(0, len(self.tokens) + len(self.lifted) - MOST_TOKENS)]
