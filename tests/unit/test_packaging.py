"""What is shipped holds together."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

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
        assert len(pins) > 10
        assert all("--hash=sha256:" in pin for pin in pins)
