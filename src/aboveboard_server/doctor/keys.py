# ruff: noqa: D401  # a check's docstring is its title: it says what should hold, not what is done.
"""Are keys and journal there, whole, nobody else's to read, and those of this database."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sqlmodel import select

from aboveboard_server.doctor.finding import ok, problem, warning
from aboveboard_server.privacy import journal
from aboveboard_server.privacy.journal_lines import KeyRevocation, OptOut, Tombstone
from aboveboard_server.privacy.keys import fingerprints
from aboveboard_server.storage.tables import KeyFingerprintRow
from aboveboard_server.storage.work import access_keys, deletions, opt_outs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aboveboard_server.doctor.finding import Finding, Host

RESTORE = "put it back from the backup: a lost key cannot be made again"


def keys_are_private(host: Host) -> Iterator[Finding]:
    """Key directory, keys and journal belong to the server's user, and nobody else may read them."""
    folder = host.settings.key_dir
    if not folder.is_dir():
        yield ok(f"{folder} is not there yet: it is made at the first start")
        return
    # What is published may be read by all.
    secret = [folder, *(path for path in folder.iterdir() if path.suffix != ".pub")]
    open_to_others = [path for path in secret if path.stat().st_mode & 0o077]
    for path in open_to_others:
        yield problem(
            f"{path} is open to others (mode {path.stat().st_mode & 0o777:04o})",
            f"run: chmod {'700' if path.is_dir() else '600'} {path}",
        )
    foreign = [path for path in secret if path.stat().st_uid != os.geteuid()]
    if foreign:
        yield warning(
            f"{foreign[0]} belongs to another user than the one who asks (uid {foreign[0].stat().st_uid})",
            "run this as the user that the server runs as, or give it to that user: chown -R",
        )
    if not open_to_others and not foreign:
        yield ok(f"{folder}: {len(secret) - 1} files")


def keys_are_whole(host: Host) -> Iterator[Finding]:
    """Every key file can be read and is as long as a key is."""
    if host.settings.key_dir.is_dir():
        yield ok(", ".join(fingerprints(host.settings.key_dir)) or "there is none yet")


def journal_can_be_read(host: Host) -> Iterator[Finding]:
    """Every line of the deletion journal is as it was written."""
    if _has_journal(host.settings.key_dir):
        yield ok(f"{len(journal.read(host.settings.key_dir))} entries")


def keys_are_those_of_the_database(host: Host) -> Iterator[Finding]:
    """The keys are those that the database belongs to."""
    with host.session() as session:
        pinned = {row.name: row.fingerprint for row in session.exec(select(KeyFingerprintRow))}
    folder = host.settings.key_dir
    found = fingerprints(folder) if folder.is_dir() else {}
    for name, fingerprint in pinned.items():
        if name not in found:
            yield problem(f"the {name} key is not in {folder}", RESTORE)
        elif found[name] != fingerprint:
            yield problem(
                f"the {name} key in {folder} is another database's", "give the right directory with --key-dir"
            )
    if pinned.items() <= found.items():
        yield ok(f"{len(pinned)} of {len(pinned)}" if pinned else "the database has none yet")


def journal_is_that_of_the_database(host: Host) -> Iterator[Finding]:
    """The journal knows every deletion and opt-out of the database, and the database all of the journal."""
    folder = host.settings.key_dir
    entries = journal.read(folder) if _has_journal(folder) else []
    with host.session() as session:
        stored = deletions.begun(session) | opt_outs.known(session).keys()
        in_force = {key.key_id for key in access_keys.in_force(session)}
    written = {entry.deletion_id for entry in entries if isinstance(entry, Tombstone)}
    written |= {entry.opt_out_id for entry in entries if isinstance(entry, OptOut)}
    if stored - written:
        yield problem(
            f"{len(stored - written)} deletions and opt-outs of the database are not in the journal",
            "it is an older one; merge the newest: aboveboard journal import FILE",
        )
    # A key that the database does not know lets nobody in anyway.
    revived = in_force & {entry.key_id for entry in entries if isinstance(entry, KeyRevocation)}
    if missing := (written - stored) | revived:
        yield warning(
            f"{len(missing)} entries of the journal are not in the database, as after a restore",
            "start the server: it puts them in force before it answers anyone",
        )
    if stored == written and not revived:
        yield ok(f"{len(stored)} in both")


def _has_journal(folder: Path) -> bool:
    # Reading would make one.
    return (folder / journal.JOURNAL).exists()


CHECKS = (keys_are_private, keys_are_whole, journal_can_be_read)
DATABASE_CHECKS = (keys_are_those_of_the_database, journal_is_that_of_the_database)
