"""Reads a Source: who sends, checked once and remembered."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard_server.byte_cache import MIB, ByteCache, declare, size_of
from aboveboard_server.errors import ServiceError
from aboveboard_server.privacy import subjects
from aboveboard_server.privacy.company_keys import Company
from aboveboard_server.schema import rows
from aboveboard_server.schema.erasure import NAMED_BY
from aboveboard_server.schema.validate import validator
from aboveboard_server.storage.ports import SourceRecord, SubjectRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from aboveboard.telemetry.v1.source_pb2 import Source
    from aboveboard_server.privacy.users import Users
    from aboveboard_server.schema.catalog import Catalog, Origin
    from aboveboard_server.schema.rows import Row
    from aboveboard_server.storage.forbidden import Forbidden

# Sources kept as they were read: some 32,000 of the usual size, 8,000 of the largest.
BOUND = declare("sources as they were read", 64 * MIB)
# Bytes of a record that is added to a sender once its user was keyed: its fingerprint, its user and its
# values, most of which the sender holds already.
LATER_BYTES = 640


@dataclass(slots=True)
class Sender:
    """A source as it was read: the digests of every Subject it falls under, the widest first.

    `record` is what is stored of it, None as long as its user was not keyed again.
    """

    subjects: tuple[bytes, ...]
    record: SourceRecord | None
    origin: _Reader
    values: Row


class SourceReader:
    """Turns a Source into what is stored of it; what was read once is found by its bytes."""

    def __init__(self, catalog: Catalog, digest_key: bytes, users: Users, forbidden: Forbidden) -> None:
        self._digest_key = digest_key
        self._users = users
        self._forbidden = forbidden
        self._columns = rows.source_columns(catalog)
        self._origins = {origin.name: _Reader(catalog, origin) for origin in catalog.origins}
        self._cache: ByteCache[bytes, Sender] = ByteCache(BOUND, _size)
        # The epoch of the newest deletion whose Subject was forgotten here.
        self._forgotten = -1

    def read(self, source: Source) -> Sender:
        """Return who sends; ServiceError naming field and rule where it is no source."""
        if self._forbidden.erased_epoch > self._forgotten:
            self._forget_erased()
        # Without a map in it, the same source is the same bytes.
        key = source.SerializeToString()
        sender = self._cache[key]
        if sender is None:
            sender = self._read(source)
            self._cache.remember(key, sender)
        return sender

    async def record(self, sender: Sender) -> SourceRecord | None:
        """Return what is stored of a sender, its company's key made at first sight.

        None where nothing of it may be stored any more: `forbidden` knows why by then.
        """
        names = self._names(sender.origin, sender.values)
        company = Company(names[subjects.COMPANY], sender.subjects)
        user_id = await self._users.rekey(company, names[subjects.USER])
        if user_id is not None:
            sender.record = self._record(sender.origin, sender.values, sender.subjects, user_id)
        return sender.record

    def stored(self, origin: str, values: Row) -> SourceRecord:
        """Return the record of a source that the store holds, from its origin and its values there.

        Its user is known by what is stored of it.
        """
        reader = self._origins[origin]
        names = self._names(reader, values)
        user_id = names.pop(subjects.USER, "")
        digests = tuple(subjects.digests(self._digest_key, names).values())
        if user_id:
            company_id, deployment_id = names[subjects.COMPANY], names[subjects.DEPLOYMENT]
            digests += (subjects.stored_user(self._digest_key, company_id, deployment_id, user_id),)
        return self._record(reader, values, digests)

    async def subject(self, source: Source, kind: str) -> SubjectRecord | None:
        """Return the source's Subject of that kind, None where it holds no such key.

        No key is made for its company: where there is none, the user has no stored name and no stored digest.
        """
        names = self._names(*self._values(source))
        digest = subjects.digests(self._digest_key, names).get(kind)
        if digest is None:
            return None
        named = {key: names[key] for key in NAMED_BY[kind]}
        company_id, deployment_id = named.get(subjects.COMPANY), named.get(subjects.DEPLOYMENT)
        user_id = stored_digest = None
        if company_id and deployment_id and kind == subjects.USER:
            found = await self._users.held(company_id, deployment_id, named[kind])
            user_id, stored_digest = found or (None, None)
        return SubjectRecord(
            kind,
            digest,
            stored_digest=stored_digest,
            company_id=company_id,
            deployment_id=deployment_id,
            server_uuid=named.get(subjects.SERVER),
            user_id=user_id,
        )

    def _read(self, source: Source) -> Sender:
        origin, values = self._values(source)
        names = self._names(origin, values)
        digests = tuple(subjects.digests(self._digest_key, names).values())
        user_id: str | None = names.get(subjects.USER, "")
        if user_id:
            user_id = self._users.known(Company(names[subjects.COMPANY], digests), user_id)
        record = None if user_id is None else self._record(origin, values, digests, user_id)
        return Sender(digests, record, origin, values)

    def _values(self, source: Source) -> tuple[_Reader, Row]:
        arm = source.WhichOneof("origin")
        if arm is None:
            raise ServiceError(reasons.ERROR_REASON_SOURCE_MISSING, "required", field="source")
        origin = self._origins[arm]
        message = getattr(source, arm)
        rejection = origin.validate(message)
        if rejection is not None:
            raise ServiceError(reasons.ERROR_REASON_SOURCE_INVALID, rejection.text, field=rejection.field)
        return origin, origin.make(message)

    def _record(
        self, origin: _Reader, values: Row, digests: tuple[bytes, ...], user_id: str = ""
    ) -> SourceRecord:
        """Return what is stored of a source; a `user_id` takes the place of the one that was sent."""
        if user_id:
            position = self._columns.index(origin.keys[subjects.USER])
            values = (*values[:position], user_id, *values[position + 1 :])
        # Over what is stored, so that one row stands for one source whatever the bytes of the request.
        fingerprint = hashlib.sha256(repr((origin.name, values)).encode()).digest()
        return SourceRecord(origin.name, fingerprint, values, digests)

    def _names(self, origin: _Reader, values: Row) -> dict[str, str]:
        """Return the source's values by the kind of Subject that they key."""
        by_column = dict(zip(self._columns, values, strict=True))
        return {kind: str(by_column[column] or "") for kind, column in origin.keys.items()}

    def _forget_erased(self) -> None:
        """Forget the sources and keys of whoever was deleted since this was last done."""
        erased = self._forbidden.erased_after(self._forgotten)
        if self._forgotten < self._forbidden.floor:
            # The database went back: a company may have another key there, or none.
            self._cache.forget_all()
        self._forgotten = self._forbidden.erased_epoch
        self._users.forget(erased)
        self._cache.forget_where(lambda sender: not erased.isdisjoint(sender.subjects))


def _size(key: bytes, sender: Sender) -> int:
    """Return the bytes that a source takes here, with a record that comes later."""
    return size_of(key, sender) + (LATER_BYTES if sender.record is None else 0)


class _Reader:
    """Checks and reads one kind of source."""

    def __init__(self, catalog: Catalog, origin: Origin) -> None:
        self.name = origin.name
        self.validate = validator(origin.fields, f"source.{origin.name}.")
        self.make: Callable[[object], Row] = rows.source_maker(catalog, origin)
        self.keys = {
            field.policy.subject_key: field.name for field in origin.fields if field.policy.subject_key
        }
