"""The journal keeps what was acknowledged, tells of every change, and is joined with others of its key."""

from __future__ import annotations

import errno
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support import journal_kills
from tests.support.receipts import flips

from aboveboard_server.errors import StartupError
from aboveboard_server.privacy import journal, journal_lines
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
    assert "".join(journal.export(folder)).encode() == (folder / "journal").read_bytes()


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
    monkeypatch.delitem(journal_lines._KINDS, "KeyRevocation")  # noqa: SLF001  # as an older version has it
    with pytest.raises(JournalError, match="line 3 was written by another version"):
        journal.read(folder)


def test_another_digest_key_is_told(folder: Path) -> None:
    """A journal beside another key, or beside none, says so."""
    journal.append(folder, ENTRIES)
    (folder / "digest.key").write_bytes(b"o" * 32)
    for use in (journal.read, journal.export, lambda folder: journal.append(folder, ENTRIES)):
        with pytest.raises(JournalError, match=r"line.* was made under another digest key"):
            use(folder)
    (folder / "digest.key").unlink()
    with pytest.raises(StartupError, match=r"digest\.key"):
        journal.read(folder)
    assert not (folder / "digest.key").exists()


def test_journals_are_joined(tmp_path: Path, folder: Path) -> None:
    """An import adds what is not there, by time, opt-outs before their revocations; again it adds nothing."""
    other = key_directory(tmp_path / "other")
    early = OptOut("0190a3f2-1111", "SERVER", b"e" * 32, None, "SELF_SERVICE", "", 5)
    hasty = Revocation("0190a3f2-1111", 4)  # by a clock that was set back
    journal.append(folder, ENTRIES[1:])
    journal.append(other, [*ENTRIES, early, early, hasty])
    lines = journal.export(other)
    assert journal.merge(folder, lines) == 3
    assert journal.read(folder) == [*ENTRIES[1:], early, ENTRIES[0], hasty]
    assert journal.merge(folder, lines) == 0
    assert journal.merge(other, journal.export(folder)) == 0
    assert journal.merge(folder, []) == 0
    again = replace(TOMBSTONE, cut_off_at=1)
    journal.append(other, [again])
    assert journal.merge(folder, journal.export(other)) == 1, "the same id says something else: both are kept"
    assert journal.read(folder)[-1] == again


def test_an_import_that_is_not_whole_adds_nothing(tmp_path: Path, folder: Path) -> None:
    """Lines of another key, changed ones and gaps are refused by number; a new folder takes it whole."""
    journal.append(folder, ENTRIES)
    lines = journal.export(folder)
    first, second, third, *_ = lines
    foreign = key_directory(tmp_path / "foreign", b"o" * 32)
    with pytest.raises(JournalError, match="line 1 was made under another digest key"):
        journal.merge(foreign, lines)
    restored = key_directory(tmp_path / "restored")
    for bad, said in [
        ([first, second, third[:-9]], "line 3 is damaged"),
        ([first, "\n", second], "line 2 is damaged"),
        ([second, third], "line 1 is out of place"),
        ([first, second.replace("USER", "RESU"), third], "line 2 is damaged"),
    ]:
        with pytest.raises(JournalError, match=said):
            journal.merge(restored, bad)
    assert journal.read(restored) == journal.read(foreign) == []
    assert journal.merge(restored, lines) == len(ENTRIES)
    assert journal.read(restored) == ENTRIES


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
    kept = {entry.opt_out_id for entry in entries if isinstance(entry, Revocation)}
    assert set(acknowledged) - kept == set(), f"seed {seed}"
    assert len(entries) == len(set(entries)), f"seed {seed}"
