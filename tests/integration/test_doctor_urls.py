"""`aboveboard doctor` and the commands that open a database, given any URL: a finding, never a traceback."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from aboveboard_server.cli.app import app

if TYPE_CHECKING:
    from pathlib import Path

PORTS = ("--grpc-bind=127.0.0.1:0", "--admin-bind=127.0.0.1:0", "--http-bind=127.0.0.1:0")
SECRET = "pa55wordpa55word"
# Nobody listens on port 1: what can be asked is refused at once.
URLS = [
    "",
    " ",
    "x",
    "://",
    ":///",
    "//",
    "sqlite",
    "sqlite:",
    "sqlite://",
    "sqlite:///",
    "sqlite:///:memory:",
    "sqlite://host/file.db",
    "sqlite:////",
    "sqlite:///.",
    "sqlite:///nowhere/at/all.db",
    "sqlite:////proc/self/none.db",
    "sqlite:////dev/null",
    "sqlite:////dev/null/a.db",
    f"sqlite:///{'a' * 255}",
    f"sqlite:///{'a' * 300}.db",
    f"sqlite:///{'a/' * 3_000}.db",
    "sqlite:///%00.db",
    "sqlite:///Zürich 日本.db",
    "sqlite:///a.db?mode=ro&x=y",
    "sqlite+pysqlite:///a.db",
    "sqlite+aiosqlite:///a.db",
    "mysql://u@h/d",
    "postgres://u@127.0.0.1:1/d",
    "postgresql://u@127.0.0.1:1/d",
    "postgresql+asyncpg://u@127.0.0.1:1/d",
    "postgresql+psycopg://",
    "postgresql+psycopg://127.0.0.1:1",
    f"postgresql+psycopg://u:{SECRET}@127.0.0.1:1/d",
    f"postgresql+psycopg://u:{SECRET}%40%2F%zz@127.0.0.1:1/d",
    f"postgresql+psycopg://u:{SECRET}%@127.0.0.1:1/d",
    f"postgresql+psycopg://u:{SECRET}%00@127.0.0.1:1/d",
    f"postgresql+psycopg://u:{SECRET}%0a@127.0.0.1:1/d",
    f"postgresql+psycopg://u:{SECRET}@@127.0.0.1:1/d",
    f"postgresql+psycopg://127.0.0.1:1/d?password={SECRET}",
    f"postgresql+psycopg://127.0.0.1:1/d?sslpassword={SECRET}&sslkey=none",
    "postgresql+psycopg://Zürich:日本@127.0.0.1:1/d",
    "postgresql+psycopg://u@127.0.0.1:0/d",
    "postgresql+psycopg://u@127.0.0.1:65536/d",
    "postgresql+psycopg://u@127.0.0.1:99999999999999999999/d",
    "postgresql+psycopg://u@127.0.0.1:x/d",
    "postgresql+psycopg://u@127.0.0.1:-1/d",
    f"postgresql+psycopg://u@127.0.0.1:{'9' * 5_000}/d",
    "postgresql+psycopg://u@[::1]:1/d",
    "postgresql+psycopg://u@[::1/d",
    "postgresql+psycopg://u@::1:1/d",
    "postgresql+psycopg://u@[fe80::1%25nope]:1/d",
    "postgresql+psycopg://u@127.0.0.1:1/d?host=127.0.0.1:1&host=127.0.0.1:1",
    "postgresql+psycopg://u@/d?host=/nowhere/at/all",
    "postgresql+psycopg://u@/d?host=127.0.0.1&port=x",
    "postgresql+psycopg://u@127.0.0.1:1/d?connect_timeout=x",
    "postgresql+psycopg://u@127.0.0.1:1/d?connect_timeout=1&connect_timeout=2",
    "postgresql+psycopg://u@127.0.0.1:1/d?no_such_parameter=1",
    "postgresql+psycopg://u@127.0.0.1:1/d?autocommit=1&prepare_threshold=x",
    "postgresql+psycopg://u@127.0.0.1:1/d?sslmode=nonsense",
    "postgresql+psycopg://u@127.0.0.1:1/d?sslrootcert=/nowhere",
    "postgresql+psycopg://u@127.0.0.1:1/d?service=none",
    "postgresql+psycopg://u@127.0.0.1:1/d?=x",
    "postgresql+psycopg://u@127.0.0.1:1/%00",
    f"postgresql+psycopg://u@127.0.0.1:1/{'d' * 100_000}",
    f"postgresql+psycopg://{'u' * 100_000}@127.0.0.1:1/d",
    f"postgresql+psycopg://u@{'h' * 300}/d?port=1",
    "postgresql+psycopg://u@a..b:1/d",
    "file:///a.db",
    "http://127.0.0.1/",
    "a+b+c://x",
    "é://x",
    "\ud800",
    "sqlite:///\ud800.db",
]


def told(folder: Path, command: str, url: str) -> tuple[int, str]:
    """Run a command with a database's URL; return its exit code and all that it says."""
    arguments = [command, f"--database={url}"]
    if command == "doctor":
        arguments += ["--json", *PORTS, f"--key-dir={folder}/keys"]
    done = CliRunner().invoke(app, arguments)
    assert done.exception is None or isinstance(done.exception, SystemExit), (url[:200], done.exc_info)
    assert "Traceback" not in done.output
    assert SECRET not in done.output
    return done.exit_code, done.stdout if command == "doctor" else done.output


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # Of the environment nothing fills in what a URL leaves out.
    for name in ("HOST", "PORT", "USER", "PASSWORD", "DATABASE", "SERVICE"):
        monkeypatch.delenv(f"PG{name}", raising=False)


@pytest.mark.parametrize("url", URLS, ids=range(len(URLS)))
def test_the_doctor_has_an_answer(tmp_path: Path, url: str) -> None:
    """Whatever the URL: findings as ever, and an exit code that fits them."""
    code, text = told(tmp_path, "doctor", url)
    if text:
        levels = {one["level"] for one in json.loads(text)}
        assert code == ("problem" in levels)
    assert not list(tmp_path.glob("*.db"))


@pytest.mark.parametrize("url", [url for url in URLS if not url.startswith("sqlite:///")])
def test_migrate_says_it_in_one_line(tmp_path: Path, url: str) -> None:
    """No such database, and why, in one line."""
    code, text = told(tmp_path, "migrate", url)
    assert code == 1
    assert text.startswith("aboveboard: ")
    assert text.count("\n") == 1


KINDS = st.sampled_from(
    ["sqlite:///", "sqlite://", "postgresql+psycopg://u@127.0.0.1:1/d?", "", "sqlite", "x://"]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=KINDS, rest=st.text(st.characters(exclude_characters="/."), max_size=40))
def test_the_doctor_has_an_answer_to_anything(tmp_path: Path, kind: str, rest: str) -> None:
    """As above, for what nobody has thought of."""
    told(tmp_path, "doctor", kind + rest)
