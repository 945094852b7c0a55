"""What others set around our commands: they work alike, or say in one sentence what is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.admin import run_admin
from tests.support.clients import deployment_source, element, publish
from tests.support.server import TOKEN, ServerProcess

from aboveboard_server.door_settings import TransportSettings
from aboveboard_server.errors import StartupError
from aboveboard_server.privacy.archive_settings import ArchiveSettings
from aboveboard_server.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PROXY = "http://127.0.0.1:1"
PROXIES = {
    name: PROXY
    for lower in ("http_proxy", "https_proxy", "grpc_proxy", "all_proxy")
    for name in (lower, lower.upper())
}
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
EVENT = '{"testCaseStat": {"testCaseId": "10", "changeType": "CHANGE_TYPE_CREATE"}}'
# By name: variables, of which None is not set, and the mask of the files that are made.
SINGLE: dict[str, tuple[dict[str, str | None], int]] = {
    "protobuf in Python": ({"PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"}, 0o022),
    "protobuf of another kind": ({"PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "cpp"}, 0o022),
    "protobuf of no kind": ({"PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "x"}, 0o022),
    "proxies": ({**PROXIES, "no_proxy": "", "no_grpc_proxy": ""}, 0o022),
    "ASCII": ({**ASCII}, 0o022),
    "LC_ALL=POSIX": ({"LC_ALL": "POSIX"}, 0o022),
    "no such locale": ({"LC_ALL": "xx_YY.UTF-99", "LANG": "none"}, 0o022),
    "no UTF-8 mode": ({"LC_ALL": "C", "PYTHONUTF8": "0"}, 0o022),
    "optimized": ({"PYTHONOPTIMIZE": "2"}, 0o022),
    "warnings are errors": ({"PYTHONWARNINGS": "error"}, 0o022),
    "development": ({"PYTHONDEVMODE": "1"}, 0o022),
    "no such zone": ({"TZ": "Nowhere/None"}, 0o022),
    "a zone of its own": ({"TZ": "<+1345>-13:45:59"}, 0o022),
    "no home": ({"HOME": None}, 0o022),
    "no such home": ({"HOME": "/nowhere/at/all"}, 0o022),
    "no such folder for scratch": ({"TMPDIR": "/nowhere/at/all"}, 0o022),
    "no mask": ({}, 0o777),
}


def together(*names: str) -> tuple[dict[str, str | None], int]:
    """Return several of them at once."""
    variables: dict[str, str | None] = {}
    mask = 0
    for name in names:
        variables |= SINGLE[name][0]
        mask |= SINGLE[name][1]
    return variables, mask


SEVERAL = {
    "other programs": together("protobuf in Python", "proxies", "optimized"),
    "languages": together("ASCII", "a zone of its own"),
    "folders": together("no home", "no such folder for scratch", "no mask"),
    "Python": together("warnings are errors", "no such zone", "no such locale"),
}
ENVIRONMENTS = {
    **SEVERAL,
    **{name: pytest.param(one, marks=pytest.mark.fault(seconds=10)) for name, one in SINGLE.items()},
}


def variables(changes: Mapping[str, str | None]) -> dict[str, str]:
    """Return this process's environment with some changes."""
    changed = {**os.environ, **changes}
    return {name: value for name, value in changed.items() if value is not None}


