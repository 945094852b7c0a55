"""`aboveboard journal`: the deletion journal out of a key directory, or into it; no server is asked."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aboveboard_server.errors import StartupError
from aboveboard_server.privacy import journal
from aboveboard_server.privacy.journal_lines import JournalError

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
    """Write every tombstone, opt-out and revocation: digests only."""
    with _readable_errors():
        lines = journal.export(key_dir)
        if output is None:
            typer.echo("".join(lines), nl=False)
            return
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.writelines(lines)
    typer.echo(f"{len(lines)} exported.", err=True)


@app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="What `export` has written.")],
    key_dir: KeyDir = KEY_DIR,
) -> None:
    """Add what an exported journal says and this one does not; the server applies it at its next start."""
    with _readable_errors():
        lines = file.read_bytes().decode(errors="replace").splitlines(keepends=True)
        added = journal.merge(key_dir, lines)
    typer.echo(f"{added} added of {len(lines)}; the server applies them at its next start.")


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
