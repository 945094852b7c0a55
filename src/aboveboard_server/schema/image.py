"""Loads a schema other than the running one: a folder of protos just compiled, or a released image."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError

from aboveboard_server.schema.catalog import SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from google.protobuf.descriptor import Descriptor, FileDescriptor, MethodDescriptor

OWN_PACKAGES = "aboveboard."


class ImageError(SchemaError):
    """A schema cannot be loaded; the text says why."""


@dataclass(frozen=True, slots=True)
class Image:
    """A whole schema in a pool of its own, and its files, which a pool cannot list."""

    pool: DescriptorPool
    files: tuple[FileDescriptor, ...]

    def messages(self) -> Iterator[Descriptor]:
        """Yield every message of this project's packages, each followed by those nested in it."""
        for file in self.files:
            if file.package.startswith(OWN_PACKAGES):
                yield from _with_nested(file.message_types_by_name.values())

    def methods(self) -> Iterator[MethodDescriptor]:
        """Yield every RPC of this project's packages."""
        for file in self.files:
            if file.package.startswith(OWN_PACKAGES):
                for service in file.services_by_name.values():
                    yield from service.methods

    def message(self, full_name: str) -> Descriptor | None:
        """Return the message of that name, None where there is none."""
        try:
            return self.pool.FindMessageTypeByName(full_name)
        except KeyError:
            return None


def compile_protos(protos: Path) -> Image:
    """Compile a folder of protos; ImageError holds what the compiler says where it refuses."""
    sources = sorted(str(path.relative_to(protos)) for path in protos.rglob("*.proto"))
    if not sources:
        raise ImageError(f"{protos}: no .proto file; name the folder that holds them with --protos")
    if find_spec("grpc_tools") is None:
        raise ImageError("no protobuf compiler: `pip install grpcio-tools`")
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch, "image.binpb")
        command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{protos}", "--include_imports"]
        done = subprocess.run(  # noqa: S603  # no shell; the arguments are the folder's own file names.
            [*command, f"--descriptor_set_out={output}", *sources],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ImageError(f"{protos} does not compile:\n{done.stderr.strip()}")
        return load(output.read_bytes(), str(protos))


def read_image(path: Path) -> Image:
    """Load an image that `buf build` or `protoc --include_imports` has written."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ImageError(f"{path}: {error.strerror}") from error
    return load(data, str(path))


def load(data: bytes, name: str) -> Image:
    """Load a serialized FileDescriptorSet into a fresh pool; `name` is for the error's text."""
    pool = DescriptorPool()
    try:
        files = FileDescriptorSet.FromString(data).file
        for file in files:
            pool.Add(file)
    except (DecodeError, TypeError) as error:
        raise ImageError(f"{name}: not an image of a schema: {error}") from error
    return Image(pool, tuple(pool.FindFileByName(file.name) for file in files))


def _with_nested(messages: Iterable[Descriptor]) -> Iterator[Descriptor]:
    for message in messages:
        yield message
        yield from _with_nested(message.nested_types)
