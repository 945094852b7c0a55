"""A refusal is lifted by the installation that set it: its token is kept, sent, and forgotten in the end."""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING

import pytest
from grpc import StatusCode
from tests.support.clients import held
from tests.support.hosts import QUICK, Host, wait_for
from tests.support.scripted import DISABLED as STATE_DISABLED
from tests.support.scripted import RefusedError, collection_status

from aboveboard.event.v1.change_type_pb2 import CHANGE_TYPE_CREATE
from aboveboard.event.v1.test_asset_pb2 import ElementStat
from aboveboard.ingest.v1.ingest_service_pb2 import SetCollectionPreferenceRequest as Request
from aboveboard.telemetry.v1.source_pb2 import DeploymentSource, ServerSource, Source
from aboveboard_client import Client, Scope, Timing
from aboveboard_client.log import NAME as LOG

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.client.conftest import MakeClient
    from tests.support.scripted import ScriptedService
    from tests.support.server import ServerProcess

ENABLED, DISABLED = Request.PREFERENCE_ENABLED, Request.PREFERENCE_DISABLED
NOWHERE = "127.0.0.1:9"
# Many turns of a sender that would try again.
LONG_AFTER = 0.6
TOKEN_REQUIRED = "PREFERENCE_TOKEN_REQUIRED"


def stat(number: int = 1) -> ElementStat:
    return ElementStat(element_id=str(number), change_type=CHANGE_TYPE_CREATE)


def deployment(service: ScriptedService, directory: Path) -> Client:
    source = DeploymentSource(solution="Connects", company_id="c", deployment_id="d", user_id="u")
    return Client(service.address, source, directory=directory, timing=QUICK)


def tokens(service: ScriptedService) -> list[bytes]:
    return [told.preference_token for told in service.preferences]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def test_the_token_that_disables_enables_again_after_a_restart(
    service: ScriptedService, make_client: MakeClient
) -> None:
    """32 random bytes go with DISABLED, and the same with ENABLED, however often either is told."""
    first = make_client(service.address)
    first.disable()
    first.disable()
    first.close()
    assert make_client(service.address).enable().told
    assert [told.preference for told in service.preferences] == [DISABLED, DISABLED, ENABLED]
    assert len(set(tokens(service))) == 1
    assert len(tokens(service)[0]) == 32


def test_a_token_is_forgotten_once_it_has_lifted(service: ScriptedService, make_client: MakeClient) -> None:
    """Each refusal after the service has taken ENABLED has a token of its own."""
    client = make_client(service.address)
    for _ in range(2):
        client.disable()
        client.enable()
    first, lifted, second, lifted_too = tokens(service)
    assert (first, second) == (lifted, lifted_too)
    assert first != second
    client.enable()
    assert tokens(service)[-1] == b""


def test_a_token_is_kept_until_the_service_has_answered(
    service: ScriptedService, make_client: MakeClient
) -> None:
    """Where the answer to ENABLED is lost the token goes again with the next attempt, after a restart too."""
    client = make_client(service.address, timing=Timing(retry_first=60))
    client.disable()
    service.refusals = [RefusedError(StatusCode.UNAVAILABLE)]
    assert not client.enable().told
    client.close(0)
    again = make_client(service.address)
    wait_for(lambda: len(service.preferences) == 3)
    wait_for(lambda: again.disable().told)
    assert [told.preference for told in service.preferences] == [DISABLED, ENABLED, ENABLED, DISABLED]
    first, lost, repeated, _ = tokens(service)
    assert first == lost == repeated


def test_a_refusal_that_was_not_told_keeps_its_token(
    service: ScriptedService, make_client: MakeClient
) -> None:
    """Set while the service is away and told by a later run, it is lifted by what it was told with."""
    away = make_client(NOWHERE)
    away.disable()
    away.disable(erase_history=True)
    away.disable()
    away.close(0)
    later = make_client(service.address)
    wait_for(lambda: service.preferences)
    later.enable()
    told = [(wish.preference, wish.erase_history) for wish in service.preferences]
    assert told == [(DISABLED, True), (ENABLED, False)]
    assert len(set(tokens(service))) == 1
    assert tokens(service)[0]


def test_processes_of_one_source_share_the_token(
    service: ScriptedService, source: ServerSource, tmp_path: Path, make_client: MakeClient
) -> None:
    """What another process has set, this one lifts."""
    host = Host(service.address, source.server_uuid, tmp_path / "client")
    host.run("make().disable()")
    assert make_client(service.address).enable().collecting
    assert tokens(service)[0] == tokens(service)[1] != b""


