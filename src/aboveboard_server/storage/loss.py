"""The query behind the loss estimate, in the SQL that every store understands."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# A day in the unit of time in which SQLite keeps times: µs.
DAY = 86_400_000_000
# Numbers of one instance on one day that lie further apart cannot be right, and one such instance, made up by
# whoever likes, would outweigh all others.
LARGEST_SPAN = 100_000


def loss_statement(tables: Sequence[str], day: str, placeholder: str, *, by_solution: bool) -> str:
    """Return the query; its columns are those of `ports.Loss`.

    `day` is the store's expression for the day an event occurred on. Parameters: for each table the first
    moment and the one after the last, then the solution where it is asked for.
    """
    numbered = " UNION ALL ".join(
        f"SELECT source_id, {day} AS day, sequence FROM {table} WHERE sequence IS NOT NULL"
        f" AND occurred_at_corrected >= {placeholder} AND occurred_at_corrected < {placeholder}"
        for table in tables
    )
    chosen = f" AND solution = {placeholder}" if by_solution else ""
    # An instance may have several sources, as when its user logs in: it counts on all the same.
    return (
        f"WITH numbered AS ({numbered}), instance AS ("
        " SELECT day, COALESCE(solution, '') AS solution,"
        " count(DISTINCT sequence) AS received, max(sequence) - min(sequence) + 1 AS span"
        " FROM numbered JOIN source USING (source_id)"
        # Whoever is being deleted counts no more, however long that takes.
        f" WHERE (instance_id IS NOT NULL OR server_uuid IS NOT NULL) AND deletion_id IS NULL{chosen}"
        " GROUP BY day, COALESCE(solution, ''), company_id, deployment_id, instance_id, server_uuid"
        ") SELECT day, solution,"
        f" {_sum('1')}, {_sum('received')}, {_sum('span - received')},"
        f" sum(CASE WHEN span > {LARGEST_SPAN} THEN 1 ELSE 0 END)"
        " FROM instance GROUP BY day, solution ORDER BY day DESC, solution"
    )


def _sum(value: str) -> str:
    return f"sum(CASE WHEN span <= {LARGEST_SPAN} THEN {value} ELSE 0 END)"
