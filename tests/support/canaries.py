"""Texts that stand nowhere else, in every field of every message: whatever of them is left is found."""

from __future__ import annotations

import random
import uuid
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import FieldDescriptor
from tests.support.clients import NOON, unknown_arm

from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
from aboveboard.telemetry.v1.source_pb2 import Source
from aboveboard_server.schema import catalog
from aboveboard_server.schema.catalog import STRUCT, TIMESTAMP

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aboveboard_server.schema.catalog import Field, Origin

SCHEMA = catalog.default()


class Canaries:
    """Makes messages full of texts that all hold `mark`, and ids, which `ids` keeps; the same for a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.mark = f"canary{seed:x}-"
        self.ids: list[str] = []

    def text(self, most: int = 128) -> str:
        """Return a canary of some length, at most so many bytes."""
        text = f"{self.mark}{self._random.getrandbits(32):08x}"
        return (text + "x" * self._random.randrange(100))[:most]

    def uuid(self) -> str:
        """Return an id that says nothing of its time."""
        made = str(uuid.UUID(int=self._random.getrandbits(128), version=4))
        self.ids.append(made)
        return made

    def source(self, **fields: str) -> Source:
        """Return a deployment with a canary in every field but those given."""
        return self._source("deployment", fields)

    def server(self) -> Source:
        """Return an anonymous server with a canary in every field."""
        return self._source("server", {})

    def events(self, each: int = 1) -> list[EventEnvelope]:
        """Return so many events of every kind, with a canary wherever text fits, and as many unknown ones."""
        made = []
        for _ in range(each):
            for event in SCHEMA.events:
                envelope = self._envelope()
                message = getattr(envelope, event.name)
                message.SetInParent()
                self._fill(message, event.fields)
                made.append(envelope)
            unknown = self._envelope()
            unknown.MergeFrom(unknown_arm(900, self.text(2_000).encode()))
            unknown.event_id = self.uuid()
            made.append(unknown)
        return made

    def found_in(self, data: bytes) -> bool:
        """Whether any canary is in these bytes."""
        return self.mark.encode() in data or any(one.encode() in data for one in self.ids)

    def _source(self, name: str, fields: dict[str, str]) -> Source:
        origin = next(found for found in SCHEMA.origins if found.name == name)
        source = Source()
        self._fill(getattr(source, name), _others(origin, fields))
        for field, value in fields.items():
            setattr(getattr(source, name), field, value)
        return source

    def _envelope(self) -> EventEnvelope:
        return EventEnvelope(event_id=self.uuid(), occurred_at=NOON)

    def _fill(self, message: Any, fields: Iterable[Field]) -> None:
        for field in fields:
            if field.message_type == STRUCT:
                payload = {self.text(): {self.text(): [self.text(), self.text()]}, "n": self.text()}
                getattr(message, field.name).update(payload)
            elif field.message_type == TIMESTAMP:
                getattr(message, field.name).CopyFrom(NOON)
            elif field.policy.format == "UUID":
                setattr(message, field.name, self.uuid())
            elif field.descriptor.type == FieldDescriptor.TYPE_STRING:
                setattr(message, field.name, self.text(field.policy.max_bytes))
            elif field.descriptor.type == FieldDescriptor.TYPE_BYTES:
                setattr(message, field.name, self.text(field.policy.max_bytes).encode())
            else:
                # An enum, a number or a truth value: 1 is a value of each.
                setattr(message, field.name, 1)


def _others(origin: Origin, fields: dict[str, str]) -> list[Field]:
    return [field for field in origin.fields if field.name not in fields]
