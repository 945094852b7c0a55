"""`aboveboard admin …`: speaks to AdminService, never to the database."""

from __future__ import annotations

import typer

from aboveboard_server.cli import connection as by
from aboveboard_server.cli.credentials import TOKEN_FILE, TokenFile
from aboveboard_server.cli.late import late

COMMANDS = {
    "audit": "audit:audit",
    "deployments": "deployments:list_deployments",
    "export": "export:export",
    "loss": "loss:estimate_loss",
    "archive": "archive:app",
    "clock": "clock:app",
    "company": "company:app",
    "deletion": "deletion:app",
    "key": "key:app",
    "opt-out": "opt_out:app",
    "quarantine": "quarantine:app",
    "receipt": "receipt:app",
    "retention": "retention:app",
}

app = typer.Typer(
    help="What administrators do.", cls=late("aboveboard_server.cli", COMMANDS), no_args_is_help=True
)


@app.callback()
def administrate(
    *,
    token_file: TokenFile = None,
    ca: by.Ca = None,
    cert: by.Cert = None,
    cert_key: by.CertKey = None,
    plaintext: by.Plaintext = False,
) -> None:
    """Do what administrators do."""
    TOKEN_FILE.set(token_file)
    by.of_group.set(by.Security(ca, cert, cert_key, plaintext))
