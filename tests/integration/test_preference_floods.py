"""What anonymous callers of SetCollectionPreference can use up: rates, opt-outs of unseen subjects, rows."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING

import grpc
import pytest
from tests.support.admin import admin
from tests.support.clients import TIMEOUT, deployment_source, element, ingest, new_id, publish, server_source
from tests.support.http_clients import JSON, PREFERENCE, server_json
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
from aboveboard.ingest.v1.ingest_service_pb2 import SetCollectionPreferenceRequest as Request
from aboveboard_client.failure import read_failure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aboveboard.telemetry.v1.source_pb2 import Source

BURST, TOGETHER = 10, 25
MOST_UNSEEN = 3
LONGEST_SECONDS = 3600


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that takes 10 preferences of an address at once and 25 of all, and next to none afterwards."""
    process = ServerProcess(
        tmp_path_factory.mktemp("rated"),
        *("--preference-rate-per-address", str(BURST / 10_000), "--burst-seconds", "10000"),
        *("--preference-rate", "0", "--trusted-proxy", "127.0.0.0/8"),
    )
    process.start()
    yield process
    process.kill()


def ask_for(server: ServerProcess, address: str, source: Source | None = None) -> str:
    """Set a preference as a proxy that speaks for an address; return the code of the answer."""
    asked = Request(source=source or server_source(), scope=SERVER, preference=ENABLED)
    with ingest(server) as stub:
        try:
            stub.SetCollectionPreference(asked, timeout=TIMEOUT, metadata=(("x-forwarded-for", address),))
        except grpc.RpcError as error:
            failure = read_failure(error)
            assert failure.reason == "OVERLOADED"
            assert failure.retry_seconds is not None
            assert failure.retry_seconds >= 1
            return failure.code
    return "OK"


def post_for(server: ServerProcess, address: str, method: str = "POST", path: str = PREFERENCE) -> int:
    """The same over HTTP; return the status."""
    source = server_json(new_id())
    wish = {"source": source, "scope": "SCOPE_SERVER", "preference": "PREFERENCE_ENABLED"}
    body = json.dumps({"consent": False} if method == "PUT" else wish)
    connection = http.client.HTTPConnection(server.http_address, timeout=TIMEOUT)
    connection.request(method, path, body, {"content-type": JSON, "x-forwarded-for": address})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status == 429:
        assert int(answer.headers["retry-after"]) >= 1
    return answer.status


def test_an_address_has_a_rate_of_preferences_over_both_transports(rated: ServerProcess) -> None:
    """Beyond it: RESOURCE_EXHAUSTED, 429, Testsigma's `consent: false` too; others and events go on."""
    assert [ask_for(rated, "192.0.2.1") for _ in range(BURST + 2)] == ["OK"] * BURST + [
        "RESOURCE_EXHAUSTED"
    ] * 2
    assert post_for(rated, "192.0.2.1") == 429
    assert post_for(rated, "192.0.2.1", "PUT", f"/api_public/servers/{new_id()}") == 429
    assert [post_for(rated, "192.0.2.2") for _ in range(BURST + 2)] == [200] * BURST + [429] * 2
    assert ask_for(rated, "192.0.2.2") == "RESOURCE_EXHAUSTED"
    assert ask_for(rated, "192.0.2.3") == "OK"
    assert publish(rated, server_source(), element()).accepted_count == 1


def test_a_testsigma_server_that_refuses_again_costs_nothing(rated: ServerProcess) -> None:
    """Each of its pings says `consent: false`; the rate is for what changes something."""
    path = f"/api_public/servers/{new_id()}"
    assert {post_for(rated, "192.0.2.20", "PUT", path) for _ in range(BURST + 3)} == {200}


def test_what_is_refused_changes_nothing(rated: ServerProcess) -> None:
    """A refused DISABLED leaves no row, no line of the journal and no new epoch."""
    while ask_for(rated, "192.0.2.9") == "OK":
        pass
    before = footprint(rated)
    assert post_for(rated, "192.0.2.9", "PUT", f"/api_public/servers/{new_id()}") == 429
    assert footprint(rated) == before


