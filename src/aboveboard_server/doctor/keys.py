# ruff: noqa: D401  # a check's docstring is its title: it says what should hold, not what is done.
"""Are keys and journal there, whole, nobody else's to read, and those of this database."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from sqlmodel import select

from aboveboard_server.doctor.finding import ok, problem, warning
from aboveboard_server.privacy import journal
from aboveboard_server.privacy.journal_entries import PAGE, is_over
from aboveboard_server.privacy.journal_lines import (
    KeyRevocation,
    OptOut,
    Rejection,
    ReleaseCommit,
    Revocation,
    Tombstone,
)
from aboveboard_server.privacy.keys import fingerprints
from aboveboard_server.storage.columns import to_micros
from aboveboard_server.storage.tables import KeyFingerprintRow
from aboveboard_server.storage.work import access_keys, journalled, opt_outs

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableSet, Sequence
    from pathlib import Path

    from sqlmodel import Session

    from aboveboard_server.doctor.finding import Finding, Host

REBUILD = (
    "put the newest back: aboveboard journal import FILE; "
    "or where there is none left: aboveboard journal rebuild"
)
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
    if journal.has_entries(host.settings.key_dir):
        yield ok(f"{sum(1 for _ in journal.stream(host.settings.key_dir))} entries")


def keys_are_those_of_the_database(host: Host) -> Iterator[Finding]:
    """The keys are those that the database belongs to."""
    with host.session() as session:
        known = {row.name: row.fingerprint for row in session.exec(select(KeyFingerprintRow))}
    # Beside the keys stands that there is a journal.
    pinned = {name: fingerprint for name, fingerprint in known.items() if name != journalled.MARK}
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
    """The journal knows all that the database forbids and has released, and the database all of it."""
    folder = host.settings.key_dir
    with host.session() as session:
        needs_journal = journalled.needs_journal(session)
        held = journalled.held(session)
        lifted = opt_outs.known(session).keys() - set(held.opt_outs)
        in_force = {key.key_id for key in access_keys.in_force(session)}
    if not journal.has_entries(folder):
        if needs_journal:
            yield problem("the deletion journal is missing", REBUILD)
        else:
            yield ok("there is none yet")
        return
    told = _told(folder)
    with host.session() as session:
        lapsed = _lapsed(session, [one for one in held.deletions if one not in told.known.deletions])
    if lacking := sum(map(_lacking, held, told.known)) - lapsed:
        yield problem(
            f"{lacking} deletions, opt-outs, revoked keys or releases of the database are not in the journal",
            "it is an older one; merge the newest: aboveboard journal import FILE",
        )
    # A key that the database does not know lets nobody in anyway.
    missing = (
        told.deleted.difference(held.deletions)
        | told.opted_out.difference(held.opt_outs, lifted)
        | (told.known.keys & in_force)
        | (told.known.months - held.months)
    )
    if missing:
        yield warning(
            f"{len(missing)} entries of the journal are not in the database, as after a restore",
            "start the server: it puts them in force before it answers anyone",
        )
    if not lacking and not missing:
        yield ok(f"{sum(map(len, held))} in both")


def _lapsed(session: Session, deletion_ids: Sequence[str]) -> int:
    """Count the deletions that a journal need not know of any more."""
    now = to_micros(datetime.now(UTC))
    return sum(
        is_over(row, now)
        for start in range(0, len(deletion_ids), PAGE)
        for row in journalled.deletion_rows(session, deletion_ids[start : start + PAGE])
    )


def _lacking(known: MutableSet[str], of: MutableSet[str]) -> int:
    return sum(one not in of for one in known)


class _Told(NamedTuple):
    """What a journal tells of; `known` is what it knows in any way."""

    known: journalled.Held
    deleted: set[str]
    opted_out: set[str]


def _told(folder: Path) -> _Told:
    told = _Told(journalled.Held.nothing(), set(), set())
    lifted: set[str] = set()
    for line in journal.stream(folder):
        entry = line.entry
        if isinstance(entry, Tombstone | Rejection):
            told.known.deletions.add(entry.deletion_id)
            if isinstance(entry, Tombstone):
                told.deleted.add(entry.deletion_id)
        elif isinstance(entry, OptOut):
            told.known.opt_outs.add(entry.opt_out_id)
            told.opted_out.add(entry.opt_out_id)
        elif isinstance(entry, Revocation):
            lifted.add(entry.opt_out_id)
        elif isinstance(entry, KeyRevocation):
            told.known.keys.add(entry.key_id)
        elif isinstance(entry, ReleaseCommit):
            told.known.months.add(entry.month)
    told.opted_out.difference_update(lifted)
    return told


CHECKS = (keys_are_private, keys_are_whole, journal_can_be_read)
DATABASE_CHECKS = (keys_are_those_of_the_database, journal_is_that_of_the_database)
