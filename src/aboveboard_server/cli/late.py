"""Groups whose commands are loaded one by one: `serve` waits for nothing that only others need."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from aboveboard_server.characters import fault

if TYPE_CHECKING:
    from collections.abc import Mapping


def late(package: str, places: Mapping[str, str]) -> type[TyperGroup]:
    """Return a group of commands by their names, each a function or a Typer at a `module:attribute`.

    All of them are loaded where they are listed, and where an unknown one is asked for.
    """

    class Late(TyperGroup):
        def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  # Typer's signature
            return list(places)

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            # Of an unknown one Typer tells which was meant, by those that are loaded.
            for name in [cmd_name] if cmd_name in places else places:
                if name not in self.commands:
                    self.commands[name] = _load(name, f"{package}.{places[name]}")
            return super().get_command(ctx, cmd_name)

    return Late


def _load(name: str, place: str) -> Any:
    module, _, attribute = place.partition(":")
    found = getattr(import_module(module), attribute)
    group = typer.Typer()
    if isinstance(found, typer.Typer):
        group.add_typer(found, name=name)
    else:
        group.command(name)(found)
    command = typer.main.get_group(group).commands[name]
    _refuse_control_characters(command)
    return command


def _refuse_control_characters(command: Any) -> None:
    """Have a command, and all within it, refuse options that hold a line break or the like, by their names.

    An argument may hold some: an event's JSON does.
    """
    invoke = command.invoke

    def checked(ctx: Any) -> Any:
        for one in command.params:
            values = ctx.params.get(one.name)
            for value in values if isinstance(values, list | tuple) else (values,):
                if one.param_type_name == "option" and isinstance(value, str | Path):
                    _check(ctx, one, str(value))
        return invoke(ctx)

    command.invoke = checked
    for inner in getattr(command, "commands", {}).values():
        _refuse_control_characters(inner)


def _check(ctx: Any, option: Any, value: str) -> None:
    if why := fault(value):
        given = ctx.get_parameter_source(option.name)
        variable = option.envvar if given is not None and given.name == "ENVIRONMENT" else None
        sys.stderr.write(f"aboveboard: {variable or option.opts[0]}: {why}\n")
        raise typer.Exit(1)
