"""`aboveboard schema`: whether the protos keep the privacy rules, and what they promise in plain words."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aboveboard_server.schema import catalog, compat, dictionary, dictionary_markdown, erasure, expiry
from aboveboard_server.schema.catalog import SchemaError
from aboveboard_server.schema.image import compile_protos

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aboveboard_server.schema.finding import Finding

app = typer.Typer(help="Check the schema, and show what it promises.", no_args_is_help=True)

Protos = Annotated[Path, typer.Option("--protos", metavar="DIR", help="The folder that holds the protos.")]
Against = Annotated[
    list[str] | None,
    typer.Option(help="Compare with this too: an image, or what else buf takes, as `.git#ref=HEAD~1`."),
]
Output = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write here instead of to standard output.")
]


@app.command("lint")
def lint_command(protos: Protos = Path("protos")) -> None:
    """Say whether fields tell what they are, RPCs who may call them, and every table is reached."""
    # Late: it brings SQLModel along, which every other command would wait for.
    from aboveboard_server.schema import tables  # noqa: PLC0415
    from aboveboard_server.schema.lint import lint  # noqa: PLC0415

    with _refusals():
        metadata = tables.import_all()
        image = compile_protos(protos)
        events = {event.name for event in catalog.default().events}
        findings = [
            *lint(image, tables.hand_written(metadata)),
            *erasure.unreachable(metadata),
            *expiry.unlimited(metadata, events),
        ]
    _tell(
        findings,
        f"{protos}: every collected field is annotated, every RPC says who may call it, "
        "and erasure and retention reach every table.",
    )


@app.command("check")
def check_command(protos: Protos = Path("protos"), against: Against = None) -> None:
    """Say whether the protos keep what the released schema promised."""
    with _refusals():
        findings = compat.check(protos)
        for other in against or ():
            findings += compat.check_against(protos, other)
    compared = ", ".join([str(protos / compat.BASELINE), *(against or ())])
    _tell(list(dict.fromkeys(findings)), f"{protos}: every promise of {compared} is kept.")


@app.command("dictionary")
def dictionary_command(output: Output = None) -> None:
    """Write the public data dictionary, as Markdown."""
    text = dictionary_markdown.render(dictionary.build(catalog.default()))
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")


def _tell(findings: Sequence[Finding], success: str) -> None:
    """Print a line for each finding and exit with 1, or say that there is none."""
    for finding in findings:
        typer.echo(str(finding), err=True)
    if findings:
        typer.echo(f"{len(findings)} found.", err=True)
        raise typer.Exit(1)
    typer.echo(success)


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what keeps a command from its work into its text and exit code 1."""
    try:
        yield
    except SchemaError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