def test_all_addresses_together_have_a_rate(tmp_path: Path) -> None:
    """It bounds what many addresses do, and what one makes too many counts against nobody else."""
    server = ServerProcess(
        tmp_path,
        *("--preference-rate-per-address", "0.001", "--burst-seconds", "5000"),
        *("--preference-rate", "0.05", "--trusted-proxy", "127.0.0.0/8"),
    )
    with running(server):
        assert ask_for(server, "192.0.2.1") == "OK"
        assert ask_for(server, "192.0.2.2") == "RESOURCE_EXHAUSTED"
        assert post_for(server, "192.0.2.3") == 429


def test_a_subject_that_was_never_seen_gets_the_opt_out_only(server: ServerProcess) -> None:
    """No key is made for its company, and nothing else is written than the opt-out."""
    source = deployment_source(new_id(), user_id="u1")
    set_preference(server, source, USER, DISABLED)
    (row,) = opt_out_rows(server, source)
    assert (row["is_unseen"], row["stored_digest"]) == (1, None)
    assert footprint(server)["company_key"] == [(0,)]
    # What was sent before it was opted out is found by what is stored of it, too.
    seen = deployment_source(new_id(), user_id="u1")
    assert publish(server, seen, element()).accepted_count == 1
    set_preference(server, seen, USER, DISABLED)
    set_preference(server, seen, DEPLOYMENT, DISABLED)
    assert [row["is_unseen"] for row in opt_out_rows(server, seen)] == [0, 0]
    assert opt_out_rows(server, seen)[0]["stored_digest"]


def test_a_digest_by_what_is_stored_reaches_older_refusals(server: ServerProcess) -> None:
    """Two refusals, the first from before the company had a key: the second, lifted, takes nothing along."""
    company = new_id()
    source = deployment_source(company, user_id="u1")
    set_preference(server, source, USER, DISABLED, token=b"1" * 32)
    assert publish(server, deployment_source(company, user_id="u2"), element()).accepted_count == 1
    set_preference(server, source, USER, DISABLED, token=b"2" * 32)
    digests = {row["stored_digest"] for row in opt_out_rows(server, source)}
    assert len(digests) == 1
    assert None not in digests


def test_opt_outs_of_unseen_subjects_are_bounded(tmp_path: Path) -> None:
    """Beyond the limit: RESOURCE_EXHAUSTED with a long RetryInfo, and nothing is written.

    Lifted ones count as long as they are kept, through a restart too; an administrator makes room, and
    subjects that were seen are refused nothing.
    """
    server = ServerProcess(tmp_path, "--max-unseen-opt-outs", str(MOST_UNSEEN))
    with running(server):
        sources = [server_source() for _ in range(MOST_UNSEEN)]
        for source in sources:
            set_preference(server, source, SERVER, DISABLED)
        set_preference(server, sources[0], SERVER, ENABLED)
        for _ in range(2):
            before = footprint(server)
            with pytest.raises(grpc.RpcError) as raised:
                set_preference(server, server_source(), SERVER, DISABLED)
            failure = read_failure(raised.value)
            assert (failure.code, failure.reason) == ("RESOURCE_EXHAUSTED", "OVERLOADED")
            assert failure.retry_seconds == LONGEST_SECONDS
            assert footprint(server) == before
            server.stop()
            server.start()
        seen = server_source()
        assert publish(server, seen, element()).accepted_count == 1
        set_preference(server, seen, SERVER, DISABLED)
        assert publish(server, seen, element()).accepted_count == 0
        figures = metrics(server)
        assert figures["aboveboard_unseen_opt_outs"] == MOST_UNSEEN
        assert figures["aboveboard_unseen_opt_outs_limit"] == MOST_UNSEEN
        (row,) = opt_out_rows(server, sources[1])
        with admin(server) as stub:
            stub.RevokeOptOut(o.RevokeOptOutRequest(opt_out_id=row["opt_out_id"]), timeout=TIMEOUT)
        server.stop()
        server.start()
        set_preference(server, server_source(), SERVER, DISABLED, token=NO_TOKEN)


def metrics(server: ServerProcess) -> dict[str, float]:
    connection = http.client.HTTPConnection(server.http_address, timeout=TIMEOUT)
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    connection.close()
    return {
        name: float(value)
        for name, _, value in (line.partition(" ") for line in lines if not line.startswith("#"))
    }
