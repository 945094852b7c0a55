"""The protobuf compiler's side of a plugin: a request on standard input, files on standard output."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest, CodeGeneratorResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def run(generate: Callable[[CodeGeneratorRequest], Iterable[tuple[str, str]]]) -> None:
    """Answer the compiler's request with the files, name and text, that `generate` makes of it."""
    request = CodeGeneratorRequest.FromString(sys.stdin.buffer.read())
    response = CodeGeneratorResponse(
        supported_features=CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL,
        file=[CodeGeneratorResponse.File(name=name, content=text) for name, text in generate(request)],
    )
    sys.stdout.buffer.write(response.SerializeToString())
