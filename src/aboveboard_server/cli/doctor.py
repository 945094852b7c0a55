"""`aboveboard doctor`: what is wrong with this machine, and what to do about it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from aboveboard_server.cli.administration import AsJson, print_table
from aboveboard_server.cli.errors import one_line
from aboveboard_server.cli.flags import with_flags_of
from aboveboard_server.cli.serve import settings_of
from aboveboard_server.errors import StartupError
from aboveboard_server.settings import Settings  # noqa: TC001  # annotations are read when the command is made

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aboveboard_server.doctor.finding import Result

Deep = Annotated[
    bool, typer.Option("--deep", help="SQLite: look for damage too, which reads the whole database.")
]


@with_flags_of(settings_of)
def doctor(settings: Settings | StartupError, *, deep: Deep = False, as_json: AsJson = False) -> None:
    """Look for what is wrong where a server runs or shall run; takes what `serve` takes, and changes nothing.

    Exit code 1 where there is a problem; a warning is none.
    """
    # Late: it brings SQLModel along, which every other command would wait for.
    from aboveboard_server.doctor.examine import examine, settings_are_wrong  # noqa: PLC0415

    results = (
        [settings_are_wrong(settings)]
        if isinstance(settings, StartupError)
        else list(examine(settings, deep=deep))
    )
    if as_json:
        typer.echo(json.dumps([_document(result) for result in results], indent=2))
    else:
        _show(results)
    if any(result.finding.level == "problem" for result in results):
        raise typer.Exit(1)


def _show(results: Sequence[Result]) -> None:
    print_table(
        ("", "what should hold", "found"),
        [(result.finding.level, result.title, result.finding.found) for result in results],
    )
    for result in results:
        if result.finding.advice:
            found, advice = one_line(result.finding.found), one_line(result.finding.advice)
            typer.echo(f"{result.finding.level}: {found}\n    {advice}")


def _document(result: Result) -> dict[str, str]:
    return {
        "check": result.check,
        "level": result.finding.level,
        "title": result.title,
        "found": result.finding.found,
        "advice": result.finding.advice,
    }