@contextmanager
def masked(mask: int) -> Iterator[None]:
    """Make files with another mask, in here and in what is started in here."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def command(
    *arguments: str, env: Mapping[str, str | None], cwd: Path, before: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run one of our commands in an environment, as its script does it; `before` is done first in it."""
    started = (
        ["-m", "aboveboard_server"]
        if not before
        else ["-c", f"{before}\nfrom aboveboard_server.__main__ import main\nmain()"]
    )
    return subprocess.run(
        [sys.executable, *started, *arguments],
        env=variables(env),
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="surrogateescape",
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("surroundings", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_it_serves_whatever_is_set(tmp_path: Path, surroundings: tuple[dict[str, str | None], int]) -> None:
    """It starts, takes an event, is administrated, and drains; no command ends in a traceback."""
    env, mask = surroundings
    server = ServerProcess(tmp_path, env=variables(env))
    server.log_file.touch()
    server.shown_file.touch()
    with masked(mask):
        server.start()
    try:
        publish(server, deployment_source("Zürich"), element())
        with masked(mask):
            sent = command(
                *(
                    "send",
                    "--endpoint",
                    server.ingest_address,
                    "--company",
                    "Bern",
                    "--deployment",
                    "d",
                    EVENT,
                ),
                env=env,
                cwd=tmp_path,
            )
            listed = command(
                *("admin", "deployments", "--endpoint", server.admin_address),
                env={**env, "ABOVEBOARD_TOKEN": TOKEN},
                cwd=tmp_path,
            )
    finally:
        code = server.stop()
    assert (sent.returncode, sent.stderr) == (0, ""), sent.stdout
    assert "ACCEPTED" in sent.stdout
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "Z\\xfcrich" in listed.stdout or "Zürich" in listed.stdout
    assert "Bern" in listed.stdout
    assert code == 0
    assert "Traceback" not in server.log_file.read_text()
    assert all(line["event"] for line in server.log())
    # What was made is its owner's; but for what is public, nobody else's.
    for path in (server.database, server.key_dir, *server.key_dir.iterdir()):
        assert path.stat().st_mode & 0o600 == 0o600, path
        assert path.stat().st_mode & 0o077 == 0 or path.suffix == ".pub", path


def test_a_protobuf_that_will_not_do(tmp_path: Path) -> None:
    """Where the compiled implementation is not there, the server says so in one sentence."""
    python = {"PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"}
    before = "import google.protobuf.descriptor"
    served = command("serve", "--key-dir=keys", env=python, cwd=tmp_path, before=before)
    assert (served.returncode, served.stdout, served.stderr.count("\n")) == (1, "", 1)
    assert served.stderr.startswith("aboveboard: the protobuf library here is not the compiled one")
    looked = command("doctor", "--key-dir=keys", env=python, cwd=tmp_path, before=before)
    assert (looked.returncode, looked.stderr) == (1, "")
    assert "the protobuf library here is not the compiled one" in looked.stdout


@pytest.mark.parametrize(
    ("library", "arguments"),
    [
        ("psycopg", ["doctor"]),
        ("psycopg", ["doctor", "--database=postgresql+psycopg://u@127.0.0.1:1/d"]),
        ("psycopg", ["migrate", "--database=postgresql+psycopg://u@127.0.0.1:1/d"]),
        ("psycopg", ["serve", "--database=postgresql+psycopg://u@127.0.0.1:1/d"]),
        ("starlette", ["serve"]),
        ("rich", ["admin", "key", "list"]),
        ("typer", ["--help"]),
    ],
)
def test_a_library_that_is_missing(tmp_path: Path, library: str, arguments: list[str]) -> None:
    """The command names it in one sentence."""
    before = f"import sys\nsys.modules['{library}'] = None"
    done = command(*arguments, env={}, cwd=tmp_path, before=before)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
    assert library in done.stderr
    assert "which is not installed" in done.stderr


def test_a_library_without_what_it_needs(tmp_path: Path) -> None:
    """psycopg without libpq loads no more than if it were not there, and names no module."""
    env = {"PSYCOPG_IMPL": "nonsense"}
    for arguments in (["doctor"], ["migrate", "--database=postgresql+psycopg://u@127.0.0.1:1/d"]):
        done = command(*arguments, env=env, cwd=tmp_path)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
        assert "psycopg, which is not installed" in done.stderr


OPTIONS = {
    "database": ("serve", "--database", "ABOVEBOARD_DATABASE", "sqlite:///{}.db"),
    "key_dir": ("serve", "--key-dir", "ABOVEBOARD_KEY_DIR", "keys{}"),
    "bind": ("serve", "--http-bind", "ABOVEBOARD_HTTP_BIND", "127.0.0.1{}:0"),
    "notice": ("serve", "--notice", "ABOVEBOARD_NOTICE", "a{}b"),
    "migrate": ("migrate", "--database", "ABOVEBOARD_DATABASE", "sqlite:///a.db{}"),
    "doctor": ("doctor", "--database", "ABOVEBOARD_DATABASE", "postgresql+psycopg://u:p{}@h/d"),
    "endpoint": ("admin key list", "--endpoint", "ABOVEBOARD_ADMIN_ENDPOINT", "127.0.0.1:1{}"),
    "ca": ("send {}", "--ca", "ABOVEBOARD_CA", "ca{}.pem"),
}


@pytest.mark.parametrize("bad", ["\n", "\r", "\t", "\x1b", "\x7f", "\x85", "\u2028"])
@pytest.mark.parametrize("option", OPTIONS.values(), ids=OPTIONS)
def test_a_control_character_in_a_setting(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], option: tuple[str, str, str, str], bad: str
) -> None:
    """It is refused by the name of its option or variable, and the value is not shown."""
    name, flag, variable, template = option
    value = template.format(bad)
    for given, env, told in (([flag, value], {}, flag), ([], {variable: value}, variable)):
        done = run([*name.split(), *given], env)
        assert done == (1, f"aboveboard: {told}: holds a control character (U+{ord(bad):04X})\n")
    assert not list(tmp_path.iterdir())


def run(arguments: list[str], env: dict[str, str]) -> tuple[int, str]:
    """Run a command in this process; return its exit code and what it says on standard error."""
    from typer.testing import CliRunner  # noqa: PLC0415  # for this alone

    from aboveboard_server.cli.app import app  # noqa: PLC0415  # as above

    done = CliRunner().invoke(app, arguments, env=env)
    return done.exit_code, done.stderr


@pytest.mark.parametrize(
    "token", [f"{TOKEN}\n", f"{TOKEN}\r", f"\n{TOKEN}", "a b", "caf\u00e9", "a\x1bb", "\u2028"]
)
@pytest.mark.parametrize("variable", ["ABOVEBOARD_TOKEN", "ABOVEBOARD_WRITE_KEY", "--token-file"])
def test_a_control_character_in_a_token(tmp_path: Path, variable: str, token: str) -> None:
    """A secret that no header can carry is refused by the name of where it stands."""
    group = ["admin"]
    env = {variable: token}
    if variable == "--token-file":
        file = tmp_path / "token"
        file.write_text(f"a{token}b")
        group, env, variable = ["admin", "--token-file", str(file)], {}, str(file)
    rest = ["key", "list", "--endpoint", "127.0.0.1:1"]
    if variable == "ABOVEBOARD_WRITE_KEY":
        group, rest = ["send"], ["--server", "0195f3d8-7165-11ec-8d28-2641d35f62cd", EVENT]
    code, told = run([*group, *rest], env)
    assert code == 1
    assert told.startswith(f"aboveboard: {variable}: holds ")
    assert told.count("\n") == 1
    assert TOKEN not in told


def test_the_settings_themselves_refuse_it() -> None:
    """However they are made: there it is decided."""
    for name in ("database", "notice", "http_bind"):
        with pytest.raises(StartupError, match=f"--{name.replace('_', '-')}: holds a control character"):
            Settings(**{name: "127.0.0.1:0\n"})  # type: ignore[arg-type]  # texts, all three
    for cert, key in (("c\n", "k"), ("c", "k\n")):
        with pytest.raises(StartupError, match=r"--tls-(cert|key): holds a control character"):
            Settings(transport=TransportSettings(cert=Path(cert), key=Path(key)))
    with pytest.raises(StartupError, match="--archive-solution: holds a control character"):
        Settings(archive=ArchiveSettings(solutions=("a\x00",)))
    with pytest.raises(StartupError, match="ABOVEBOARD_BOOTSTRAP_TOKEN: must be"):
        Settings(bootstrap_token=f"{TOKEN}\n")
    Settings(notice="Zürich, naïve 日本")


def test_an_endpoint_that_names_nothing(server: ServerProcess) -> None:
    """Whatever it is, it is no traceback; the server itself is answered."""
    for endpoint in (
        "x" * 300 + ":1",
        "a..b:1",
        "\u00fc" * 70 + ":1",
        "[::1",
        "[fe80::1%nope]:1",
        "",
        "127.0.0.1:x",
    ):
        code, told = run(["admin", "key", "list", "--endpoint", endpoint], {"ABOVEBOARD_TOKEN": TOKEN})
        assert code == 1, endpoint
        assert told.startswith("aboveboard: "), endpoint
        assert told.count("\n") == 1
    assert "ACTIVE" in run_admin(server, "key", "list").stdout
