"""Compaction: only what has lapsed goes, nothing that is appended meanwhile does, and no kill breaks it."""

from __future__ import annotations

import fcntl
import os
import random
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, get_args

import pytest
from tests.support import compaction_kills, journal_kills

from aboveboard_server.privacy import (
    journal,
    journal_compaction,
    journal_draft,
    journal_lapse,
    journal_transfer,
)
from aboveboard_server.privacy.journal_compaction import compact
from aboveboard_server.privacy.journal_lapse import (
    PAIR,
    REJECTION,
    SELF_SERVICE_PAIR,
    TOMBSTONE,
    Lapse,
)
from aboveboard_server.privacy.journal_lines import (
    Begun,
    ClockMark,
    Entry,
    KeyRevocation,
    OptOut,
    Rejection,
    ReleaseCell,
    ReleaseCommit,
    Revocation,
    Tombstone,
)
from aboveboard_server.settings import MAX_LAPSE_DAYS
from aboveboard_server.storage.columns import MICROSECOND
from aboveboard_server.storage.ports import ADMINISTRATOR, SELF_SERVICE

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_789_000_000_000_000
SECOND = 1_000_000


def ago(time: timedelta) -> int:
    return NOW - time // MICROSECOND


def opt_out(name: str, origin: str, created_at: int = 1) -> OptOut:
    return OptOut(name, "SERVER", b"s" * 32, None, origin, "", created_at)