def test_each_scope_and_each_source_has_a_token_of_its_own(
    service: ScriptedService, make_client: MakeClient, tmp_path: Path
) -> None:
    """A token given away by one lifts none of the others; each wish is told, none replaces another's."""
    make_client(service.address).disable()
    away = Client(
        NOWHERE,
        DeploymentSource(solution="Connects", company_id="c", deployment_id="d", user_id="u"),
        directory=tmp_path,
        timing=QUICK,
    )
    away.disable(Scope.USER)
    away.disable(Scope.DEPLOYMENT)
    away.close(0)
    client = deployment(service, tmp_path)
    wait_for(lambda: len(service.preferences) == 3)
    scopes = [Request.SCOPE_SERVER, Request.SCOPE_USER, Request.SCOPE_DEPLOYMENT]
    assert [told.scope for told in service.preferences] == scopes
    client.enable(Scope.USER)
    client.close(0)
    assert len({*tokens(service)}) == 3
    assert tokens(service)[3] == tokens(service)[1]


def test_a_token_lies_where_only_its_owner_reads_it(
    service: ScriptedService, make_client: MakeClient, tmp_path: Path
) -> None:
    """Its file is of mode 0600, and the log of what was sent, made to be shown, does not hold it."""
    client = make_client(service.address)
    client.disable()
    told = tokens(service)[0]
    holding = [path for path in tmp_path.rglob("*") if path.is_file() and told.hex() in path.read_text()]
    assert [(path.name, path.stat().st_mode & 0o777) for path in holding] == [("state.json", 0o600)]
    assert client.log_path is not None
    assert client.log_path.name == LOG
    lines = [json.loads(line) for line in client.log_path.read_text().splitlines()]
    (sent,) = [line["sent"] for line in lines if "sent" in line]
    assert sent["preference"] == "PREFERENCE_DISABLED"
    assert "preferenceToken" not in sent


