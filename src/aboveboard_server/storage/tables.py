"""The hand-written tables of what was sent and by whom; those of privacy stand in `privacy_tables`.

Alembic owns them; `migrations/` must follow every change made here. `info["subject"]` says how erasure finds
a Subject's rows, see `schema.erasure`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from aboveboard_server.schema.expiry import (
    AGED,
    LAST_SEEN_AT,
    OWNED,
    QUARANTINE_DAYS,
    RECEIVED_AT,
    UNSEEN,
    Expires,
)
from aboveboard_server.storage.columns import ROW_ID, UUID_TEXT, UtcMicros
from aboveboard_server.storage.ports import QUARANTINE

# Whoever was not seen for as long as any event lives goes, once nothing that it sent is left.
NOT_SEEN = Expires(UNSEEN, LAST_SEEN_AT)
# Why some rows never go.
ONE_EACH = "one row for each of a few things that the service itself has"


def subject(data_class: str, key: str = "") -> dict[str, Any]:
    """Annotate a column as the schema's fields are annotated."""
    return {"info": {"data_class": data_class} | ({"subject_key": key} if key else {})}


def kept(why: str) -> dict[str, Any]:
    """Annotate a column that stays as it is when a Subject is erased: why it names nobody."""
    return {"info": {"why": why}}


class CompanyRow(SQLModel, table=True):
    """A company that was seen, by what its deployments said of it last."""

    __tablename__: ClassVar[str] = "company"
    __table_args__: ClassVar[Any] = ({"info": {"subject": "columns", "expires": NOT_SEEN}},)

    company_id: str = Field(
        sa_type=Text(), primary_key=True, sa_column_kwargs=subject("ORGANIZATION", "COMPANY")
    )
    company_name: str | None = Field(default=None, sa_type=Text(), sa_column_kwargs=subject("ORGANIZATION"))
    contact_name: str | None = Field(default=None, sa_type=Text(), sa_column_kwargs=subject("ORGANIZATION"))
    contact_email: str | None = Field(default=None, sa_type=Text(), sa_column_kwargs=subject("ORGANIZATION"))
    contact_phone: str | None = Field(default=None, sa_type=Text(), sa_column_kwargs=subject("ORGANIZATION"))
    contact_note: str | None = Field(default=None, sa_type=Text(), sa_column_kwargs=subject("FREE_FORM"))
    first_seen_at: datetime = Field(sa_type=UtcMicros(), nullable=False)
    last_seen_at: datetime = Field(sa_type=UtcMicros(), nullable=False)


class CompanyKeyRow(SQLModel, table=True):
    """The key that a company's users are keyed with again; itself encrypted under a key outside of here."""

    __tablename__: ClassVar[str] = "company_key"
    __table_args__: ClassVar[Any] = (
        {"info": {"subject": "columns", "expires": Expires(OWNED, owner="company")}},
    )

    company_id: str = Field(
        sa_type=Text(), primary_key=True, sa_column_kwargs=subject("ORGANIZATION", "COMPANY")
    )
    wrapped_key: bytes = Field(sa_type=LargeBinary())


class DeploymentRow(SQLModel, table=True):
    """A company's deployment that was seen."""

    __tablename__: ClassVar[str] = "deployment"
    __table_args__: ClassVar[Any] = ({"info": {"subject": "columns", "expires": NOT_SEEN}},)

    company_id: str = Field(
        sa_type=Text(), primary_key=True, sa_column_kwargs=subject("ORGANIZATION", "COMPANY")
    )
    deployment_id: str = Field(
        sa_type=Text(), primary_key=True, sa_column_kwargs=subject("INSTALLATION", "DEPLOYMENT")
    )
    deployment_name: str | None = Field(
        default=None, sa_type=Text(), sa_column_kwargs=subject("ORGANIZATION")
    )
    first_seen_at: datetime = Field(sa_type=UtcMicros(), nullable=False)
    last_seen_at: datetime = Field(sa_type=UtcMicros(), nullable=False)


class ServerRow(SQLModel, table=True):
    """An anonymous server that was seen."""

    __tablename__: ClassVar[str] = "server"
    __table_args__: ClassVar[Any] = ({"info": {"subject": "columns", "expires": NOT_SEEN}},)

    server_uuid: str = Field(
        sa_type=UUID_TEXT, primary_key=True, sa_column_kwargs=subject("INSTALLATION", "SERVER")
    )
    first_seen_at: datetime = Field(sa_type=UtcMicros(), nullable=False)
    last_seen_at: datetime = Field(sa_type=UtcMicros(), nullable=False)


class QuarantinedEventRow(SQLModel, table=True):
    """An event that a newer client sent before this server knew it, as bytes."""

    __tablename__: ClassVar[str] = QUARANTINE
    __table_args__: ClassVar[Any] = (
        UniqueConstraint("event_id", "event_field_number"),
        Index("quarantined_event_by_source", "source_id", "received_at"),
        # A number is never given twice: a page token must not skip what came after it.
        {
            "info": {
                "subject": "source_id",
                "expires": Expires(AGED, RECEIVED_AT, QUARANTINE_DAYS),
            },
            "sqlite_autoincrement": True,
        },
    )

    quarantined_event_id: int | None = Field(default=None, sa_type=ROW_ID, primary_key=True)
    source_id: int = Field(sa_type=BigInteger())
    received_at: datetime = Field(sa_type=UtcMicros(), nullable=False)
    event_id: str = Field(sa_type=UUID_TEXT)
    occurred_at: datetime = Field(sa_type=UtcMicros(), nullable=False)
    occurred_at_corrected: datetime = Field(sa_type=UtcMicros(), nullable=False)
    event_field_number: int = Field(sa_type=Integer())
    reason: int = Field(sa_type=Integer())
    envelope: bytes = Field(sa_type=LargeBinary(), sa_column_kwargs=subject("FREE_FORM"))


class KeyFingerprintRow(SQLModel, table=True):
    """A key that this database belongs to, by its fingerprint."""

    __tablename__: ClassVar[str] = "key_fingerprint"
    __table_args__: ClassVar[Any] = (
        {"info": {"subject": "none", "why": "holds no data of anyone", "stays": ONE_EACH}},
    )

    name: str = Field(sa_type=Text(), primary_key=True, sa_column_kwargs=kept("a name of ours"))
    fingerprint: str = Field(sa_type=Text(), sa_column_kwargs=kept("of a key of ours"))


class IngestEpochRow(SQLModel, table=True):
    """The one row that changes whenever what may be stored does: every commit on PostgreSQL looks at it.

    `incarnation` is a random number of each epoch, `recent_incarnations` the newest ones: see `incarnations`.
    """

    __tablename__: ClassVar[str] = "ingest_epoch"
    __table_args__: ClassVar[Any] = (
        {"info": {"subject": "none", "why": "holds no data of anyone", "stays": ONE_EACH}},
    )

    ingest_epoch_id: int = Field(sa_type=Integer(), primary_key=True)
    epoch: int = Field(sa_type=BigInteger())
    incarnation: int = Field(default=0, sa_type=BigInteger())
    recent_incarnations: bytes = Field(
        default=b"", sa_type=LargeBinary(), sa_column_kwargs=kept("random numbers of ours")
    )
