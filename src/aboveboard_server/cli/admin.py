"""`aboveboard admin …`: speaks to AdminService, never to the database."""

from __future__ import annotations

import typer

from aboveboard_server.cli import archive, company, deletion, key, opt_out, quarantine, receipt, retention
from aboveboard_server.cli import connection as by
from aboveboard_server.cli.audit import audit
from aboveboard_server.cli.credentials import TOKEN_FILE, TokenFile
from aboveboard_server.cli.deployments import list_deployments
from aboveboard_server.cli.export import export
from aboveboard_server.cli.loss import estimate_loss

app = typer.Typer(help="What administrators do.", no_args_is_help=True)
app.add_typer(archive.app, name="archive")
app.add_typer(company.app, name="company")
app.add_typer(deletion.app, name="deletion")
app.add_typer(key.app, name="key")
app.add_typer(opt_out.app, name="opt-out")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(receipt.app, name="receipt")
app.add_typer(retention.app, name="retention")
app.command("audit")(audit)
app.command("deployments")(list_deployments)
app.command("export")(export)
app.command("loss")(estimate_loss)


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
