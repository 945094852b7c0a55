"""Puts the commands together."""

from __future__ import annotations

import typer

from aboveboard_server.cli.late import late

COMMANDS = {
    "serve": "serve:serve",
    "migrate": "serve:migrate",
    "doctor": "doctor:doctor",
    "send": "send:send",
    "demo": "demo:demo",
    "admin": "admin:app",
    "journal": "journal:app",
    "schema": "schema:app",
}

app = typer.Typer(
    name="aboveboard",
    cls=late("aboveboard_server.cli", COMMANDS),
    no_args_is_help=True,
    # It would show what variables hold, such as a database's password.
    pretty_exceptions_enable=False,
)


@app.callback()
def aboveboard() -> None:
    """Telemetry you can show your users."""
