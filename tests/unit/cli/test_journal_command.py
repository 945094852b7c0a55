"""`aboveboard journal` moves the journal from one key directory to another, without a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typer.testing import CliRunner

from aboveboard_server.cli.app import app
from aboveboard_server.privacy import journal, journal_transfer
from aboveboard_server.privacy.journal_lines import Entry, Revocation, Tombstone

if TYPE_CHECKING:
    from pathlib import Path

ENTRIES: list[Entry] = [Tombstone("a", "SERVER", b"s" * 32, None, 1), Revocation("b", 2)]


def run(*arguments: str | Path) -> tuple[int, str, str]:
    """Return exit code, standard output and standard error."""
    result = CliRunner().invoke(app, ["journal", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout, result.stderr


def key_directory(folder: Path, key: bytes) -> Path:
    folder.mkdir()
    (folder / "digest.key").write_bytes(key)
    return folder


def test_a_journal_is_moved(tmp_path: Path) -> None:
    """What one key directory exports, another one of the same key imports, once."""
    old, new = (key_directory(tmp_path / name, b"k" * 32) for name in ("old", "new"))
    journal.append(old, ENTRIES)
    file = tmp_path / "journal.jsonl"
    assert run("export", "--key-dir", old, "-o", file) == (0, "", "2 exported.\n")
    assert file.stat().st_mode & 0o777 == 0o600
    assert run("export", "--key-dir", old) == (0, file.read_text(), "")
    for added in (2, 0):
        code, said, _ = run("import", "--key-dir", new, file)
        assert (code, said) == (0, f"{added} added of 2; the server applies them at its next start.\n")
    assert journal.read(new) == ENTRIES


def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    """Another key, a changed line, a folder without a key, a file that cannot be written: each is told."""
    old = key_directory(tmp_path / "old", b"k" * 32)
    new = key_directory(tmp_path / "new", b"o" * 32)
    journal.append(old, ENTRIES)
    file, text = tmp_path / "journal.jsonl", b"".join(journal_transfer.export(old)).decode()
    file.write_text(text)
    (tmp_path / "empty").mkdir()
    for arguments, said in [
        (("import", "--key-dir", new, file), "line 1 was made under another digest key"),
        (("export", "--key-dir", tmp_path / "empty"), f"{tmp_path}/empty/digest.key"),
        (("export", "--key-dir", old, "-o", tmp_path / "no" / "such"), f"{tmp_path}/no/such"),
    ]:
        code, shown, error = run(*arguments)
        assert (code, shown) == (1, "")
        assert said in error
        assert error.count("\n") == 1
    file.write_text(text.replace("SERVER", "COMPANY"))
    assert "line 1 is damaged" in run("import", "--key-dir", old, file)[2]
    file.write_bytes(b"\xff\n")
    assert "line 1 is damaged" in run("import", "--key-dir", old, file)[2]
    assert journal.read(new) == []


def test_an_export_is_whole_or_not_there(tmp_path: Path) -> None:
    """Where the journal turns out damaged, the export of before stays, and nothing is left beside it."""
    old = key_directory(tmp_path / "old", b"k" * 32)
    journal.append(old, ENTRIES)
    file = tmp_path / "backups" / "journal.jsonl"
    file.parent.mkdir()
    assert run("export", "--key-dir", old, "-o", file)[0] == 0
    before = file.read_bytes()
    damaged = (old / "journal").read_bytes().replace(b"SERVER", b"REVRES")
    (old / "journal").write_bytes(damaged)
    code, _, error = run("export", "--key-dir", old, "-o", file)
    assert (code, error) == (1, "aboveboard: line 1 is damaged: its checksum is not right\n")
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_a_cut_export_is_refused(tmp_path: Path) -> None:
    """After whichever line it was cut; said aloud, a file without its closing line is taken."""
    old, new = (key_directory(tmp_path / name, b"k" * 32) for name in ("old", "new"))
    journal.append(old, ENTRIES)
    file = tmp_path / "journal.jsonl"
    *lines, _ = journal_transfer.export(old)
    for count in range(len(lines) + 1):
        file.write_bytes(b"".join(lines[:count]))
        code, _, error = run("import", "--key-dir", new, file)
        assert code == 1
        assert "the closing line is missing" in error
    assert not (new / "journal").exists()
    code, said, error = run("import", "--key-dir", new, "--unclosed", file)
    assert (code, said) == (0, "2 added of 2; the server applies them at its next start.\n")
    assert "warning" in error
    assert journal.read(new) == ENTRIES
