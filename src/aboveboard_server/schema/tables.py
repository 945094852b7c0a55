"""Finds the generated table of an event, and brings every table into SQLModel's metadata."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import TYPE_CHECKING

from google.protobuf import descriptor_pool
from sqlmodel import SQLModel

from aboveboard_server.schema import catalog
from aboveboard_server.schema.catalog import SchemaError

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor
    from sqlalchemy import MetaData

    from aboveboard_server.schema.catalog import EventType

HAND_WRITTEN = tuple(
    f"aboveboard_server.storage.{name}"
    for name in ("tables", "privacy_tables", "access_tables", "clock_tables")
)


def row_class(event: EventType) -> type[SQLModel]:
    """Return the SQLModel class of an event's table."""
    return _row_class(event.message)


def source_row_class() -> type[SQLModel]:
    """Return the SQLModel class of the `source` table."""
    catalog.default()
    return _row_class(descriptor_pool.Default().FindMessageTypeByName(catalog.SOURCE))


def import_all() -> MetaData:
    """Import every table, generated and hand-written, and return the metadata that holds them all."""
    source_row_class()
    for event in catalog.default().events:
        row_class(event)
    for module in HAND_WRITTEN:
        if find_spec(module):
            importlib.import_module(module)
    return SQLModel.metadata


def hand_written(metadata: MetaData) -> frozenset[str]:
    """Return the names of the tables that were not generated."""
    return frozenset(name for name, table in metadata.tables.items() if not table.info.get("generated"))


def _row_class(message: Descriptor) -> type[SQLModel]:
    module_name = message.file.name.removesuffix(".proto").replace("/", ".") + "_tables"
    try:
        found = getattr(importlib.import_module(module_name), f"{message.name}Row")
    except (ModuleNotFoundError, AttributeError) as error:
        raise SchemaError(f"{message.full_name}: no generated table; run `make generate`") from error
    if not (isinstance(found, type) and issubclass(found, SQLModel)):
        raise SchemaError(f"{module_name}.{message.name}Row is no SQLModel class")
    return found
