# ruff: noqa: D401  # a rule's docstring is its message: it says what must hold, not what is done.
"""How long a table's rows live: derived from what each table says of itself, never listed.

The table of an event lives by its retention policy, and `source` by when it last sent. A hand-written table
says in `info["expires"]` what its rows wait for, or in `info["stays"]` why they never go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aboveboard_server.schema.finding import Finding, message_of, rule_name

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from sqlalchemy import MetaData, Table

# Days that an administrator may let events live: a month is released before it goes, and no longer than this.
SHORTEST_DAYS = 45
LONGEST_DAYS = 3_650
# Days that an event waits in the quarantine for a server that knows it.
QUARANTINE_DAYS = 30
# Days that anything may live beyond its limit: the daily sweep, and time to notice that one was missed.
GRACE_DAYS = 7

# What a row waits for: that its time is past, that its Subject was not seen for long and none of its rows
# is left, or that another table's row of its Subject is gone.
AGED = "aged"
UNSEEN = "unseen"
OWNED = "owned"
SOURCE = "source"
RECEIVED_AT = "received_at"
LAST_SEEN_AT = "last_seen_at"


class Expires(NamedTuple):
    """What a table's rows wait for.

    `column` is the time that counts. Without `days` it is the policy of the table's event, or else the
    longest retention that any event has. `owner` is the table whose row keeps this one's.
    """

    rule: str
    column: str = ""
    days: int | None = None
    owner: str = ""


class Expiry(NamedTuple):
    """A table, and what its rows wait for."""

    table: str
    expires: Expires


_ORDER = (AGED, UNSEEN, OWNED)


def expiries(metadata: MetaData, events: Container[str]) -> tuple[Expiry, ...]:
    """Return every table whose rows expire, in the order in which they go: what others wait for comes first.

    `events` are the names of the tables that hold events.
    """
    found = [
        Expiry(table.name, expires)
        for table in metadata.tables.values()
        if (expires := _expires(table, events)) is not None
    ]
    return tuple(
        sorted(found, key=lambda item: (_ORDER.index(item.expires.rule), item.table != SOURCE, item.table))
    )


def unlimited(metadata: MetaData, events: Container[str]) -> list[Finding]:
    """Return every table that does not say how long its rows live."""
    rule = table_has_a_limit
    return [
        Finding("tables", table.name, rule_name(rule), message_of(rule, detail))
        for table in metadata.sorted_tables
        for detail in rule(table, events)
    ]


def table_has_a_limit(table: Table, events: Container[str]) -> Iterator[str]:
    """A table says in info["expires"] when its rows go, or in info["stays"] why they never do."""
    expires, stays = _expires(table, events), table.info.get("stays")
    if expires is None:
        if not stays:
            yield "it says neither"
        elif any(column.info.get("subject_key") for column in table.columns) and not _is_redacted(table):
            yield "it stays, but it names a Subject"
    elif stays:
        yield "it says both"
    elif missing := [name for name in _needed(expires) if name not in table.columns]:
        yield f"it has no column {missing[0]}"


def _is_redacted(table: Table) -> bool:
    """Whether a deletion empties the columns that name a Subject."""
    return table.info.get("subject") == "redacted"


def _expires(table: Table, events: Container[str]) -> Expires | None:
    if table.name in events:
        return Expires(AGED, RECEIVED_AT)
    if table.name == SOURCE:
        return Expires(UNSEEN, LAST_SEEN_AT)
    found: Expires | None = table.info.get("expires")
    return found


def _needed(expires: Expires) -> Iterable[str]:
    return () if expires.rule == OWNED else (expires.column,)
