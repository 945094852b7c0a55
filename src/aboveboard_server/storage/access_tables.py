"""The hand-written table of keys. Alembic owns it; `migrations/` must follow every change made here."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Index, LargeBinary, Text
from sqlmodel import Field, SQLModel

from aboveboard_server.storage.columns import UUID_TEXT, UtcMicros
from aboveboard_server.storage.tables import kept, subject


class AccessKeyRow(SQLModel, table=True):
    """A key, by the digest of its secret; the secret itself is nowhere.

    It is bound to a company where it has a `company_digest`. One whose company is erased has lost the clear
    columns and nothing else: it is valid no more, for whoever forgot its company cannot hold it to that.
    """

    __tablename__: ClassVar[str] = "access_key"
    __table_args__: ClassVar[Any] = (
        Index("access_key_by_digest", "secret_digest", unique=True),
        Index("access_key_by_request", "request_id", unique=True),
        Index("access_key_by_company", "company_id"),
        {"info": {"subject": "redacted", "stays": "says whose the acts in the audit log were"}},
    )

    key_id: str = Field(sa_type=UUID_TEXT, primary_key=True, sa_column_kwargs=kept("an id made here"))
    kind: str = Field(sa_type=Text(), sa_column_kwargs=kept("one of two words of ours"))
    secret_digest: bytes = Field(
        sa_type=LargeBinary(), sa_column_kwargs=kept("a hash of 256 random bits: nobody can guess them")
    )
    secret_end: str = Field(sa_type=Text(), sa_column_kwargs=kept("four random characters"))
    # What a key of a company is called names the company, mostly.
    display_name: str | None = Field(default=None, sa_type=Text(), sa_column_kwargs=subject("ORGANIZATION"))
    # Words that need no quoting, with a space between two.
    scopes: str = Field(default="", sa_type=Text(), sa_column_kwargs=kept("words of ours"))
    solution: str = Field(default="", sa_type=Text(), sa_column_kwargs=kept("a product's name"))
    company_digest: bytes | None = Field(
        default=None, sa_type=LargeBinary(), sa_column_kwargs=kept("a keyed digest")
    )
    company_id: str | None = Field(
        default=None, sa_type=Text(), sa_column_kwargs=subject("ORGANIZATION", "COMPANY")
    )
    allowed_origins: str | None = Field(
        default=None, sa_type=Text(), sa_column_kwargs=subject("ORGANIZATION")
    )
    request_id: str | None = Field(
        default=None,
        sa_type=UUID_TEXT,
        sa_column_kwargs=kept("a random id made by the administrator's program"),
    )
    created_at: datetime = Field(sa_type=UtcMicros(), nullable=False)
    expires_at: datetime | None = Field(default=None, sa_type=UtcMicros())
    revoked_at: datetime | None = Field(default=None, sa_type=UtcMicros())
