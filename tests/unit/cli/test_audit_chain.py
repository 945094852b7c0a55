"""The audit log's chain is checked by whoever reads it, and no change to it goes unnoticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from aboveboard.admin.v1.audit_pb2 import AuditEntry
from aboveboard_server.cli.audit_chain import entry_hash, faults

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = st.text(max_size=8)


def whole_log(count: int) -> list[AuditEntry]:
    """Return a log as it is answered, the newest first."""
    log: list[AuditEntry] = []
    for number in range(1, count + 1):
        entry = AuditEntry(
            entry_id=number,
            actor="administrator",
            action="CreateOptOut",
            reference=f"T-{number}",
            subject_digest=bytes([number]) * 32,
            previous_hash=log[-1].hash if log else b"",
        )
        entry.recorded_at.FromMicroseconds(1_783_944_000_000_000 + number * 999_999)
        entry.hash = entry_hash(entry)
        log.append(entry)
    return log[::-1]


@given(count=st.integers(0, 6))
def test_a_whole_log_has_no_fault(count: int) -> None:
    """Of no entries, of one, of several."""
    assert list(faults(whole_log(count))) == []


CHANGES: list[Callable[[AuditEntry], None]] = [
    lambda entry: setattr(entry, "actor", entry.actor + "x"),
    lambda entry: setattr(entry, "action", ""),
    lambda entry: setattr(entry, "reference", "T-0"),
    lambda entry: setattr(entry, "details", "d"),
    lambda entry: setattr(entry, "subject_digest", bytes(32)),
    lambda entry: setattr(entry, "previous_hash", bytes(32)),
    lambda entry: setattr(entry, "hash", bytes(32)),
    lambda entry: entry.recorded_at.FromMicroseconds(entry.recorded_at.ToMicroseconds() + 1),
]


@given(count=st.integers(1, 5), data=st.data(), change=st.sampled_from(CHANGES), rehash=st.booleans())
def test_every_change_is_found_at_its_place(
    count: int, data: st.DataObject, *, change: Callable[[AuditEntry], None], rehash: bool
) -> None:
    """A changed entry is named; one that was given the hash it would need is, by the entry behind it."""
    log = whole_log(count)
    place = data.draw(st.integers(0, count - 1))
    original = log[place].hash
    change(log[place])
    if rehash:
        log[place].hash = entry_hash(log[place])
    found = list(faults(log))
    if not rehash:
        assert any(fault.startswith(f"entry {log[place].entry_id}: its hash") for fault in found)
    elif place and log[place].hash != original:
        assert any(fault.startswith(f"entry {log[place - 1].entry_id}: it was not made") for fault in found)


@given(count=st.integers(2, 6), data=st.data())
def test_every_entry_that_is_missing_is_found(count: int, data: st.DataObject) -> None:
    """Any but the newest, of which only its hash, noted before, can tell."""
    log = whole_log(count)
    del log[data.draw(st.integers(1, count - 1))]
    assert len(list(faults(log))) == 1
