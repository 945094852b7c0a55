"""Keys are made once, told once, end when they are told to, and leave nothing behind that could be used."""

from __future__ import annotations

import time
import uuid
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from tests.support import deletions
from tests.support.admin import admin, admin_json, run_admin
from tests.support.clients import TIMEOUT, deployment_source, element, publish, refusal
from tests.support.keys import ALLOWED, admin_key, make_key, reason_of, revoke, write_key
from tests.support.on_postgres import OnPostgres
from tests.support.server import TOKEN, ServerProcess

from aboveboard.admin.v1 import audit_pb2, company_pb2
from aboveboard.admin.v1 import key_pb2 as k
from aboveboard.admin.v1.admin_service_pb2 import ExportSubjectDataRequest
from aboveboard.ingest.v1.ingest_service_pb2 import (
    GetCollectionStatusRequest,
    PublishEventsRequest,
    StreamEventsRequest,
)
from aboveboard.ingest.v1.ingest_service_pb2_grpc import IngestServiceStub
from aboveboard.schema.v1 import annotations_pb2 as a

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.postgres import PostgresServer

WORKERS = 2
# Seconds for a change to be in force on a machine that does other things as well.
PATIENCE = 60


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[OnPostgres]:
    """A server of two workers, which has made its first key itself."""
    folder = tmp_path_factory.mktemp("workers") / "server"
    folder.mkdir()
    process = OnPostgres(folder, postgres, postgres.new_database(), workers=WORKERS)
    process.token = ""
    process.start()
    process.token = first_key(process)
    yield process
    process.kill()


def first_key(server: ServerProcess) -> str:
    """Return the one secret that a server has shown."""
    (line,) = server.shown_file.read_text().splitlines()
    assert line.startswith("export ABOVEBOARD_TOKEN=aba_")
    return line.split()[1].partition("=")[2]


def test_the_first_key_is_made_once_and_shown_once(workers: OnPostgres) -> None:
    """Of several workers one makes it; it opens everything, and the log does not hold it."""
    secret = first_key(workers)
    with admin(workers, secret) as stub:
        (key,) = stub.ListKeys(k.ListKeysRequest(), timeout=TIMEOUT).keys
    assert (key.kind, key.display_name, len(key.scopes)) == (k.Key.KIND_ADMIN, "bootstrap", 5)
    assert secret.endswith(key.hint[-4:])
    assert secret not in workers.log_file.read_text()
    assert [line["announced"] for line in workers.log() if line["event"] == "admin_key_made"] == [True]


def each_worker(server: OnPostgres, ask: Callable[[grpc.Channel], None]) -> set[str]:
    """Ask over connections of their own, so many that every worker gets some; return what they answered."""
    answers = set()
    for _ in range(8 * WORKERS):
        options = [("grpc.use_local_subchannel_pool", 1)]
        with grpc.insecure_channel(server.ingest_address, options=options) as channel:
            answers.add(reason_of(lambda channel=channel: ask(channel)))
    return answers


def eventually(look: Callable[[], object], expected: object) -> None:
    """Wait until a look finds what is expected; AssertionError where it never does."""
    deadline = time.monotonic() + PATIENCE
    while (found := look()) != expected:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


def asking(secret: str) -> Callable[[grpc.Channel], None]:
    """Return a call that shows a write key."""

    def ask(channel: grpc.Channel) -> None:
        asked = GetCollectionStatusRequest(source=deployment_source("acme"), write_key=secret)
        IngestServiceStub(channel).GetCollectionStatus(asked, timeout=TIMEOUT)

    return ask


