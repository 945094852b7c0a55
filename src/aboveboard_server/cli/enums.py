"""Enums as people read and write them: by a value's name without its prefix."""

from __future__ import annotations

from typing import Any

import typer

from aboveboard_server.cli.errors import one_line


def name_of(enum: Any, number: int, prefix: str) -> str:
    """Return an enum value's name without its prefix; its number where a newer server sent one unknown."""
    try:
        return str(enum.Name(number)).removeprefix(prefix)
    except ValueError:
        return str(number)


def option(enum: Any, prefix: str, text: str) -> Any:
    """Return an option that takes one of an enum's values by its name in lower case, and gives its number."""
    numbers = {name.removeprefix(prefix).lower(): number for name, number in enum.items() if number}

    def parse(name: str) -> int:
        if name not in numbers:
            raise typer.BadParameter(f"{one_line(name)!r} is not one of {', '.join(numbers)}")
        return int(numbers[name])

    return typer.Option(parser=parse, metavar="|".join(numbers), help=text)
