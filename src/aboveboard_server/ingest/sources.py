"""Reads a Source: who sends, checked once and remembered."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard_server.errors import ServiceError
from aboveboard_server.privacy import subjects
from aboveboard_server.schema import rows
from aboveboard_server.schema.erasure import NAMED_BY
from aboveboard_server.schema.validate import validator
from aboveboard_server.storage.ports import SourceRecord, SubjectRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from aboveboard.telemetry.v1.source_pb2 import Source
    from aboveboard_server.schema.catalog import Catalog, Origin
    from aboveboard_server.schema.rows import Row

# Sources kept ready; beyond this all are forgotten and read anew.
CACHED_SOURCES = 100_000


class SourceReader:
    """Turns a Source into its record; what was read once is found by its bytes."""

    def __init__(self, catalog: Catalog, digest_key: bytes) -> None:
        self._digest_key = digest_key
        self._columns = rows.source_columns(catalog)
        self._origins = {origin.name: _Reader(catalog, origin) for origin in catalog.origins}
        self._cache: dict[bytes, SourceRecord] = {}

    def read(self, source: Source) -> SourceRecord:
        """Return the source's record; ServiceError naming field and rule where it is none."""
        # Without a map in it, the same source is the same bytes.
        key = source.SerializeToString()
        record = self._cache.get(key)
        if record is None:
            record = self._read(source)
            if len(self._cache) >= CACHED_SOURCES:
                self._cache.clear()
            self._cache[key] = record
        return record

    def stored(self, origin: str, values: Row) -> SourceRecord:
        """Return the record of a source that the store holds, from its origin and its values there."""
        return self._record(self._origins[origin], values)

    def subject(self, source: Source, kind: str) -> SubjectRecord | None:
        """Return the source's Subject of that kind, None where it holds no such key."""
        names = self._names(*self._values(source))
        digest = subjects.digests(self._digest_key, names).get(kind)
        if digest is None:
            return None
        named = {key: names[key] for key in NAMED_BY[kind]}
        return SubjectRecord(
            kind,
            digest,
            company_id=named.get(subjects.COMPANY),
            deployment_id=named.get(subjects.DEPLOYMENT),
            server_uuid=named.get(subjects.SERVER),
        )

    def _read(self, source: Source) -> SourceRecord:
        return self._record(*self._values(source))

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

    def _record(self, origin: _Reader, values: Row) -> SourceRecord:
        # Over what is stored, so that one row stands for one source whatever the bytes of the request.
        fingerprint = hashlib.sha256(repr((origin.name, values)).encode()).digest()
        return SourceRecord(
            origin=origin.name,
            fingerprint=fingerprint,
            values=values,
            subjects=tuple(subjects.digests(self._digest_key, self._names(origin, values)).values()),
        )

    def _names(self, origin: _Reader, values: Row) -> dict[str, str]:
        """Return the source's values by the kind of Subject that they key."""
        by_column = dict(zip(self._columns, values, strict=True))
        return {kind: str(by_column[column] or "") for kind, column in origin.keys.items()}


class _Reader:
    """Checks and reads one kind of source."""

    def __init__(self, catalog: Catalog, origin: Origin) -> None:
        self.name = origin.name
        self.validate = validator(origin.fields, f"source.{origin.name}.")
        self.make: Callable[[object], Row] = rows.source_maker(catalog, origin)
        self.keys = {
            field.policy.subject_key: field.name for field in origin.fields if field.policy.subject_key
        }
