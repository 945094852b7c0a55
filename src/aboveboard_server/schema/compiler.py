"""Compiles, for each event type, one function that checks an event and turns it into its row: the fast way.

`validate` and `rows` are the reference: they say what holds. A compiled function only says yes. It returns
the row of an event that is plainly good, and None of every other, whose fate the reference decides. So no
verdict has a second author, and a property test holds the rows equal.
"""

from __future__ import annotations

import linecache
from typing import TYPE_CHECKING, TypeAlias, cast

from aboveboard_server.schema.compiler_source import source_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
    from aboveboard_server.schema.catalog import Catalog
    from aboveboard_server.schema.rows import Row

    # Takes an envelope with the event that it is of, and the clock skew in µs.
    Extractor: TypeAlias = Callable[[EventEnvelope, int], Row | None]


def extractors(catalog: Catalog) -> dict[str, Extractor]:
    """Return, by event name, the function that makes a plainly good event's row, and None of any other."""
    return {event.name: compiled(event.name, *source_of(catalog, event)) for event in catalog.events}


def compiled(name: str, text: str, names: Mapping[str, object]) -> Extractor:
    """Compile an extractor's source; a traceback through it shows its lines."""
    file = f"<extractor of {name}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    namespace = dict(names)
    exec(compile(text, file, "exec"), namespace)  # noqa: S102  # made of descriptors and annotations alone
    return cast("Extractor", namespace[name])
