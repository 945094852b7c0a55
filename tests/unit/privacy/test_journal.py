"""The journal keeps what was acknowledged, tells of every change, and is joined with others of its key."""

from __future__ import annotations

import errno
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from tests.support import journal_kills
from tests.support.receipts import flips

from aboveboard_server.errors import StartupError
from aboveboard_server.privacy import journal, journal_codec, journal_transfer
from aboveboard_server.privacy.journal_lines import (
    Entry,
    JournalError,
    KeyRevocation,
    OptOut,
    Revocation,
    Tombstone,
)

TOMBSTONE = Tombstone(
    "0190a3f2-7c1e-7d3a-9b52-3f6f2f1c8a10", "COMPANY", b"c" * 32, None, 1_789_000_000_000_000
)
ENTRIES: list[Entry] = [
    TOMBSTONE,
    OptOut(
        "0190a3f2-0000", "USER", b"u" * 32, b"s" * 32, "ADMINISTRATOR", 'Ticket\n"é"', 1_789_000_000_000_001
    ),
    KeyRevocation("0190a3f2-2222", b"d" * 32, 1_789_000_000_000_002),
    Revocation("0190a3f2-0000", 1_789_000_000_000_002),
]


def key_directory(folder: Path, key: bytes = b"k" * 32) -> Path:
    folder.mkdir()
    (folder / "digest.key").write_bytes(key)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return key_directory(tmp_path / "keys")


def test_what_was_appended_is_read(folder: Path) -> None:
    """Entries come back as they were, in their order; the file is private, and one line each."""
    assert journal.read(folder) == []
    journal.append(folder, ENTRIES[:1])
    journal.append(folder, [])
    journal.append(folder, ENTRIES[1:])
    assert journal.read(folder) == ENTRIES
    assert (folder / "journal").stat().st_mode & 0o777 == 0o600
    assert (folder / "journal").read_bytes().count(b"\n") == len(ENTRIES)
    *lines, _ = journal_transfer.export(folder)
    assert b"".join(lines) == (folder / "journal").read_bytes()


def test_no_append_returns_before_it_is_on_the_disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is synced after it was written, at its creation its folder too; one write each."""
    calls: list[str] = []
    write, sync = os.write, os.fsync

    def written(descriptor: int, content: bytes) -> int:
        calls.append("write")
        return write(descriptor, content)

    def synced(descriptor: int) -> None:
        calls.append(f"sync {Path(f'/proc/self/fd/{descriptor}').readlink().name}")
        sync(descriptor)

    monkeypatch.setattr(os, "write", written)
    monkeypatch.setattr(os, "fsync", synced)
    journal.append(folder, ENTRIES)
    assert calls == ["write", "sync journal", "sync keys"]
    journal.append(folder, ENTRIES)
    assert calls[3:] == ["write", "sync journal"]


def test_a_torn_end_was_never_acknowledged(folder: Path) -> None:
    """Wherever the last append was cut off, what was there before is read, and appends go on after it."""
    journal.append(folder, ENTRIES[:1])
    before = (folder / "journal").read_bytes()
    journal.append(folder, ENTRIES[1:])
    after = (folder / "journal").read_bytes()
    for cut in range(len(before), len(after)):
        (folder / "journal").write_bytes(after[:cut])
        kept = journal.read(folder)
        assert kept == ENTRIES[: after[:cut].count(b"\n")]
        if cut % 32 == 0:
            journal.append(folder, ENTRIES[:1])
            assert journal.read(folder) == [*kept, ENTRIES[0]]
    (folder / "journal").write_bytes(before + bytes(5_000))
    assert journal.read(folder) == ENTRIES[:1]


def test_a_full_disk_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An append of which only a part could be written fails, and the next one takes its place."""
    journal.append(folder, ENTRIES[:1])
    with monkeypatch.context() as patch:
        write = os.write
        patch.setattr(os, "write", lambda descriptor, content: write(descriptor, content[:100]))
        with pytest.raises(OSError, match="space") as raised:
            journal.append(folder, ENTRIES[1:2])
    assert raised.value.errno == errno.ENOSPC
    journal.append(folder, ENTRIES[2:])
    assert journal.read(folder) == [ENTRIES[0], *ENTRIES[2:]]