def test_making_revoking_and_expiring_are_in_force_on_every_worker(workers: OnPostgres) -> None:
    """A new key is let in everywhere, a revoked one and one whose time has come nowhere."""
    made = make_key(workers, k.Key.KIND_WRITE)
    expiring = k.CreateKeyRequest(kind=k.Key.KIND_WRITE, display_name="soon")
    expiring.expires_at.FromNanoseconds(time.time_ns() + 8 * 10**9)
    with admin(workers) as stub:
        expires = stub.CreateKey(expiring, timeout=TIMEOUT)
    for secret in (made.secret, expires.secret):
        eventually(lambda secret=secret: each_worker(workers, asking(secret)), {ALLOWED})  # type: ignore[misc]  # bound now
    revoke(workers, made.key.key_id)
    for secret in (made.secret, expires.secret):
        eventually(lambda secret=secret: each_worker(workers, asking(secret)), {"UNAUTHENTICATED"})  # type: ignore[misc]  # as above


def test_no_secret_is_in_the_database_or_in_a_log(workers: OnPostgres) -> None:
    """Whoever has a dump of every table, and the log, has no key: neither whole nor its half."""
    secrets = [first_key(workers), write_key(workers, company_id="acme"), admin_key(workers, a.ACCESS_READ)]
    for secret in secrets:
        each_worker(workers, asking(secret))
    held = [deletions.dump(workers), workers.log_file.read_bytes()]
    assert_absent(secrets, held)
    # What is looked through is the table of keys too.
    assert b"bootstrap" in held[0]


def test_no_secret_is_in_a_file_of_the_server(server: ServerProcess) -> None:
    """On SQLite the same holds of every file that the server has written."""
    secrets = [write_key(server), admin_key(server, a.ACCESS_KEYS)]
    with admin(server, secrets[1]) as stub:
        stub.ListKeys(k.ListKeysRequest(), timeout=TIMEOUT)
    server.stop()
    assert_absent([TOKEN, *secrets], deletions.files(server.folder).values())


def assert_absent(secrets: list[str], held: Any) -> None:
    halves = [part for secret in secrets for part in (secret[4:24], secret[24:44])]
    for data in held:
        assert [half for half in halves if half.encode() in data] == []


def test_a_stream_under_way_ends_with_its_key(shared_server: ServerProcess) -> None:
    """What was acknowledged stays so; the first message after the revocation is known ends the stream."""
    made = make_key(shared_server, k.Key.KIND_WRITE)
    sent: SimpleQueue[StreamEventsRequest | None] = SimpleQueue()
    numbers = iter(range(1, 1_000_000))

    def send() -> None:
        publish = PublishEventsRequest(source=deployment_source("acme"), events=[element()])
        sent.put(StreamEventsRequest(sequence=next(numbers), publish=publish))

    metadata = (("authorization", f"Bearer {made.secret}"),)
    with grpc.insecure_channel(shared_server.ingest_address) as channel:
        answers = IngestServiceStub(channel).StreamEvents(
            iter(sent.get, None), timeout=PATIENCE, metadata=metadata
        )
        send()
        assert next(answers).acknowledged_through == 1
        revoke(shared_server, made.key.key_id)

        def go_on() -> None:
            while True:
                send()
                next(answers)

        assert refusal(go_on).details.reason == "UNAUTHENTICATED"
        sent.put(None)


def test_a_key_ends_with_its_company_and_forgets_it(server: ServerProcess) -> None:
    """After the company's deletion its key is valid no more, and nothing of its name is left anywhere."""
    company = f"aare-{uuid.uuid4()}"
    made = make_key(
        server,
        k.Key.KIND_WRITE,
        company_id=company,
        display_name=f"The key of {company}",
        allowed_origins=[f"https://{company}.example"],
    )
    other = make_key(server, k.Key.KIND_WRITE, display_name="of nobody")
    with admin(server) as stub:
        subject = deletions.company(company)
        exported = list(stub.ExportSubjectData(ExportSubjectDataRequest(subject=subject), timeout=TIMEOUT))
    assert [record.key for record in exported] == [made.key]
    deletions.delete(server, subject)
    with admin(server) as stub:
        key = stub.GetKey(k.GetKeyRequest(key_id=made.key.key_id), timeout=TIMEOUT).key
        again = stub.GetKey(k.GetKeyRequest(key_id=other.key.key_id), timeout=TIMEOUT).key
    assert (key.state, key.display_name, key.company_id) == (k.Key.STATE_REVOKED, "", "")
    assert not key.allowed_origins
    assert again == other.key
    with grpc.insecure_channel(server.ingest_address) as channel:
        eventually(lambda: reason_of(lambda: asking(made.secret)(channel)), "UNAUTHENTICATED")
        assert reason_of(lambda: asking(other.secret)(channel)) == ALLOWED
    server.stop()
    assert [path for path, data in deletions.files(server.folder).items() if company.encode() in data] == []


