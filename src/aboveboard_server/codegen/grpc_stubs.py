"""Runs the grpc_python generator inside grpcio-tools as a plugin: buf knows no builtin of that name."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

from aboveboard_server.codegen import plugin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest


def generate(request: CodeGeneratorRequest) -> Iterator[tuple[str, str]]:
    """Yield `*_pb2_grpc.py` for each file that defines a service; RuntimeError where the generator fails."""
    names = [f.name for f in request.proto_file if f.name in request.file_to_generate and f.service]
    if not names:
        return
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder, "image.binpb")
        image.write_bytes(FileDescriptorSet(file=request.proto_file).SerializeToString())
        code = protoc.main(["protoc", f"--descriptor_set_in={image}", f"--grpc_python_out={folder}", *names])
        if code:
            raise RuntimeError(f"grpc_python failed with exit code {code}")
        for path in sorted(Path(folder).rglob("*.py")):
            yield str(path.relative_to(folder)), path.read_text(encoding="utf-8")


if __name__ == "__main__":
    plugin.run(generate)
