"""Puts the commands together."""

from __future__ import annotations

import typer

from aboveboard_server.cli import admin, journal, schema
from aboveboard_server.cli.demo import demo
from aboveboard_server.cli.doctor import doctor
from aboveboard_server.cli.send import send
from aboveboard_server.cli.serve import migrate, serve

app = typer.Typer(
    name="aboveboard",
    help="Telemetry you can show your users.",
    no_args_is_help=True,
    # It would show what variables hold, such as a database's password.
    pretty_exceptions_enable=False,
)
app.command()(serve)
app.command()(migrate)
app.command()(doctor)
app.command()(send)
app.command()(demo)
app.add_typer(admin.app, name="admin")
app.add_typer(journal.app, name="journal")
app.add_typer(schema.app, name="schema")
