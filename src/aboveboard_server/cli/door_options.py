"""The flags of `aboveboard serve` that set its doors; see docs/transport.md and docs/limits.md."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

TlsCert = Annotated[
    Path | None,
    typer.Option(envvar="ABOVEBOARD_TLS_CERT", help="Serve TLS on every listener: its certificates, PEM."),
]
TlsKey = Annotated[
    Path | None, typer.Option(envvar="ABOVEBOARD_TLS_KEY", help="The certificate's key, PEM, not encrypted.")
]
TlsAdminClientCa = Annotated[
    Path | None,
    typer.Option(
        envvar="ABOVEBOARD_TLS_ADMIN_CLIENT_CA",
        help="Administrators must show a certificate that these vouch for, PEM.",
    ),
]
TlsIngestClientCa = Annotated[
    Path | None,
    typer.Option(
        envvar="ABOVEBOARD_TLS_INGEST_CLIENT_CA",
        help="So must callers of the gRPC listener for events.",
    ),
]
Insecure = Annotated[
    bool,
    typer.Option(
        "--insecure",
        envvar="ABOVEBOARD_INSECURE",
        help="Serve other addresses than loopback in plain text, readable to everyone on the way.",
    ),
]
MaxConnectionAge = Annotated[
    int,
    typer.Option(
        envvar="ABOVEBOARD_MAX_CONNECTION_AGE", help="Seconds after which callers are made to connect anew."
    ),
]
RatePerKey = Annotated[
    float,
    typer.Option(envvar="ABOVEBOARD_RATE_PER_KEY", help="Requests a second under one write key; 0: any."),
]
RatePerAddress = Annotated[
    float,
    typer.Option(envvar="ABOVEBOARD_RATE_PER_ADDRESS", help="Requests a second of one address; 0: any."),
]
BurstSeconds = Annotated[
    float,
    typer.Option(envvar="ABOVEBOARD_BURST_SECONDS", help="Seconds' worth of a rate that may come at once."),
]
PreferenceRatePerAddress = Annotated[
    float,
    typer.Option(
        envvar="ABOVEBOARD_PREFERENCE_RATE_PER_ADDRESS",
        help="SetCollectionPreference calls a second of one address; 0: any.",
    ),
]
PreferenceRate = Annotated[
    float,
    typer.Option(
        envvar="ABOVEBOARD_PREFERENCE_RATE",
        help="SetCollectionPreference calls a second of all addresses together; 0: any.",
    ),
]
MaxUnseenOptOuts = Annotated[
    int,
    typer.Option(
        envvar="ABOVEBOARD_MAX_UNSEEN_OPT_OUTS",
        help="Opt-outs that sources may set of subjects of which nothing is held.",
    ),
]
TrustedProxy = Annotated[
    str,
    typer.Option(
        envvar="ABOVEBOARD_TRUSTED_PROXY",
        help="Networks of your own proxies, with commas between: the rates go by their X-Forwarded-For.",
    ),
]
