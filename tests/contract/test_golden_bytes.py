"""Bytes that were once sent or stored decode to the same values for ever."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.unknown_fields import UnknownFieldSet
from tests.contract import add_golden, goldens

from aboveboard.telemetry.v1 import source_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from google.protobuf.message import Message

MESSAGES = goldens.messages()
GOLDENS = goldens.read()
PAIRS = [pytest.param(name, golden, id=golden.name) for name, held in GOLDENS.items() for golden in held]


@pytest.mark.parametrize(("message", "golden"), PAIRS)
def test_bytes_decode_to_the_values_stored_beside_them(message: str, golden: goldens.Golden) -> None:
    """Each field of the golden holds the value that was written down for it, and no byte is left over."""
    assert message in MESSAGES, f"{message} is gone: what was sent as it cannot be read any more"
    decoded = golden.decode(MESSAGES[message])
    values = goldens.to_values(decoded)
    for field, value in golden.values.items():
        assert values.get(field) == value, f"{message}.{field}"
    assert values == golden.values
    assert not list(unread(decoded)), "the proto does not know a field that the bytes hold"


@pytest.mark.parametrize(("message", "golden"), PAIRS)
def test_values_survive_being_written_again(message: str, golden: goldens.Golden) -> None:
    """What is serialised anew, deterministically, decodes to the same values."""
    decoded = golden.decode(MESSAGES[message])
    again = type(decoded).FromString(decoded.SerializeToString(deterministic=True))
    assert again == decoded
    assert goldens.to_values(again) == golden.values


@pytest.mark.parametrize("message", MESSAGES)
def test_every_field_has_a_golden_that_tells_it_from_the_others(message: str) -> None:
    """Each field, each arm of a oneof included, is set in a golden, to a value no like field has there."""
    descriptor, held = MESSAGES[message], GOLDENS.get(message, [])
    assert held, f"{message} has no golden; `{goldens.COMMAND}` adds it"
    untested = goldens.untested(descriptor, held)
    assert not untested, f"{message}: no golden sets {', '.join(untested)}; `{goldens.COMMAND}` adds one"
    assert not goldens.confusable(descriptor, held), "a swap of these fields would go unnoticed"


def test_two_fields_that_change_places_are_noticed() -> None:
    """A proto with two numbers swapped reads other values out of the same bytes."""
    golden = GOLDENS["aboveboard.telemetry.v1.DeploymentSource"][0]
    file = descriptor_pb2.FileDescriptorProto()
    source_pb2.DESCRIPTOR.CopyToProto(file)
    deployment = next(message for message in file.message_type if message.name == "DeploymentSource")
    by_name = {field.name: field for field in deployment.field}
    by_name["company_id"].number, by_name["deployment_id"].number = 4, 2
    pool = descriptor_pool.DescriptorPool()
    for dependency in with_dependencies(source_pb2.DESCRIPTOR.name):
        pool.Add(file if dependency.name == file.name else dependency)
    swapped = message_factory.GetMessageClass(
        pool.FindMessageTypeByName("aboveboard.telemetry.v1.DeploymentSource")
    )
    assert goldens.to_values(swapped.FromString(golden.data)) != golden.values


def test_only_missing_goldens_are_added(tmp_path: Path) -> None:
    """The command writes what is missing, the same bytes as before, and leaves every other file alone."""
    folder = shutil.copytree(goldens.FOLDER, tmp_path / "golden")
    assert add_golden.add_missing(folder) == []
    name = "aboveboard.event.v1.Ping"
    gone, kept = folder / f"{name}.binpb", folder / "aboveboard.event.v1.AgentStat.binpb"
    before = gone.read_bytes()
    gone.unlink()
    gone.with_suffix(".json").unlink()
    kept.write_bytes(b"\x0a\x01x")
    assert add_golden.add_missing(folder) == [name]
    assert gone.read_bytes() == before
    assert kept.read_bytes() == b"\x0a\x01x"


def unread(message: Message) -> Iterator[int]:
    """Yield the numbers of fields that the bytes hold and the proto does not know, at any depth."""
    unknown = UnknownFieldSet(message)
    yield from (unknown[index].field_number for index in range(len(unknown)))
    for field, value in message.ListFields():
        if field.message_type and not field.message_type.GetOptions().map_entry:
            for part in value if field.is_repeated else [value]:
                yield from unread(part)


def with_dependencies(name: str) -> Iterator[descriptor_pb2.FileDescriptorProto]:
    """Yield a proto file after those it imports."""
    descriptor = descriptor_pool.Default().FindFileByName(name)
    for dependency in descriptor.dependencies:
        yield from with_dependencies(dependency.name)
    file = descriptor_pb2.FileDescriptorProto()
    descriptor.CopyToProto(file)
    yield file