def test_what_cannot_be_read_for_a_moment_is_not_lost(
    service: ScriptedService,
    make_client: MakeClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where the state cannot be read, as without a free descriptor, nothing is written in its place."""
    from pathlib import Path as Anywhere  # noqa: PLC0415  # what the client reads by

    client = make_client(service.address)
    client.disable()
    read_bytes = Anywhere.read_bytes

    def broken(path: Path) -> bytes:
        if path.name == "state.json":
            raise OSError(24, "Too many open files")
        return read_bytes(path)

    with monkeypatch.context() as patch:
        patch.setattr(Anywhere, "read_bytes", broken)
        assert not client.enable().told
    assert client.enable().told
    assert tokens(service)[0] == tokens(service)[-1]


def write_old_state(directory: Path, wish: dict[str, object] | None) -> None:
    """Leave a source's files as they were before there were tokens."""
    (folder,) = [path.parent for path in directory.rglob("state.json")]
    (folder / "state.json").write_text(json.dumps({"wish": wish} if wish else {}))


def test_an_old_refusal_without_a_token_stays_until_the_vendor_lifts_it(
    service: ScriptedService, make_client: MakeClient, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """ENABLED is refused: the answer says why, it stays off, is told once, and follows the service later."""
    old = make_client(service.address)
    old.disable()
    old.close()
    write_old_state(tmp_path, None)
    service.refusals = [RefusedError(StatusCode.PERMISSION_DENIED, TOKEN_REQUIRED)] * 10
    service.status = collection_status(STATE_DISABLED)
    client = make_client(service.address)
    answer = client.enable()
    assert (answer.told, answer.collecting) == (True, False)
    assert TOKEN_REQUIRED in answer.problem
    assert "whoever runs the service can lift it" in answer.problem
    assert not client.record(stat())
    time.sleep(LONG_AFTER)
    assert len(service.preferences) == 2
    client.enable()
    assert len([text for text in warnings(caplog) if TOKEN_REQUIRED in text]) == 1
    client.close()
    # An administrator has lifted it: the user's wish to send holds, and the service no longer objects.
    service.status = collection_status()
    later = make_client(service.address)
    wait_for(lambda: later.collecting)
    assert service.published == []


def test_an_old_refusal_that_was_not_told_is_told_with_a_token(
    service: ScriptedService, make_client: MakeClient, tmp_path: Path
) -> None:
    """A wish from before the tokens that waits to be told can be lifted by what it is then told with."""
    old = make_client(NOWHERE)
    old.disable()
    old.close(0)
    write_old_state(tmp_path, {"scope": 3, "preference": 2, "erase": True})
    client = make_client(service.address)
    wait_for(lambda: service.preferences)
    client.enable()
    told = [(wish.scope, wish.preference, wish.erase_history) for wish in service.preferences]
    assert told == [(Request.SCOPE_SERVER, DISABLED, True), (Request.SCOPE_SERVER, ENABLED, False)]
    assert tokens(service)[0] == tokens(service)[1] != b""


def test_a_service_that_takes_no_more_for_now_is_told_after_the_delay(
    service: ScriptedService, make_client: MakeClient
) -> None:
    """RESOURCE_EXHAUSTED with RetryInfo: the wish outlives a restart and goes no sooner than asked."""
    service.refusals = [RefusedError(StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED", 3600)]
    client = make_client(service.address)
    answer = client.disable(erase_history=True)
    assert (answer.told, answer.collecting) == (False, False)
    assert "RESOURCE_EXHAUSTED" in answer.problem
    time.sleep(LONG_AFTER)
    assert len(service.preferences) == 1
    client.close(0)
    service.refusals = [RefusedError(StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED", 0.1)]
    later = make_client(service.address)
    wait_for(lambda: len(service.preferences) == 3)
    time.sleep(LONG_AFTER)
    assert [told.erase_history for told in service.preferences] == [True] * 3
    assert len(set(tokens(service))) == 1
    assert not later.collecting


def test_a_deletion_that_must_wait_keeps_no_other_wish_waiting(
    service: ScriptedService, tmp_path: Path
) -> None:
    """A full queue of deletions at one scope does not delay what another scope is to be told."""
    client = deployment(service, tmp_path)
    full = RefusedError(StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_DELETIONS", 3600)
    service.refusals = [full]
    assert not client.disable(Scope.USER, erase_history=True).told
    assert client.disable(Scope.DEPLOYMENT).told
    client.close(0)
    assert [told.scope for told in service.preferences] == [1, 2]


def test_a_source_that_is_refused_is_asked_for_once_a_start(
    service: ScriptedService, make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    """SOURCE_INVALID is asked for once a client, not for ever, and its host's log names it once."""
    service.closed = RefusedError(StatusCode.INVALID_ARGUMENT, "SOURCE_INVALID")
    client = make_client(service.address)
    for number in range(3):
        assert client.record(stat(number))
        assert not client.flush()
    time.sleep(LONG_AFTER)
    assert not client.flush()
    assert len(service.asked) == 1
    assert service.published == []
    assert len([text for text in warnings(caplog) if "SOURCE_INVALID" in text]) == 1
    assert not client.close()
    # What waits is for the next start, by when the host's configuration may have been mended.
    service.closed = None
    later = make_client(service.address)
    wait_for(lambda: len(service.event_ids()) == 3)
    assert later.close()


@pytest.mark.parametrize("company", ["acme ", " acme", "ac\tme"])
def test_a_real_service_that_refuses_the_source_is_not_asked_for_ever(
    shared_server: ServerProcess, tmp_path: Path, company: str
) -> None:
    """White space at an end, or a control character, in an identifier."""
    source = DeploymentSource(solution="Connects", company_id=company, deployment_id="d")
    client = Client(shared_server.ingest_address, source, directory=tmp_path, timing=QUICK)
    client.record(stat())
    assert not client.flush()
    time.sleep(LONG_AFTER)
    assert client.log_path is not None
    assert client.log_path.read_text().count('"sent"') == 1
    answer = client.disable(Scope.USER)
    assert "SOURCE_INVALID" in answer.problem
    assert not answer.collecting
    client.close()


def test_nobody_else_lifts_it(
    shared_server: ServerProcess, make_client: MakeClient, source: ServerSource, tmp_path: Path
) -> None:
    """Another installation that knows the ids is refused, and stays off; the one that set it lifts it."""
    client = make_client(shared_server.ingest_address)
    client.disable()
    stranger = make_client(shared_server.ingest_address, directory=tmp_path / "another")
    answer = stranger.enable()
    assert TOKEN_REQUIRED in answer.problem
    assert not answer.collecting
    assert client.enable().collecting
    client.record(stat())
    assert client.flush()
    assert held(shared_server, Source(server=source)) == {"element_stat": 1}
