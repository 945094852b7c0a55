"""`aboveboard admin export`: everything held on a Subject, a record a line."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from google.protobuf.json_format import MessageToJson

from aboveboard.admin.v1.admin_service_pb2 import ExportSubjectDataRequest
from aboveboard_server.cli.administration import ENDPOINT, AsJson, Endpoint, administrators, print_table
from aboveboard_server.cli.subjects import Company, Deployment, Server, User, subject_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", help="Write the records to this file, readable by you alone, not to stdout."
    ),
]


def export(  # noqa: PLR0913  # one parameter for each flag
    *,
    company: Company = "",
    deployment: Deployment = "",
    server: Server = "",
    user: User = "",
    output: Output = None,
    endpoint: Endpoint = ENDPOINT,
    as_json: AsJson = False,
) -> None:
    """Write everything held on a subject as JSON lines (ProtoJSON, an ExportSubjectDataResponse each).

    With -o, shows how many records of each kind there are; with --json, as JSON.
    """
    request = ExportSubjectDataRequest(subject=subject_of(company, deployment, server, user))
    counts: Counter[str] = Counter()
    with administrators(endpoint) as stub, opened(output) as file:
        for record in stub.ExportSubjectData(request):
            counts[str(record.WhichOneof("record"))] += 1
            file.write(MessageToJson(record, indent=None) + "\n")
    if output is None:
        return
    if as_json:
        typer.echo(json.dumps(counts, indent=2))
    else:
        print_table(("record", "count"), counts.items())


@contextmanager
def opened(output: Path | None) -> Iterator[TextIO]:
    """Open a file that bears its name only once it is whole; standard output where none is named."""
    if output is None:
        yield sys.stdout
        return
    part = output.with_name(output.name + ".part")
    try:
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise typer.BadParameter(error.strerror or "cannot be written", param_hint="--output") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            yield file
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)