def test_a_request_id_makes_one_key_and_tells_its_secret_once(shared_server: ServerProcess) -> None:
    """The same request again answers the same key without its secret; another one is refused."""
    request_id = str(uuid.uuid4())
    made = make_key(shared_server, k.Key.KIND_WRITE, company_id="acme", request_id=request_id)
    again = make_key(shared_server, k.Key.KIND_WRITE, company_id="acme", request_id=request_id)
    assert (again.key, again.secret) == (made.key, "")
    other = refusal(
        lambda: make_key(shared_server, k.Key.KIND_WRITE, company_id="globex", request_id=request_id)
    )
    assert other.details.reason == "REQUEST_ID_REUSED"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": k.Key.KIND_UNSPECIFIED}, "kind"),
        ({"display_name": ""}, "display_name"),
        ({"display_name": "x" * 129}, "display_name"),
        ({"scopes": [a.ACCESS_READ]}, "scopes"),
        ({"kind": k.Key.KIND_ADMIN}, "scopes"),
        ({"kind": k.Key.KIND_ADMIN, "scopes": [a.ACCESS_INGEST]}, "scopes"),
        ({"kind": k.Key.KIND_ADMIN, "scopes": [a.ACCESS_READ], "solution": "Connects"}, "solution"),
        ({"kind": k.Key.KIND_ADMIN, "scopes": [a.ACCESS_READ], "company_id": "acme"}, "company_id"),
        ({"allowed_origins": ["https://app.example.com/"]}, "allowed_origins"),
        ({"allowed_origins": ["*"]}, "allowed_origins"),
        ({"allowed_origins": ["https://a.example https://b.example"]}, "allowed_origins"),
        ({"expires_at": {"seconds": 1}}, "expires_at"),
        ({"expires_at": {"seconds": 1 << 50}}, "expires_at"),
        ({"request_id": "1"}, "request_id"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    shared_server: ServerProcess, fields: dict[str, Any], field: str
) -> None:
    """A key without kind, name or scope, or bound to what cannot be, is not made; the field is named."""
    refused = refusal(lambda: make_key(shared_server, **{"kind": k.Key.KIND_WRITE} | fields))
    assert refused.details.reason == "ARGUMENT_INVALID"
    assert refused.details.fields[0][0] == field


def test_a_list_is_paged_newest_first_and_by_kind(shared_server: ServerProcess) -> None:
    """Two pages of one are what one page of two is; other kinds are left out."""
    made = [make_key(shared_server, k.Key.KIND_WRITE).key for _ in range(2)]
    admin_key(shared_server, a.ACCESS_READ)
    with admin(shared_server) as stub:
        asked = k.ListKeysRequest(page_size=1, kind=k.Key.KIND_WRITE)
        first = stub.ListKeys(asked, timeout=TIMEOUT)
        asked.page_token = first.next_page_token
        second = stub.ListKeys(asked, timeout=TIMEOUT)
    assert [*first.keys, *second.keys] == made[::-1]


