"""`aboveboard journal`: the deletion journal out of a key directory, or into it; no server is asked."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aboveboard_server.cli.serve import Database  # noqa: TC001  # read when the command is made
from aboveboard_server.errors import StartupError
from aboveboard_server.privacy import journal_transfer
from aboveboard_server.privacy.journal_lines import JournalError
from aboveboard_server.privacy.keys import sync_folder
from aboveboard_server.settings import DEFAULT_DATABASE

if TYPE_CHECKING:
    from collections.abc import Iterator

app = typer.Typer(help="Keep the deletion journal apart from the database.", no_args_is_help=True)

KeyDir = Annotated[
    Path,
    typer.Option(envvar="ABOVEBOARD_KEY_DIR", help="Where the keys and the journal are.", file_okay=False),
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write here, not to standard output.")
]
KEY_DIR = Path("aboveboard-keys")


@app.command("export")
def export_command(key_dir: KeyDir = KEY_DIR, output: Output = None) -> None:
    """Write what must outlive the database: digests, and the references of opt-outs.

    A file is written whole or not at all; a closing line tells `import` that it was not cut.
    """
    with _readable_errors():
        lines = journal_transfer.export(key_dir)
        if output is None:
            sys.stdout.buffer.writelines(lines)
            sys.stdout.buffer.flush()
            return
        count = _write_whole(output, lines)
    typer.echo(f"{count - 1} exported.", err=True)


@app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="What `export` has written.")],
    key_dir: KeyDir = KEY_DIR,
    *,
    unclosed: Annotated[
        bool, typer.Option(help="Take a file without its closing line too, such as a copy of the journal.")
    ] = False,
) -> None:
    """Add what an exported journal says and this one does not; the server applies it at its next start."""
    with _readable_errors(), file.open("rb") as lines:
        merged = journal_transfer.merge(key_dir, lines, unclosed=unclosed)
    if not merged.is_closed:
        typer.echo("aboveboard: warning: without a closing line nothing tells that this is whole", err=True)
    typer.echo(f"{merged.added} added of {merged.entries}; the server applies them at its next start.")


@app.command("rebuild")
def rebuild_command(database: Database = DEFAULT_DATABASE, key_dir: KeyDir = KEY_DIR) -> None:
    """Write a lost journal anew from the database; no server may run on it.

    What only the lost one knew is lost: restore no backup under the new one that is older than it.
    """
    # Late: what it needs takes a while, and the other commands do without.
    from aboveboard_server import bootstrap  # noqa: PLC0415

    with _readable_errors():
        count = asyncio.run(bootstrap.rebuild_journal(database, key_dir))
    typer.echo(f"{count} entries written; backups that are older than this journal must not be restored.")


def _write_whole(path: Path, lines: Iterator[bytes]) -> int:
    """Write a file beside its place and put it there once it is on the disk; return how many lines."""
    if path.exists() and not path.is_file():
        # A pipe or a device cannot be replaced; its reader finds the closing line.
        with path.open("wb") as file:
            return sum(1 for line in lines if file.write(line))
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            count = sum(1 for line in lines if file.write(line))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        # Told by the name that was given.
        error.filename = str(path)
        raise
    finally:
        with suppress(OSError):
            draft.unlink()
    sync_folder(path.parent)
    return count


@contextmanager
def _readable_errors() -> Iterator[None]:
    """Turn what keeps a command from its work into one line on stderr and exit code 1."""
    try:
        yield
    except (JournalError, StartupError) as error:
        typer.echo(f"aboveboard: {error}", err=True)
        raise typer.Exit(1) from error
    except OSError as error:
        typer.echo(f"aboveboard: {error.filename or 'the journal'}: {error.strerror}", err=True)
        raise typer.Exit(1) from error
