"""The hand-written tables of the privacy operations: who opted out, what was deleted, kept, released, done.

Alembic owns them; `migrations/` must follow every change made here. What must outlive a Subject's data holds
keyed digests; its clear columns are `redacted` when the Subject is erased, see `schema.erasure`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Boolean, Float, Index, Integer, LargeBinary, Text, text
from sqlmodel import Field, SQLModel

from aboveboard_server.schema.expiry import AGED, LONGEST_DAYS, Expires
from aboveboard_server.storage.columns import JSON_OBJECT, UUID_TEXT, UtcMicros
from aboveboard_server.storage.tables import ONE_EACH, kept, subject

# Why a column names nobody.
_OUR_ID = kept("an id made here")
_OUR_WORD = kept("one of a few words of ours")
_DIGEST = kept("a keyed digest, or a hash: without the key nobody can be guessed")
_REFERENCE = kept("the operator's own mark, which must not name the Subject")
_REQUEST_ID = kept("a random id made by the administrator's program")
_SCHEMA_NAME = kept("a name of the schema, or of the settings")

# Why releases never go.
ARCHIVED = "made to be kept when the events it counts are gone"


class OptOutRow(SQLModel, table=True):
    """A Subject of whom nothing is collected while `revoked_at` is empty.

    `stored_digest` is a user's digest by what the store holds of it. `epoch` is that of the newest change.
    `token_digest` is the keyed digest of the preference token that lifts it, None where only an administrator
    does. `is_unseen` says that nothing was held of the Subject when it was set by its source.
    """

    __tablename__: ClassVar[str] = "opt_out"
    __table_args__: ClassVar[Any] = (
        Index("opt_out_by_subject", "subject_digest"),
        Index("opt_out_by_epoch", "epoch"),
        Index("opt_out_by_request", "request_id", unique=True),
        Index("opt_out_by_company", "company_id"),
        Index("opt_out_by_server", "server_uuid"),
        # Counted once a minute, see `refusals.unseen`.
        Index(
            "opt_out_unseen",
            "is_unseen",
            sqlite_where=text("is_unseen = 1"),
            postgresql_where=text("is_unseen"),
        ),
        # One that is lifted says only what was, as the events of its time do.
        {"info": {"subject": "redacted", "expires": Expires(AGED, "revoked_at")}},
    )

    opt_out_id: str = Field(sa_type=UUID_TEXT, primary_key=True, sa_column_kwargs=_OUR_ID)
    subject_kind: str = Field(sa_type=Text(), sa_column_kwargs=_OUR_WORD)
    subject_digest: bytes = Field(sa_type=LargeBinary(), sa_column_kwargs=_DIGEST)
    stored_digest: bytes | None = Field(default=None, sa_type=LargeBinary(), sa_column_kwargs=_DIGEST)
    origin: str = Field(sa_type=Text(), sa_column_kwargs=_OUR_WORD)
    reference: str = Field(default="", sa_type=Text(), sa_column_kwargs=_REFERENCE)
    request_id: str | None = Field(default=None, sa_type=UUID_TEXT, sa_column_kwargs=_REQUEST_ID)
    token_digest: bytes | None = Field(default=None, sa_type=LargeBinary(), sa_column_kwargs=_DIGEST)
    is_unseen: bool = Field(default=False, sa_type=Boolean())
    epoch: int = Field(default=0, sa_type=BigInteger())
    created_at: datetime = Field(sa_type=UtcMicros(), nullable=False)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcMicros())
    company_id: str | None = Field(
        default=None, sa_type=Text(), sa_column_kwargs=subject("ORGANIZATION", "COMPANY")
    )
    deployment_id: str | None = Field(
        default=None, sa_type=Text(), sa_column_kwargs=subject("INSTALLATION", "DEPLOYMENT")
    )
    server_uuid: str | None = Field(
        default=None, sa_type=UUID_TEXT, sa_column_kwargs=subject("INSTALLATION", "SERVER")
    )
    user_id: str | None = Field(default=None, sa_type=Text(), sa_column_kwargs=subject("PSEUDONYM", "USER"))


class TombstoneRow(SQLModel, table=True):
    """A Subject that was deleted: of it nothing is taken that occurred at or before the cut-off."""

    __tablename__: ClassVar[str] = "tombstone"
    __table_args__: ClassVar[Any] = (
        Index("tombstone_by_epoch", "epoch"),
        {
            "info": {
                "subject": "none",
                "why": "holds a keyed digest, and must outlive the Subject's data",
                # Nothing that could come back is older: no event may live longer, wherever it is kept.
                "expires": Expires(AGED, "cut_off_at", LONGEST_DAYS),
            }
        },
    )

    subject_digest: bytes = Field(sa_type=LargeBinary(), primary_key=True, sa_column_kwargs=_DIGEST)
    subject_kind: str = Field(sa_type=Text(), sa_column_kwargs=_OUR_WORD)
    stored_digest: bytes | None = Field(default=None, sa_type=LargeBinary(), sa_column_kwargs=_DIGEST)
    deletion_id: str = Field(sa_type=UUID_TEXT, sa_column_kwargs=_OUR_ID)
    epoch: int = Field(sa_type=BigInteger())
    cut_off_at: datetime = Field(sa_type=UtcMicros(), nullable=False)


class DeletionRow(SQLModel, table=True):
    """A deletion, from its request to its receipt. `state` is a Deletion.State by its name.

    `removed` counts rows by table; `receipt` is a serialized Receipt. `sealed_subject` finds the Subject of
    one that waits under any later key of its company, encrypted under the wrapping key; it ends with the
    waiting.
    """

    __tablename__: ClassVar[str] = "deletion"
    __table_args__: ClassVar[Any] = (
        Index("deletion_by_request", "request_id", unique=True),
        Index("deletion_by_receipt", "receipt_sequence", unique=True),
        Index("deletion_by_state", "state"),
        Index("deletion_by_subject", "subject_digest"),
        # What is to be done: however many have ended, and however many wait for their turn.
        Index(
            "deletion_unfinished",
            *("state", "confirmed_at", "origin", "cut_off_at"),
            sqlite_where=text("receipt_sequence IS NULL"),
            postgresql_where=text("receipt_sequence IS NULL"),
        ),
        Index("deletion_by_company", "company_id"),
        Index("deletion_by_server", "server_uuid"),
        {"info": {"subject": "redacted", "stays": "proves what was done; each receipt holds the one before"}},
    )

    deletion_id: str = Field(sa_type=UUID_TEXT, primary_key=True, sa_column_kwargs=_OUR_ID)
    subject_kind: str = Field(sa_type=Text(), sa_column_kwargs=_OUR_WORD)
    subject_digest: bytes = Field(sa_type=LargeBinary(), sa_column_kwargs=_DIGEST)
    stored_digest: bytes | None = Field(default=None, sa_type=LargeBinary(), sa_column_kwargs=_DIGEST)
    origin: str = Field(sa_type=Text(), sa_column_kwargs=_OUR_WORD)
    reference: str = Field(default="", sa_type=Text(), sa_column_kwargs=_REFERENCE)
    request_id: str | None = Field(default=None, sa_type=UUID_TEXT, sa_column_kwargs=_REQUEST_ID)
    state: str = Field(sa_type=Text(), sa_column_kwargs=_OUR_WORD)
    also_opt_out: bool = Field(default=False, sa_type=Boolean())
    scrub_now: bool = Field(default=False, sa_type=Boolean())
    created_at: datetime = Field(sa_type=UtcMicros(), nullable=False)
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcMicros())
    cut_off_at: datetime | None = Field(default=None, sa_type=UtcMicros())
    erased_at: datetime | None = Field(default=None, sa_type=UtcMicros())
    scrubbed_at: datetime | None = Field(default=None, sa_type=UtcMicros())
    removed: dict[str, int] = Field(
        default_factory=dict, sa_type=JSON_OBJECT, sa_column_kwargs=kept("counts by table")
    )
    receipt: bytes | None = Field(
        default=None, sa_type=LargeBinary(), sa_column_kwargs=kept("signed: digests, counts and times")
    )
    receipt_sequence: int | None = Field(default=None, sa_type=BigInteger())
    sealed_subject: bytes | None = Field(
        default=None,
        sa_type=LargeBinary(),
        sa_column_kwargs=kept("encrypted under a key outside of here, and only while it waits"),
    )
    known: bool | None = Field(default=None, sa_type=Boolean())
    rejection_reason: str = Field(default="", sa_type=Text(), sa_column_kwargs=_REFERENCE)
    ended_at: datetime | None = Field(default=None, sa_type=UtcMicros())
    company_id: str | None = Field(
        default=None, sa_type=Text(), sa_column_kwargs=subject("ORGANIZATION", "COMPANY")
    )
    deployment_id: str | None = Field(
        default=None, sa_type=Text(), sa_column_kwargs=subject("INSTALLATION", "DEPLOYMENT")
    )
    server_uuid: str | None = Field(
        default=None, sa_type=UUID_TEXT, sa_column_kwargs=subject("INSTALLATION", "SERVER")
    )
    user_id: str | None = Field(default=None, sa_type=Text(), sa_column_kwargs=subject("PSEUDONYM", "USER"))


class RetentionPolicyRow(SQLModel, table=True):
    """How long events of one type live, where it is not what their annotation says."""

    __tablename__: ClassVar[str] = "retention_policy"
    __table_args__: ClassVar[Any] = (
        {"info": {"subject": "none", "why": "holds no data of anyone", "stays": ONE_EACH}},
    )

    event_type: str = Field(sa_type=Text(), primary_key=True, sa_column_kwargs=_SCHEMA_NAME)
    retention_days: int | None = Field(default=None, sa_type=Integer())
    updated_at: datetime = Field(sa_type=UtcMicros(), nullable=False)


class ScheduledJobRow(SQLModel, table=True):
    """When a scheduled job last ended well, on whichever server, and what a run under way has done so far."""

    __tablename__: ClassVar[str] = "scheduled_job"
    __table_args__: ClassVar[Any] = (
        {"info": {"subject": "none", "why": "holds no data of anyone", "stays": ONE_EACH}},
    )

    name: str = Field(sa_type=Text(), primary_key=True, sa_column_kwargs=kept("a job's name"))
    finished_at: datetime | None = Field(default=None, sa_type=UtcMicros())
    progress: dict[str, int] = Field(
        default_factory=dict, sa_type=JSON_OBJECT, nullable=False, sa_column_kwargs=kept("counts by table")
    )


class ArchiveReleaseRow(SQLModel, table=True):
    """A month's release: its settings, and until it is published the noise that was drawn for it, by cell."""

    __tablename__: ClassVar[str] = "archive_release"
    __table_args__: ClassVar[Any] = (
        {
            "info": {
                "subject": "none",
                "why": "holds settings and noise, which depend on nobody",
                "stays": ARCHIVED,
            }
        },
    )

    month: str = Field(sa_type=Text(), primary_key=True, sa_column_kwargs=_SCHEMA_NAME)
    settings: dict[str, Any] = Field(sa_type=JSON_OBJECT, nullable=False, sa_column_kwargs=kept("numbers"))
    noise: dict[str, Any] = Field(sa_type=JSON_OBJECT, nullable=False, sa_column_kwargs=kept("numbers"))
    drawn_at: datetime = Field(sa_type=UtcMicros(), nullable=False)
    released_at: datetime | None = Field(default=None, sa_type=UtcMicros())


