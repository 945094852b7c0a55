"""Sources that take as much memory as any may."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.clients import deployment_source

from aboveboard_server.schema import catalog

if TYPE_CHECKING:
    from aboveboard.telemetry.v1.source_pb2 import Source

(_FIELDS,) = (origin.fields for origin in catalog.default().origins if origin.name == "deployment")
# One character beyond the basic plane, and Python keeps each of a text's in four bytes.
WIDE = "\U0001f512"


def longest_source(number: int, *, wide: bool = False) -> Source:
    """Return the deployment of that number: no field can be longer, nor is one equal to another number's."""
    end = WIDE if wide else ""
    texts = {
        field.name: f"{number:x}".rjust(field.policy.max_bytes - len(end.encode()), "x") + end
        for field in _FIELDS
    }
    return deployment_source(**texts)
