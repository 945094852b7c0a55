"""The column types that generated tables are made of.

A row travels to the store as plain values: text, numbers, microseconds since 1970. These types say how
each store keeps them, and how a SQLModel session reads them back.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, BigInteger, DateTime, Integer, String, TypeDecorator, Uuid
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import Dialect
    from sqlalchemy.types import TypeEngine

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def to_micros(time: datetime) -> int:
    """Return an aware time as microseconds since 1970."""
    return (time - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return the time so many microseconds since 1970; OverflowError where no datetime can hold it."""
    return EPOCH + timedelta(microseconds=micros)


class UtcMicros(TypeDecorator[datetime]):
    """A time in UTC to the microsecond.

    SQLite holds microseconds since 1970 as an integer, a third of the cost of ISO text on the way of an
    event; PostgreSQL holds `timestamptz`.
    """

    impl = BigInteger
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """What a session reads."""
        return datetime

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the store's own type."""
        return dialect.type_descriptor(
            DateTime(timezone=True) if dialect.name == "postgresql" else BigInteger()
        )

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Turn an aware datetime into what the store holds."""
        if value is None or dialect.name == "postgresql":
            return value
        return to_micros(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Turn what the store holds into an aware datetime."""
        if value is None or dialect.name == "postgresql":
            return value if value is None else value.astimezone(UTC)
        return from_micros(value)


# A UUID in its canonical text: PostgreSQL keeps 16 bytes, SQLite the text itself, so that people can read it.
UUID_TEXT = Uuid(as_uuid=False).with_variant(String(36), "sqlite")
# JSON as PostgreSQL can index it; text in SQLite.
JSON_OBJECT = JSON().with_variant(JSONB(), "postgresql")
# SQLite numbers rows by itself only where the key's type is INTEGER to the letter.
ROW_ID = BigInteger().with_variant(Integer(), "sqlite")
_POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's own


def postgresql_type(column_type: TypeEngine[Any]) -> str:
    """Return the name of the type that a column has on PostgreSQL."""
    return column_type.compile(_POSTGRESQL)


# The `info` of an index that SQLite goes without.
POSTGRESQL_ONLY = {"dialect": "postgresql"}