def test_the_audit_log_names_the_key_that_acted(shared_server: ServerProcess) -> None:
    """Who did it is a key's name and id; that keys are made and revoked is told without a company's name."""
    made = make_key(shared_server, k.Key.KIND_ADMIN, scopes=[a.ACCESS_OPT_OUT], display_name="Ada")
    company = f"c-{uuid.uuid4()}"
    publish(shared_server, deployment_source(company), element())
    with admin(shared_server, made.secret) as stub:
        changed = company_pb2.Company(company_id=company, contact=company_pb2.Contact(name="Bo"))
        stub.UpdateCompany(company_pb2.UpdateCompanyRequest(company=changed), timeout=TIMEOUT)
    bound = make_key(shared_server, k.Key.KIND_WRITE, company_id=company, display_name=company)
    revoke(shared_server, bound.key.key_id)
    with admin(shared_server) as stub:
        asked = audit_pb2.ListAuditEntriesRequest(page_size=20)
        entries = stub.ListAuditEntries(asked, timeout=TIMEOUT).audit_entries
    told = [(one.action, one.actor) for one in entries]
    assert ("UpdateCompany", f"Ada ({made.key.key_id})") in told
    keys = [one for one in entries if bound.key.key_id in one.details]
    assert [one.action for one in keys] == ["RevokeKey", "CreateKey"]
    assert all(one.actor.startswith("bootstrap (") and len(one.subject_digest) == 32 for one in keys)
    assert not any(company in one.details + one.actor for one in entries)


def test_keys_are_made_shown_and_ended_by_commands(
    shared_server: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The secret is the last line of `create`, and nowhere in what the other commands show."""
    made = run_admin(
        shared_server,
        "key",
        "create",
        "write",
        "--name",
        "[b]shop",
        "--company",
        "acme",
        "--expires",
        "2999-01-01",
    )
    secret = made.stdout.splitlines()[-1]
    assert secret.startswith("abw_")
    told = admin_json(shared_server, "key", "create", "admin", "--name", "reads", "--scope", "read")
    assert told["key"]["scopes"] == ["ACCESS_READ"]
    file = tmp_path / "token"
    file.write_text(told["secret"] + "\n")
    listed = run_admin(shared_server, "key", "list", "--kind", "write").stdout
    assert "[b]shop" in listed
    assert secret not in listed
    key_id = next(line for line in listed.splitlines() if "[b]shop" in line).split()[1]
    assert admin_json(shared_server, "key", "get", key_id)["key"]["state"] == "STATE_ACTIVE"
    assert "REVOKED" in run_admin(shared_server, "key", "revoke", key_id).stdout
    # With the file's key, which may read and no more.
    monkeypatch.setenv("ABOVEBOARD_TOKEN_FILE", str(file))
    run_admin(shared_server, "company", "list")
    assert "PERMISSION_DENIED" in run_admin(shared_server, "key", "list", code=1).stderr
    monkeypatch.delenv("ABOVEBOARD_TOKEN_FILE")
    monkeypatch.delenv("ABOVEBOARD_TOKEN")
    assert "ABOVEBOARD_TOKEN" in run_admin(shared_server, "key", "list", code=1).stderr


def test_who_shows_no_key_is_let_in_on_loopback_and_who_shows_a_bad_one_is_not(
    shared_server: ServerProcess,
) -> None:
    """Where keys are optional, one that is presented must be valid all the same."""
    with grpc.insecure_channel(shared_server.ingest_address) as channel:
        assert reason_of(lambda: asking("")(channel)) == ALLOWED
        assert reason_of(lambda: asking("abw_unknown")(channel)) == "UNAUTHENTICATED"
        assert reason_of(lambda: asking(TOKEN)(channel)) == "PERMISSION_DENIED"


def test_whoever_starts_the_server_can_let_themselves_in_again(server: ServerProcess) -> None:
    """A new bootstrap token opens a server whose last key is gone; one that was revoked stays so."""

    def listed() -> list[str]:
        with admin(server) as stub:
            return [key.key_id for key in stub.ListKeys(k.ListKeysRequest(), timeout=TIMEOUT).keys]

    (key_id,) = listed()
    revoke(server, key_id)
    assert reason_of(listed) == "UNAUTHENTICATED"
    server.stop()
    server.start()
    assert reason_of(listed) == "UNAUTHENTICATED"
    server.stop()
    server.token = TOKEN.replace("tests", "other")
    server.start()
    assert listed()[1:] == [key_id]
    assert server.shown_file.read_text() == ""
