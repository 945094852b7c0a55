"""What is shipped holds together."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
GENERATED = ROOT / "generated/python"


def floor(name: str) -> tuple[int, ...]:
    """Return the lowest version of a dependency that pyproject.toml admits."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    requirement = next(r for r in map(Requirement, project["dependencies"]) if r.name == name)
    return numbers(next(s.version for s in requirement.specifier if s.operator == ">="))


def numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def test_the_floor_of_protobuf_is_that_of_the_generated_code() -> None:
    """Stubs refuse an older runtime when they are imported: pip must refuse it before."""
    needed = {
        tuple(map(int, match.groups()))
        for file in GENERATED.rglob("*_pb2.py")
        if (match := re.search(r"Domain\.PUBLIC,\s+(\d+),\s+(\d+),\s+(\d+),", file.read_text()))
    }
    assert needed == {floor("protobuf")}


def test_the_floor_of_grpcio_is_that_of_the_generated_code() -> None:
    """As for protobuf: the stubs compare versions when they are imported."""
    needed = {
        match.group(1)
        for file in GENERATED.rglob("*_pb2_grpc.py")
        if (match := re.search(r"GRPC_GENERATED_VERSION = '([\d.]+)'", file.read_text()))
    }
    assert {numbers(version) for version in needed} == {floor("grpcio")}


def test_requirements_name_no_registry_and_pin_every_hash() -> None:
    """What is committed tells nobody where it was built, and installs the same anywhere."""
    for file in (ROOT / ".ci").glob("requirements-*.txt"):
        text = file.read_text()
        assert "://" not in text, file.name
        pins = re.split(r"^(?=\S+==)", text, flags=re.MULTILINE)[1:]
        assert pins, file.name
        assert all("--hash=sha256:" in pin for pin in pins)


# What installs a package of this project by its name, from a registry that does not have it: who registers
# the name there runs code on the machines of our users. Names within a path are none.
NAME = r"['\"]?@?(?:aboveboard\b(?![\w.-]*[/*])[\w-]*)"
BY_NAME = re.compile(
    rf"""
    \b(?:pip3?|pipx|uv(?:\s+(?:pip|tool))?|poetry|pdm|conda|mamba)\s+(?:install|add|run|inject)\b[^\n`&|;]*?\s{NAME}
    | \buvx\s+(?:--from\s+)?{NAME}
    | \b(?:npm|pnpm|yarn|bun|deno)\s+(?:install|i|add|create|exec|dlx)\b[^\n`&|;]*?\s{NAME}
    | \b(?:npm|pnpm|yarn|bun|deno)\s+(?:install|i|add|create|exec|dlx)\b[^\n`&|;]*?\s['"]?@aboveboard/
    | \bnpx\s+(?:-\S+\s+)*{NAME}
    | \bcargo\s+(?:add|install)\s+(?:(?!--path)-\S+\s+)*{NAME}
    | \bgo\s+(?:get|install|run)\s+\S*aboveboard
    | \b(?:gem|brew|apt|apt-get|dnf|apk)\s+(?:install|add)\b[^\n`&|;]*?\s{NAME}
    | \b(?:podman|docker)\s+(?:pull|run|create)\b[^\n`]*?\s(?!localhost/)(?:[\w.]+/)*aboveboard\b(?!-)
    | ^FROM\s+(?:[\w.]+/)*aboveboard\b
    | ^\s*aboveboard\s*=\s*(?:["'][\d^~=<>*]|\{{[^}}\n]*version)
    | ["']@?aboveboard(?:/[\w-]+)?["']\s*:\s*["'][\^~\d]
    | https?://(?:unpkg\.com|cdn\.jsdelivr\.net/npm|esm\.sh|cdn\.skypack\.dev)/@?aboveboard
    """,
    re.VERBOSE | re.MULTILINE,
)
COORDINATE = re.compile(r"<artifactId>aboveboard</artifactId>|['\"]aboveboard:aboveboard:")
FROM_CHECKOUT = '--file "$ABOVEBOARD/generated/java" install'


def own_texts() -> dict[str, str]:
    """Return every text of this repository that people or programs read, by its path."""
    kinds = {
        ".md",
        ".py",
        ".sh",
        ".yml",
        ".yaml",
        ".toml",
        ".json",
        ".html",
        ".js",
        ".ts",
        ".txt",
        ".xml",
        ".rs",
    }
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    files = [ROOT / line for line in listed.stdout.splitlines()]
    texts = {}
    for file in files:
        if file.is_file() and (file.suffix in kinds or not file.suffix or file.parent.name == ".ci"):
            texts[str(file.relative_to(ROOT))] = file.read_text(errors="replace")
    return texts