def test_every_flipped_bit_is_found(folder: Path) -> None:
    """No bit of an acknowledged line can change unnoticed; nothing is appended behind a damaged end."""
    journal.append(folder, ENTRIES)
    whole = (folder / "journal").read_bytes()
    last_line = whole.rindex(b"\n", 0, -1) + 1
    with (folder / "journal").open("r+b", buffering=0) as file:
        for place, changed in flips(whole):
            os.pwrite(file.fileno(), changed[place : place + 1], place)
            line = whole[:place].count(b"\n") + 1
            said = (
                rf"line {line} (is damaged|was made)"
                if place < len(whole) - 1
                else "the last line is damaged"
            )
            with pytest.raises(JournalError, match=said):
                journal.read(folder)
            if place >= last_line:
                with pytest.raises(JournalError, match="the last line"):
                    journal.append(folder, ENTRIES)
            os.pwrite(file.fileno(), whole[place : place + 1], place)
    assert journal.read(folder) == ENTRIES


def test_a_line_out_of_its_place_is_found(folder: Path) -> None:
    """A line that was taken away, doubled or moved is named; one that is too long, or no line, is refused."""
    journal.append(folder, ENTRIES)
    first, second, third, *_ = (folder / "journal").read_bytes().splitlines(keepends=True)
    for lines, place in [
        ([first, third], 2),
        ([second, third], 1),
        ([first, second, second, third], 3),
        ([first, third, second], 2),
    ]:
        (folder / "journal").write_bytes(b"".join(lines))
        with pytest.raises(JournalError, match=f"line {place} is out of place"):
            journal.read(folder)
    (folder / "journal").write_bytes(first + b"x" * 70_000)
    with pytest.raises(JournalError, match="its end is no line"):
        journal.append(folder, ENTRIES)


