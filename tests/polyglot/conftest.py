"""Fixtures of the conformance tests."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest
from google.protobuf import json_format
from tests.polyglot import languages
from tests.support.server import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.polyglot.languages import Conversation

ROOT = languages.FOLDER.parents[1]


@pytest.fixture(scope="session")
def request_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The request that every client sends, as ProtoJSON."""
    file = tmp_path_factory.mktemp("request") / "request.json"
    file.write_text(json_format.MessageToJson(languages.every_type()))
    return file


@pytest.fixture(scope="session")
def schema_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The schema as a descriptor set."""
    file = tmp_path_factory.mktemp("schema") / "schema.binpb"
    languages.run(ROOT, "buf", "build", "--as-file-descriptor-set", "--output", str(file))
    return file


@pytest.fixture(scope="session")
def converse(
    tmp_path_factory: pytest.TempPathFactory, request_file: Path, schema_file: Path
) -> Callable[[str], Conversation]:
    """Lets a language's client talk, once, to a server of its own with an empty database."""

    @cache
    def conversation(language: str) -> Conversation:
        languages.require(language)
        languages.build(language)
        server = ServerProcess(tmp_path_factory.mktemp(language))
        server.start()
        try:
            return languages.converse(language, server, request_file, schema_file)
        finally:
            server.stop()

    return conversation