def own_pair(name: str, revoked_at: int, held: timedelta) -> list[Entry]:
    """Return what a source writes that refuses, and lifts that after some time."""
    return [opt_out(name, SELF_SERVICE, revoked_at - held // MICROSECOND), Revocation(name, revoked_at)]


def tombstone(name: str, cut_off_at: int | None) -> Tombstone:
    return Tombstone(name, "SERVER", b"s" * 32, None, cut_off_at)


def cell(release_id: str) -> ReleaseCell:
    return ReleaseCell(release_id, "ping", "", "erp", 120, 1.25, 12, 0.5)


def commit(release_id: str, month: str = "2026-11") -> ReleaseCommit:
    return ReleaseCommit(release_id, month, 1, 1.0, "{}", 5)


SOON = SELF_SERVICE_PAIR
# Less than a backup needs to be likely to find it.
MOMENT = SELF_SERVICE_PAIR - MICROSECOND


# What a journal holds, and what of it stays.
RULES: dict[str, tuple[list[Entry], list[Entry]]] = {
    "a tombstone stays as long as any event may": (
        [tombstone("old", ago(TOMBSTONE) - 1), tombstone("new", ago(TOMBSTONE))],
        [tombstone("new", ago(TOMBSTONE))],
    ),
    "one without a cut-off stays until it has one": (
        [tombstone("a", None), tombstone("b", None), tombstone("b", NOW)],
        [tombstone("a", None), tombstone("b", NOW)],
    ),
    "an opt-out in force stays": ([opt_out("a", SELF_SERVICE)], [opt_out("a", SELF_SERVICE)]),
    "a source's own pair goes soon where it held for a moment": (
        [
            *own_pair("a", ago(SOON) - 1, MOMENT),
            *own_pair("b", ago(SOON), MOMENT),
            *own_pair("c", ago(SOON) - 1, timedelta()),
        ],
        own_pair("b", ago(SOON), MOMENT),
    ),
    "a source's own pair goes late where a backup may hold it in force": (
        [
            *own_pair("a", ago(SOON) - 1, SELF_SERVICE_PAIR),
            *own_pair("b", ago(PAIR), SELF_SERVICE_PAIR),
            *own_pair("c", ago(PAIR) - 1, SELF_SERVICE_PAIR),
            # The clock was set back meanwhile: nobody knows for how long it held.
            *own_pair("d", ago(SOON) - 1, -SELF_SERVICE_PAIR),
        ],
        [
            *own_pair("a", ago(SOON) - 1, SELF_SERVICE_PAIR),
            *own_pair("b", ago(PAIR), SELF_SERVICE_PAIR),
            *own_pair("d", ago(SOON) - 1, -SELF_SERVICE_PAIR),
        ],
    ),
    "a source's own pair goes whichever of its entries is read first": (
        [
            *reversed(own_pair("a", ago(SOON) - 1, SELF_SERVICE_PAIR)),
            *reversed(own_pair("b", ago(SOON) - 1, MOMENT)),
        ],
        # The revocation goes late: what it lifts may stand in another file.
        [
            *reversed(own_pair("a", ago(SOON) - 1, SELF_SERVICE_PAIR)),
            Revocation("b", ago(SOON) - 1),
        ],
    ),
    "an administrator's pair goes late": (
        [
            opt_out("a", ADMINISTRATOR),
            Revocation("a", ago(PAIR) - 1),
            opt_out("b", ADMINISTRATOR),
            Revocation("b", ago(PAIR)),
        ],
        [opt_out("b", ADMINISTRATOR), Revocation("b", ago(PAIR))],
    ),
    "an opt-out that is told of again goes with its pair": (
        [opt_out("a", SELF_SERVICE), Revocation("a", 1), opt_out("a", SELF_SERVICE)],
        [],
    ),
    "a revocation without its opt-out goes late": (
        [Revocation("a", ago(PAIR) - 1), Revocation("b", ago(SELF_SERVICE_PAIR) - 1)],
        [Revocation("b", ago(SELF_SERVICE_PAIR) - 1)],
    ),
    "a rejection goes once no backup holds it waiting": (
        [Rejection("a", ago(REJECTION) - 1), Rejection("b", ago(REJECTION))],
        [Rejection("b", ago(REJECTION))],
    ),
    "the newest clock mark stays": (
        [ClockMark(1), ClockMark(9), ClockMark(5), ClockMark(9)],
        [ClockMark(9)],
    ),
    "the clock mark of the latest acceptance stays": (
        [ClockMark(1), ClockMark(5, 1), ClockMark(4, 1), ClockMark(9)],
        [ClockMark(5, 1)],
    ),
    "of a cut-off that was set back the latest acceptance stays": (
        [
            tombstone("a", NOW + SECOND),
            replace(tombstone("a", ago(TOMBSTONE)), acceptance=1),
            tombstone("b", None),
        ],
        [replace(tombstone("a", ago(TOMBSTONE)), acceptance=1), tombstone("b", None)],
    ),
    "revoked keys stay": (
        [KeyRevocation("a", b"d", 1), KeyRevocation("a", b"d", 2), KeyRevocation("b", b"d", 1)],
        [KeyRevocation("a", b"d", 1), KeyRevocation("b", b"d", 1)],
    ),
    "of a month the first whole release stays": (
        [cell("torn"), commit("empty"), cell("a"), commit("a"), cell("b"), commit("b")],
        [cell("a"), commit("a")],
    ),
    "that it was begun is told once": ([Begun(2)], []),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    folder.mkdir()
    (folder / "digest.key").write_bytes(b"k" * 32)
    journal.append(folder, [Begun(1)])
    return folder


def read(folder: Path) -> list[Entry]:
    """Return what a journal holds beside its beginning."""
    begun, *entries = journal.read(folder)
    assert begun == Begun(1)
    return entries


def test_every_kind_has_a_rule() -> None:
    """No kind of entry is without one."""
    told = {type(entry) for before, _ in RULES.values() for entry in before}
    assert told == set(Lapse(NOW)._rules)  # noqa: SLF001  # what is decided by
    assert told == set(get_args(Entry))


@pytest.mark.parametrize("rule", RULES)
def test_what_has_lapsed_goes(folder: Path, rule: str) -> None:
    """Once it is most of the journal; what stays keeps its id and its order, and is merged as before."""
    before, after = RULES[rule]
    journal.append(folder, before)
    lines = {line.entry_id: line.entry for line in journal.stream(folder)}
    chaff: list[Entry] = [tombstone(str(number), 1) for number in range(len(before) + 1)]
    journal.append(folder, chaff)
    exported = list(journal_transfer.export(folder))
    assert compact(folder, NOW, least_bytes=0) == (2 * len(before) + 2, len(after) + 1)
    assert read(folder) == after
    assert all(lines[line.entry_id] == line.entry for line in journal.stream(folder))
    journal.append(folder, before[:1])
    assert read(folder) == [*after, before[0]]
    assert journal_transfer.merge(folder, exported).added == 2 * len(before) + 1 - len(after)
    assert sorted(path.name for path in folder.iterdir()) == ["digest.key", "journal"]


def test_a_flood_of_pairs_that_held_long_keeps_no_more_than_the_newest(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody may hold refusals for an hour before it lifts them: of such pairs a number is kept."""
    monkeypatch.setattr(journal_lapse, "MOST_OWN_PAIRS", 3)
    times = [ago(SOON) - 1 - minute for minute in (5, 1, 9, 2, 7, 8, 3, 4)]
    pairs = [own_pair(str(time), time, SELF_SERVICE_PAIR) for time in times]
    administrator: list[Entry] = [opt_out("a", ADMINISTRATOR), Revocation("a", ago(PAIR))]
    journal.append(folder, [entry for pair in pairs for entry in pair] + administrator)
    assert compact(folder, NOW, least_bytes=0) == (19, 9)
    newest = sorted(times)[-3:]
    kept = [pair for time, pair in zip(times, pairs, strict=True) if time in newest]
    assert read(folder) == [entry for pair in kept for entry in pair] + administrator


def test_a_journal_most_of_which_holds_stays_as_it_is(folder: Path) -> None:
    """As does a small one."""
    journal.append(folder, [tombstone("a", 1), tombstone("b", NOW)])
    content = (folder / "journal").read_bytes()
    assert compact(folder, NOW) is None
    journal.append(folder, [tombstone("c", NOW)])
    assert compact(folder, NOW, least_bytes=0) is None
    assert (folder / "journal").read_bytes().startswith(content)
    assert sorted(path.name for path in folder.iterdir()) == ["digest.key", "journal"]


def test_what_comes_meanwhile_is_taken_over(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is appended while a journal is written anew stands in the new one."""
    journal.append(folder, [tombstone("a", 1), tombstone("b", 1), tombstone("c", NOW)])
    keeps = Lapse.keeps

    def late(self: Lapse, entry: Entry) -> bool:
        journal.append(folder, [KeyRevocation(str(entry), b"d", 1)])
        return keeps(self, entry)

    monkeypatch.setattr(Lapse, "keeps", late)
    assert compact(folder, NOW, least_bytes=0) == (4, 2)
    found = read(folder)
    assert found[0] == tombstone("c", NOW)
    assert [type(entry) for entry in found[1:]] == [KeyRevocation] * 4


def test_who_opened_the_old_file_writes_to_the_new_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between opening the journal and having its lock another process may have put a new one there."""
    journal.append(folder, [tombstone("a", 1), tombstone("b", 1)])
    lock = fcntl.flock
    before: list[Any] = [lambda: compact(folder, NOW, least_bytes=0)]

    def late(descriptor: int, operation: int) -> None:
        if before:
            assert before.pop()() == (3, 1)
        lock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    journal.append(folder, [KeyRevocation("k", b"d", 1)])
    assert read(folder) == [KeyRevocation("k", b"d", 1)]


def test_two_do_not_compact_at_once(folder: Path) -> None:
    """The second one leaves it to the first."""
    journal.append(folder, [tombstone("a", 1), tombstone("b", 1)])
    with journal_draft.drafted(folder, b"k" * 32) as draft:
        assert draft is not None
        assert compact(folder, NOW, least_bytes=0) is None
    assert compact(folder, NOW, least_bytes=0) == (3, 1)


def test_a_full_disk_leaves_the_old_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing beside it."""
    journal.append(folder, [tombstone("a", 1), tombstone("b", 1), tombstone("c", NOW)])
    before = read(folder)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda _descriptor, _content: 0)
        with pytest.raises(OSError, match="space"):
            compact(folder, NOW, least_bytes=0)
    assert read(folder) == before
    assert sorted(path.name for path in folder.iterdir()) == ["digest.key", "journal"]


def test_a_kill_at_any_step_leaves_the_old_one_or_the_new_one(folder: Path) -> None:
    """Killed before each call that touches a file, in turn; the next compaction ends what was begun."""
    before: list[Entry] = [tombstone(str(number), 1) for number in range(9)]
    before += [tombstone("c", NOW), KeyRevocation("k", b"d", 1)]
    done, step = False, 0
    while not done:
        (folder / "journal").unlink(missing_ok=True)
        journal.append(folder, [Begun(1), *before])
        done = compaction_kills.killed_at(folder, NOW, step)
        found = read(folder)
        assert found in (before, before[9:]), f"step {step}"
        journal.append(folder, [KeyRevocation("later", b"d", 1)])
        assert read(folder) == [*found, KeyRevocation("later", b"d", 1)]
        compact(folder, NOW, least_bytes=0)
        assert read(folder) == [*before[9:], KeyRevocation("later", b"d", 1)]
        step += 1
    assert step > 10


@pytest.mark.parametrize("kills", [10, pytest.param(60, marks=pytest.mark.fault)])
def test_nothing_acknowledged_is_lost_to_compaction(folder: Path, kills: int) -> None:
    """Writers and one that compacts, killed at any moment: no answered entry is lost."""
    seed = random.randrange(1 << 32)
    command = [sys.executable, journal_kills.__file__, str(folder), str(kills), str(seed), str(NOW)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    acknowledged = done.stdout.split()
    assert len(acknowledged) >= kills
    entries = read(folder)
    kept = {entry.key_id for entry in entries if isinstance(entry, KeyRevocation)}
    assert set(acknowledged) - kept == set(), f"seed {seed}"
    # Of what was written most has lapsed: that much is left only where it was no longer most.
    compact(folder, NOW, least_bytes=0)
    left = read(folder)
    assert 2 * sum(isinstance(entry, Tombstone) for entry in left) <= len(left) + 1


def test_it_is_a_program(folder: Path) -> None:
    """The server runs it as a process of its own."""
    journal.append(folder, [tombstone(str(number), 1) for number in range(3_000)])
    command = [sys.executable, "-m", journal_compaction.__name__, str(folder), str(NOW)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "3001 1\n"
    assert read(folder) == []
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == ""


def test_one_that_was_never_begun_is(folder: Path) -> None:
    """A journal of an earlier version, all of which has lapsed, is not one that was lost."""
    (folder / "journal").unlink()
    journal.append(folder, [tombstone("a", 1)])
    assert compact(folder, NOW, least_bytes=0) is None
    journal.append(folder, [tombstone("b", 1), tombstone("c", 1)])
    assert compact(folder, NOW, least_bytes=0) == (3, 1)
    assert journal.read(folder) == [Begun(NOW)]
    assert journal.has_entries(folder)


def test_a_rejection_outlives_every_wait_that_a_setting_allows() -> None:
    # A backup of the day of the rejection, restored before that deletion lapses, would let it wait again.
    assert timedelta(days=MAX_LAPSE_DAYS) < REJECTION