def test_what_a_newer_version_wrote_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry of a kind that nobody here knows is whole, and refused: it may forbid something."""
    journal.append(folder, ENTRIES)
    monkeypatch.delitem(journal_codec._KINDS, "KeyRevocation")  # noqa: SLF001  # as an older version has it
    with pytest.raises(JournalError, match="line 3 was written by another version"):
        journal.read(folder)


def test_another_digest_key_is_told(folder: Path) -> None:
    """A journal beside another key, or beside none, says so."""
    journal.append(folder, ENTRIES)
    (folder / "digest.key").write_bytes(b"o" * 32)
    for use in (
        journal.read,
        lambda folder: list(journal_transfer.export(folder)),
        lambda folder: journal.append(folder, ENTRIES),
    ):
        with pytest.raises(JournalError, match=r"line.* was made under another digest key"):
            use(folder)
    (folder / "digest.key").unlink()
    with pytest.raises(StartupError, match=r"digest\.key"):
        journal.read(folder)
    assert not (folder / "digest.key").exists()


def test_journals_are_joined(tmp_path: Path, folder: Path) -> None:
    """An import adds the entries whose ids are not there, and no other; again it adds nothing."""
    other = key_directory(tmp_path / "other")
    journal.append(folder, ENTRIES[1:])
    assert journal_transfer.merge(other, journal_transfer.export(folder)) == (3, 3, True)
    early = OptOut("0190a3f2-1111", "SERVER", b"e" * 32, None, "SELF_SERVICE", "", 5)
    again = replace(TOMBSTONE, cut_off_at=1)
    journal.append(other, [early, TOMBSTONE, again])
    journal.append(folder, ENTRIES[:1])
    lines = list(journal_transfer.export(other))
    assert journal_transfer.merge(folder, lines) == (3, 6, True), "the same said twice are two entries"
    assert journal.read(folder) == [*ENTRIES[1:], TOMBSTONE, early, TOMBSTONE, again]
    assert journal_transfer.merge(folder, lines) == (0, 6, True)
    assert journal_transfer.merge(other, journal_transfer.export(folder)) == (1, 7, True)
    assert sorted(map(repr, journal.read(other))) == sorted(map(repr, journal.read(folder)))
    ids = [line.entry_id for line in journal.stream(other)]
    assert len(set(ids)) == len(ids)


def test_an_import_that_is_not_whole_adds_nothing(tmp_path: Path, folder: Path) -> None:
    """Lines of another key, changed ones and gaps are refused by number; a new folder takes it whole."""
    journal.append(folder, ENTRIES)
    lines = list(journal_transfer.export(folder))
    first, second, third, *_, closing = lines
    foreign = key_directory(tmp_path / "foreign", b"o" * 32)
    with pytest.raises(JournalError, match="line 1 was made under another digest key"):
        journal_transfer.merge(foreign, lines)
    restored = key_directory(tmp_path / "restored")
    for bad, said in [
        ([first, second, third[:-9]], "line 3 is damaged"),
        ([first, b"\n", second], "line 2 is damaged"),
        ([second, third], "line 1 is out of place"),
        ([first, second.replace(b"USER", b"RESU"), third], "line 2 is damaged"),
        ([first, second, closing], "line 3 closes another export"),
        ([*lines, first], "line 6 stands behind the closing line"),
        ([*lines[:-1], closing.replace(b"4", b"3")], "line 5 is damaged"),
    ]:
        with pytest.raises(JournalError, match=said):
            journal_transfer.merge(restored, bad)
    for cut in range(len(lines)):
        with pytest.raises(JournalError, match="the closing line is missing"):
            journal_transfer.merge(restored, lines[:cut])
    assert journal.read(restored) == journal.read(foreign) == []
    assert journal_transfer.merge(restored, lines) == (4, 4, True)
    assert journal.read(restored) == ENTRIES
    assert journal_transfer.merge(key_directory(tmp_path / "another"), lines[:2], unclosed=True) == (
        2,
        2,
        False,
    )


# As the version before ids has written them.
OLD_LINES: list[dict[str, object]] = [
    {
        "entry": "Tombstone",
        "deletion_id": "0190a3f2-7c1e",
        "subject_kind": "COMPANY",
        "subject_digest": "6363",
        "stored_digest": None,
        "cut_off_at": 5,
    },
    {
        "entry": "OptOut",
        "opt_out_id": "0190a3f2-0000",
        "subject_kind": "USER",
        "subject_digest": "7575",
        "stored_digest": "7373",
        "origin": "ADMINISTRATOR",
        "reference": "T-1 é",
        "created_at": 6,
    },
]


def old_lines(key: bytes = b"k" * 32) -> list[bytes]:
    """Return lines of version 1, each with its newline."""
    head = {"version": 1, "digest_key": journal_codec.key_name(key)}
    return [
        journal_codec.sealed(key, head | {"sequence": place} | said)
        for place, said in enumerate(OLD_LINES, 1)
    ]


def test_lines_of_version_1_are_read(tmp_path: Path, folder: Path) -> None:
    """A journal that an earlier version has written goes on; two files that hold a line hold it once."""
    expected: list[Entry] = [
        Tombstone("0190a3f2-7c1e", "COMPANY", b"cc", None, 5),
        OptOut("0190a3f2-0000", "USER", b"uu", b"ss", "ADMINISTRATOR", "T-1 \u00e9", 6, None),
    ]
    (folder / "journal").write_bytes(b"".join(old_lines()))
    assert journal.read(folder) == expected
    journal.append(folder, ENTRIES[:1])
    assert journal.read(folder) == [*expected, ENTRIES[0]]
    other = key_directory(tmp_path / "other")
    assert journal_transfer.merge(other, old_lines()[:1]) == (1, 1, False), "old exports were not closed"
    assert journal_transfer.merge(other, journal_transfer.export(folder)) == (2, 3, True)
    assert journal_transfer.merge(folder, journal_transfer.export(other)) == (0, 3, True)
    assert {line.entry_id for line in journal.stream(folder)} == {
        line.entry_id for line in journal.stream(other)
    }
    assert all(UUID(line.entry_id).version == 4 for line in journal.stream(folder))


# After each kill all that those before it have left is read: thrice as many would take nine times as long.
@pytest.mark.parametrize("kills", [20, pytest.param(100, marks=pytest.mark.fault)])
def test_nothing_acknowledged_is_lost_to_kills(folder: Path, kills: int) -> None:
    """Of writers killed at any moment, several at once, no answered entry is lost; the file is readable."""
    seed = random.randrange(1 << 32)
    script = journal_kills.__file__
    done = subprocess.run(
        [sys.executable, script, folder, str(kills), str(seed)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    acknowledged = done.stdout.split()
    assert len(acknowledged) >= kills
    entries = journal.read(folder)
    kept = {entry.key_id for entry in entries if isinstance(entry, KeyRevocation)}
    assert set(acknowledged) - kept == set(), f"seed {seed}"
    assert len(entries) == len(set(entries)), f"seed {seed}"
