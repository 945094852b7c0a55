"""Deletions as messages describe them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard.admin.v1 import deletion_pb2 as d
from aboveboard_server.privacy import times
from aboveboard_server.privacy.named import described, kind_number
from aboveboard_server.privacy.opt_outs import ORIGINS
from aboveboard_server.storage.work.deletions import PENDING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from aboveboard_server.storage.privacy_tables import DeletionRow


def deletion_message(row: DeletionRow, lapse: timedelta | None = None) -> d.Deletion:
    """Return a deletion as it stands; `lapse` is how long one may wait."""
    lapses_at = row.created_at + lapse if lapse is not None and row.state == PENDING else None
    return d.Deletion(
        deletion_id=row.deletion_id,
        subject=described(row),
        subject_kind=kind_number(row.subject_kind),
        subject_digest=row.subject_digest,
        reference=row.reference,
        request_id=row.request_id or "",
        origin=ORIGINS[row.origin],
        state=d.Deletion.State.Value(f"STATE_{row.state}"),
        also_opt_out=row.also_opt_out,
        cut_off_at=times.timestamp(row.cut_off_at),
        created_at=times.timestamp(row.created_at),
        confirmed_at=times.timestamp(row.confirmed_at),
        erased_at=times.timestamp(row.erased_at),
        scrubbed_at=times.timestamp(row.scrubbed_at),
        table_counts=table_counts(row.removed),
        receipt=d.Receipt.FromString(row.receipt) if row.receipt else None,
        rejection_reason=row.rejection_reason,
        ended_at=times.timestamp(row.ended_at),
        known=row.known,
        lapses_at=times.timestamp(lapses_at),
    )


def table_counts(removed: Mapping[str, int]) -> list[d.TableCount]:
    """Return counts of rows by table, in order of the tables' names."""
    return [d.TableCount(table=table, rows=rows) for table, rows in sorted(removed.items())]