class ArchivedAggregateRow(SQLModel, table=True):
    """A published cell of a release: differentially private, and never restated."""

    __tablename__: ClassVar[str] = "archived_aggregate"
    __table_args__: ClassVar[Any] = (
        {
            "info": {
                "subject": "none",
                "why": "differentially private: points at nobody",
                "stays": ARCHIVED,
            }
        },
    )

    month: str = Field(sa_type=Text(), primary_key=True, sa_column_kwargs=_SCHEMA_NAME)
    event_type: str = Field(sa_type=Text(), primary_key=True, sa_column_kwargs=_SCHEMA_NAME)
    change_type: str = Field(sa_type=Text(), primary_key=True, sa_column_kwargs=_SCHEMA_NAME)
    solution: str = Field(sa_type=Text(), primary_key=True, sa_column_kwargs=_SCHEMA_NAME)
    count: int = Field(sa_type=BigInteger())
    count_expected_error: float = Field(sa_type=Float(53))
    contributors: int = Field(sa_type=BigInteger())
    contributors_expected_error: float = Field(sa_type=Float(53))
    epsilon: float = Field(sa_type=Float(53))


class AuditEntryRow(SQLModel, table=True):
    """Who did what, when: added to, never changed; each holds the hash of the one before."""

    __tablename__: ClassVar[str] = "audit_entry"
    __table_args__: ClassVar[Any] = (
        {
            "info": {
                "subject": "none",
                "why": "holds a keyed digest, and must outlive the Subject's data",
                "stays": "a log from which anything could go would prove nothing",
            }
        },
    )

    # Given by whoever appends, without gaps: a sequence of the database would leave some.
    entry_id: int = Field(sa_type=BigInteger(), primary_key=True, sa_column_kwargs={"autoincrement": False})
    recorded_at: datetime = Field(sa_type=UtcMicros(), nullable=False)
    actor: str = Field(sa_type=Text(), sa_column_kwargs=_OUR_WORD)
    action: str = Field(sa_type=Text(), sa_column_kwargs=_OUR_WORD)
    subject_digest: bytes = Field(default=b"", sa_type=LargeBinary(), sa_column_kwargs=_DIGEST)
    reference: str = Field(default="", sa_type=Text(), sa_column_kwargs=_REFERENCE)
    details: str = Field(
        default="", sa_type=Text(), sa_column_kwargs=kept("written here, and never names the Subject")
    )
    previous_hash: bytes = Field(default=b"", sa_type=LargeBinary(), sa_column_kwargs=_DIGEST)
    hash: bytes = Field(sa_type=LargeBinary(), sa_column_kwargs=_DIGEST)
