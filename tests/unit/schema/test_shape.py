"""What a start looks for in a database is what `migrate` makes there."""

from __future__ import annotations

import pytest

from aboveboard_server.schema import catalog, shape, tables
from aboveboard_server.schema.erasure import SOURCE_ID
from aboveboard_server.storage.unknown_tables import known_tables


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_the_shapes_are_those_of_the_tables(dialect: str) -> None:
    """Each generated table has the columns and the indexes of its shape, and no other, in either store."""
    made = {
        name: (
            sorted(column.name for column in table.columns),
            sorted(str(one.name) for one in table.indexes if one.info.get("dialect", dialect) == dialect),
        )
        for name, table in tables.import_all().tables.items()
        if table.info.get("generated")
    }
    looked_for = {
        name: (sorted(columns), sorted(indexes))
        for name, (columns, indexes) in shape.shapes(catalog.default(), dialect).items()
    }
    assert looked_for == made


def test_the_tables_of_sources_are_those_that_declare_it() -> None:
    """A start looks for unknown tables without loading the known ones: it must know exactly those."""
    declared = {name for name, table in tables.import_all().tables.items() if SOURCE_ID in table.columns}
    assert known_tables() == declared