def test_nothing_is_installed_by_a_name_that_nobody_has_registered() -> None:
    """Pages, messages and scripts install from a checkout or from the files of a release."""
    texts = own_texts()
    assert {"README.md", "Makefile", "docs/clients/python.md", ".ci/lock"} <= texts.keys()
    del texts[str(Path(__file__).relative_to(ROOT))]
    found = [(name, hit.group()) for name, text in texts.items() for hit in BY_NAME.finditer(text)]
    assert found == []
    # Maven looks into the local repository first: who names it there has built it from the checkout before.
    named = [
        name for name, text in texts.items() if COORDINATE.search(text) and not name.startswith("generated/")
    ]
    assert named
    assert [
        name
        for name in named
        if FROM_CHECKOUT not in texts[name] and not name.startswith("tests/polyglot/java/")
    ] == []


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("pip install aboveboard", True),
        ("run: pip install --upgrade 'aboveboard[server]'", True),
        ("python -m pip install -U aboveboard==0.1.0", True),
        ("uv add aboveboard", True),
        ("uvx aboveboard serve", True),
        ("pipx install aboveboard", True),
        ("npm install @aboveboard/sdk", True),
        ("npm i --save aboveboard", True),
        ("npx aboveboard", True),
        ("cargo add aboveboard", True),
        ("go get github.com/someone/aboveboard", True),
        ("docker run -p 1:1 aboveboard serve", True),
        ("docker pull example.org/aboveboard:1", True),
        ('aboveboard = "0.1"', True),
        ('"aboveboard": "^0.1.0"', True),
        ("https://unpkg.com/aboveboard", True),
        ('pip install "$ABOVEBOARD"', False),
        ("pip install --no-deps ./aboveboard-0.1.0-py3-none-any.whl", False),
        ("/opt/aboveboard/venv/bin/pip install --no-deps .", False),
        ('cargo add --quiet --path "$ABOVEBOARD/generated/rust"', False),
        ('npm install "$ABOVEBOARD/generated/typescript"', False),
        ("podman run localhost/aboveboard", False),
        ("pip install . && aboveboard serve", False),
        ("systemctl enable --now aboveboard", False),
    ],
)
def test_what_counts_as_installing_by_name(text: str, is_one: bool) -> None:  # noqa: FBT001  # a column of a table
    """The rule finds each way, and takes no path for a name."""
    assert bool(BY_NAME.search(text)) == is_one


def pinned(file: str) -> dict[str, str]:
    """Return the versions that a file of requirements pins."""
    text = (ROOT / ".ci" / file).read_text()
    return dict(re.findall(r"^(\S+?)==(\S+)", text, re.MULTILINE))


def test_the_build_backend_is_pinned() -> None:
    """What builds the package is known by its hash, and the same everywhere."""
    requires = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    build = pinned("requirements-build.txt")
    assert requires == [f"hatchling=={build['hatchling']}"]
    for name, version in build.items():
        for file in ("requirements-dev.txt", "requirements-server.txt"):
            assert pinned(file).get(name, version) == version


def test_everything_that_is_fetched_has_a_hash() -> None:
    """Each pip of ours, in scripts and in pages for operators, fetches what is pinned or fetches nothing."""
    texts = own_texts()
    places = ["Makefile", "docs/deploy/Containerfile", "docs/deploy/README.md"]
    places += [name for name in texts if name.startswith((".ci/", ".github/"))]
    texts["docs/deploy/Containerfile"] = (ROOT / "docs/deploy/Containerfile").read_text()
    lines = [
        (name, line)
        for name in places
        for line in texts[name].splitlines()
        if 'pip" install' in line or "pip install" in line
    ]
    assert len(lines) > 8
    for name, line in lines:
        assert "--require-hashes" in line or ("--no-index" in line and "--no-deps" in line), (name, line)
        if line.rstrip().endswith(" .") or " -e ." in line:
            assert "--no-build-isolation" in line, (name, line)


def test_workflows_run_what_was_looked_at() -> None:
    """Actions by their commits, and rights to read alone."""
    for file in (ROOT / ".github/workflows").iterdir():
        text = file.read_text()
        used = re.findall(r"uses: (.*)", text)
        assert used
        assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v[\d.]+", one) for one in used), file.name
        assert re.findall(r"^ *permissions:(?:.*\n)((?: +\S.*\n)*)", text, re.MULTILINE) == [
            "  contents: read\n"
        ]


DIGEST = "sha256:" + "5" * 64


@pytest.mark.parametrize(("answer", "code"), [(DIGEST, 0), ("", 1), ("sha256:5", 1), ("latest", 1)])
def test_the_image_is_built_from_a_digest(tmp_path: Path, answer: str, code: int) -> None:
    """What the registry says is checked, built from and recorded; the two tools are stand-ins."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, does in (("skopeo", f"echo '{answer}'"), ("podman", "")):
        (tools / name).write_text(f'#!/bin/sh\necho "{name} $*" >>{tmp_path}/calls\n{does}\n')
        (tools / name).chmod(0o755)
    done = subprocess.run(
        [ROOT / ".ci/build-image", tmp_path / "dist"],
        env={"PATH": f"{tools}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    calls = (tmp_path / "calls").read_text()
    base = re.findall(r"^ARG BASE=(\S+)$", (ROOT / "docs/deploy/Containerfile").read_text(), re.MULTILINE)
    assert base == ["docker.io/library/python:3.13-slim"]
    assert f"docker://{base[0]}" in calls
    assert ("podman" in calls) == (code == 0)
    if code == 0:
        assert f"--build-arg BASE=docker.io/library/python@{DIGEST} " in calls
        assert (tmp_path / "dist/base-image.txt").read_text() == f"{base[0]} {DIGEST}\n"
