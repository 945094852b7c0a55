"""Groups whose commands are loaded one by one: `serve` waits for nothing that only others need."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

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
    return typer.main.get_group(group).commands[name]
