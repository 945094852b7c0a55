"""Generated functions with one check dropped, and whether any event finds that out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.errors import NoSuchExample
from tests.support.event_strategies import envelopes

from aboveboard_server.schema.compiler_source import Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
    from aboveboard_server.schema.catalog import Catalog, EventType

# What is found is the same in every run; nothing is kept beside the code.
SETTINGS = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=400,
    suppress_health_check=[HealthCheck.too_slow],
)
# Enough of them to find any dropped check, and no search for the smallest.
SEARCH = settings(SETTINGS, max_examples=3_000, phases=[Phase.generate])


class _Forgiving(dict[int, Any]):
    """The names of an enum that takes every number."""

    def __missing__(self, number: int) -> None:
        return None


def mutants(source: Source) -> list[Source]:
    """Return sources with one check dropped each, a look-up of an enum's names among them."""
    text, names = source
    lines = text.splitlines(keepends=True)
    checks = [number for number, line in enumerate(lines) if line.endswith(": return None\n")]
    dropped = [
        [*lines[:number], lines[number].replace("return None", "pass"), *lines[number + 1 :]]
        for number in checks
    ]
    enums = {
        name: _Forgiving(value)
        for name, value in names.items()
        if name.endswith("_names") and isinstance(value, dict)
    }
    return [Source("".join(those), names) for those in dropped] + [
        Source(text, names | {name: forgiving}) for name, forgiving in enums.items()
    ]


def is_found(catalog: Catalog, event: EventType, agrees: Callable[[EventEnvelope], bool]) -> bool:
    """Whether there is an event with which something does not agree."""
    try:
        find(envelopes(catalog, event), lambda envelope: not agrees(envelope), settings=SEARCH)
    except NoSuchExample:
        return False
    return True
