"""What the other languages take from generated/ holds together; needs none of their toolchains."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GENERATED = ROOT / "generated"
CLIENTS = ROOT / "tests/polyglot"
POM = {"pom": "http://maven.apache.org/POM/4.0.0"}


def generator(name: str) -> str:
    """Return the version of a generator that .ci/polyglot-plugins installs."""
    found = re.search(rf"^{name}=v?([\d.]+)", (ROOT / ".ci/polyglot-plugins").read_text(), re.MULTILINE)
    assert found
    return found.group(1)


def test_go_asks_for_the_runtime_of_its_generator() -> None:
    """An older google.golang.org/protobuf would not compile what the newer generator wrote."""
    for folder in (GENERATED / "go", CLIENTS / "go"):
        module = (folder / "go.mod").read_text()
        assert f"google.golang.org/protobuf v{generator('go_protobuf')}\n" in module


def test_java_asks_for_the_runtime_of_its_generators() -> None:
    """Generated Java refuses an older protobuf-java when its first class is loaded."""
    pom = ET.parse(GENERATED / "java/pom.xml").getroot()
    version = generator("java_protobuf")
    assert pom.findtext(".//pom:protobuf.version", namespaces=POM) == version
    assert pom.findtext(".//pom:grpc.version", namespaces=POM) == generator("java_grpc")
    client = (CLIENTS / "java/client/pom.xml").read_text()
    assert f"<artifactId>protobuf-java-util</artifactId>\n      <version>{version}<" in client


def test_typescript_asks_for_the_runtime_of_its_generator() -> None:
    """protoc-gen-es and @bufbuild/protobuf are released together."""
    version = generator("typescript")
    stubs = json.loads((GENERATED / "typescript/package.json").read_text())
    assert stubs["peerDependencies"]["@bufbuild/protobuf"] == f"^{version}"
    client = json.loads((CLIENTS / "typescript/package.json").read_text())
    assert client["dependencies"]["@bufbuild/protobuf"] == version


@pytest.mark.parametrize("folder", [GENERATED, CLIENTS], ids=["generated", "clients"])
def test_what_is_committed_names_no_registry(folder: Path) -> None:
    """Lock files tell nobody where they were made: npm's leaves addresses out, Cargo's is not committed."""
    built = {"target", "node_modules"}
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {f"{name}/" for name in built} | {"Cargo.lock"} <= set(ignored)
    for lock in folder.rglob("package-lock.json"):
        if not built.intersection(lock.parts):
            assert "://" not in lock.read_text(), lock
