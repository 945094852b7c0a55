# ruff: noqa: D401  # a rule's docstring is its message: it says what must hold, not what is done.
"""The lint: whether every collected field and event says what the service and the public must know.

And whether every RPC says who may call it. The rules stand in `lint_fields`, `lint_events` and `lint_rpcs`.
The lint takes a schema however broken it is, and tells of every fault at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard_server.schema import surface as surfaces
from aboveboard_server.schema.catalog import ENVELOPE, SOURCE
from aboveboard_server.schema.finding import Finding, apply, message_of, rule_name
from aboveboard_server.schema.lint_events import (
    ARM_RULES,
    EVENT_ANNOTATION_RULES,
    EVENT_RULES,
    ORIGIN_RULES,
    Arm,
    Event,
    OriginMessage,
)
from aboveboard_server.schema.lint_fields import (
    ANNOTATION_RULES,
    EVENT_COLUMNS,
    SHAPE_RULES,
    SOURCE_COLUMNS,
    Collected,
)
from aboveboard_server.schema.lint_rpcs import RPC_RULES
from aboveboard_server.schema.policy import event_policy, field_policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from google.protobuf.descriptor import FieldDescriptor

    from aboveboard_server.schema.image import Image
    from aboveboard_server.schema.surface import Surface

SOURCE_TABLE = "source"


def lint(image: Image, tables: Iterable[str] = ()) -> list[Finding]:
    """Return every fault of a schema; `tables` names the hand-written tables, which no event may take."""
    surface = surfaces.read(image)
    return [
        *_frame(surface),
        *_events(surface, frozenset((SOURCE_TABLE, *tables))),
        *_origins(surface),
        *_fields(surface),
        *(finding for method in image.methods() for finding in apply(RPC_RULES, method, method)),
    ]


def schema_has_its_frame(surface: Surface) -> Iterator[str]:
    """A schema has EventEnvelope with a oneof `event`, and Source with a oneof `origin`."""
    if not surface.event_arms:
        yield f"{ENVELOPE}.{surfaces.EVENT_ONEOF}"
    if not surface.origin_arms:
        yield f"{SOURCE}.{surfaces.ORIGIN_ONEOF}"


def source_has_origins_only(surface: Surface) -> Iterator[str]:
    """Source holds its oneof `origin` and nothing beside it: no column would hold the rest."""
    for field in surfaces.fields_beside(surface.source, surface.origin_arms):
        yield field.name


def _frame(surface: Surface) -> Iterator[Finding]:
    for rule in FRAME_RULES:
        for detail in rule(surface):
            yield Finding("protos", "aboveboard.telemetry.v1", rule_name(rule), message_of(rule, detail))


def _events(surface: Surface, tables: frozenset[str]) -> Iterator[Finding]:
    for message in surface.events:
        arms = tuple(arm for arm in surface.event_arms if arm.message_type is message)
        rules = EVENT_RULES + (EVENT_ANNOTATION_RULES if event_policy(message) else ())
        yield from apply(rules, Event(message, arms), message)
    for arm in surface.event_arms:
        yield from apply(ARM_RULES, Arm(arm, tables), arm)


def _origins(surface: Surface) -> Iterator[Finding]:
    for number, message in enumerate(surface.origins):
        yield from apply(ORIGIN_RULES, OriginMessage(message, surface.origins[:number]), message)


def _fields(surface: Surface) -> Iterator[Finding]:
    envelope = surface.envelope_fields
    yield from _fields_of(envelope, EVENT_COLUMNS)
    for message in surface.origins:
        yield from _fields_of(message.fields, SOURCE_COLUMNS, of_source=True)
    columns = EVENT_COLUMNS | {field.name for field in envelope}
    for message in surface.events:
        yield from _fields_of(message.fields, columns)


def _fields_of(
    fields: Iterable[FieldDescriptor], taken: frozenset[str], *, of_source: bool = False
) -> Iterator[Finding]:
    for descriptor in fields:
        annotation = field_policy(descriptor)
        rules = SHAPE_RULES + (ANNOTATION_RULES if annotation else ())
        yield from apply(rules, Collected(descriptor, annotation, taken, of_source), descriptor)


FRAME_RULES = (schema_has_its_frame, source_has_origins_only)
