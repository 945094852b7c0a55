# ruff: noqa: D401  # a rule's docstring is its message: it says what must hold, not what is done.
"""The rules of RPCs: who may call them. Each rule's docstring is its message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard_server.schema.access import INGEST, key_carrier
from aboveboard_server.schema.policy import method_access

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor import MethodDescriptor


def rpc_says_who_may_call(method: MethodDescriptor) -> Iterator[str]:
    """An RPC says who may call it in an option, (aboveboard.schema.v1.method): nobody could otherwise."""
    if not method_access(method):
        yield ""


def rpc_carries_its_key(method: MethodDescriptor) -> Iterator[str]:
    """A request that write keys let in holds `source` and `write_key`, or its one message does."""
    if method_access(method) == INGEST and key_carrier(method.input_type) is None:
        yield method.input_type.full_name


RPC_RULES = (rpc_says_who_may_call, rpc_carries_its_key)
