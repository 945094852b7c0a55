"""`aboveboard send`: one event from JSON, to try things."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer
from google.protobuf import json_format
from google.protobuf.timestamp_pb2 import Timestamp

from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest, PublishEventsResponse
from aboveboard.ingest.v1.ingest_service_pb2_grpc import IngestServiceStub
from aboveboard.schema.v1.annotations_pb2 import Category
from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
from aboveboard.telemetry.v1.source_pb2 import DeploymentSource, ServerSource, Source
from aboveboard.telemetry.v1.verdict_pb2 import CollectionStatus, EventVerdict, Outcome, RejectionReason
from aboveboard_server.cli.connection import Ca, Cert, CertKey, Plaintext, Security
from aboveboard_server.cli.credentials import WriteKeyFile, write_key
from aboveboard_server.cli.enums import name_of
from aboveboard_server.cli.errors import one_line, readable_errors
from aboveboard_server.ids import uuid7

DEFAULT_ENDPOINT = "127.0.0.1:50051"
TIMEOUT_SECONDS = 10

Endpoint = Annotated[str, typer.Option(help="The server's ingest listener.", metavar="HOST:PORT")]


def send(  # noqa: PLR0913 - a command's options are its arguments.
    event_json: Annotated[
        str,
        typer.Argument(
            metavar="EVENT_JSON",
            help='ProtoJSON of an EventEnvelope, such as \'{"testCaseStat": {"testCaseId": "10", '
            '"changeType": "CHANGE_TYPE_CREATE"}}\'; "-" reads it from stdin. '
            "An event id and a time are added where there is none.",
        ),
    ],
    *,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    server: Annotated[str, typer.Option(help="Send as the anonymous server of this UUID.")] = "",
    company: Annotated[str, typer.Option(help="Send as a deployment of this company.")] = "",
    deployment: Annotated[str, typer.Option(help="The deployment within the company.")] = "",
    user: Annotated[str, typer.Option(help="The user within the deployment.")] = "",
    solution: Annotated[str, typer.Option(help="The product that sends.")] = "aboveboard send",
    app_version: Annotated[str, typer.Option(help="The product's version.")] = "",
    write_key_file: WriteKeyFile = None,
    ca: Ca = None,
    cert: Cert = None,
    cert_key: CertKey = None,
    plaintext: Plaintext = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")] = False,
) -> None:
    """Send one event and show what became of it; exit code 1 where it was not accepted."""
    source = make_source(
        ServerSource(server_uuid=server, solution=solution, version=app_version),
        DeploymentSource(
            company_id=company, deployment_id=deployment, user_id=user, solution=solution, version=app_version
        ),
    )
    envelope = complete(parse(event_json))
    key = write_key(write_key_file)
    request = PublishEventsRequest(source=source, events=[envelope], sent_at=now(), write_key=key)
    with readable_errors(endpoint), Security(ca, cert, cert_key, plaintext).channel(endpoint) as channel:
        response = IngestServiceStub(channel).PublishEvents(request, timeout=TIMEOUT_SECONDS)
    typer.echo(to_json(envelope, response) if as_json else to_text(envelope, response))
    if response.accepted_count != len(request.events):
        raise typer.Exit(1)


def make_source(server: ServerSource, deployment: DeploymentSource) -> Source:
    """Choose the one origin that the options name; a usage error where they name none, or both."""
    named = [deployment.company_id, deployment.deployment_id, deployment.user_id]
    if server.server_uuid and not any(named):
        return Source(server=server)
    if deployment.company_id and deployment.deployment_id and not server.server_uuid:
        return Source(deployment=deployment)
    raise typer.BadParameter("say who sends: --server UUID, or --company ID with --deployment ID")


def parse(text: str) -> EventEnvelope:
    """Read an envelope from ProtoJSON, from stdin where the text is "-"; a usage error where it is none."""
    try:
        values = json.loads(sys.stdin.read() if text == "-" else text)
        if isinstance(values, dict):
            return json_format.ParseDict(values, EventEnvelope())
        fault = "not a JSON object"
    except (ValueError, json_format.ParseError, RecursionError) as error:
        fault = one_line(str(error))
    raise typer.BadParameter(fault, param_hint="EVENT_JSON")


def complete(envelope: EventEnvelope) -> EventEnvelope:
    """Add an event id and the present time where there is none."""
    if not envelope.event_id:
        envelope.event_id = str(uuid7())
    if not envelope.HasField("occurred_at"):
        envelope.occurred_at.CopyFrom(now())
    return envelope


def now() -> Timestamp:
    """Return the present time."""
    time = Timestamp()
    time.GetCurrentTime()
    return time


def to_json(envelope: EventEnvelope, response: PublishEventsResponse) -> str:
    """Write the response as ProtoJSON, with the id of the event that was sent."""
    values: dict[str, Any] = json_format.MessageToDict(response, always_print_fields_with_no_presence=True)
    return json.dumps({"eventId": envelope.event_id, **values}, indent=2)


def to_text(envelope: EventEnvelope, response: PublishEventsResponse) -> str:
    """Write for people: what became of the event, and whether its source may go on."""
    event = f"{envelope.WhichOneof('event') or 'event'} {envelope.event_id}"
    lines = [f"{_outcome(verdict)} {event}{_why(verdict)}" for verdict in response.verdicts]
    lines = [*(lines or [f"ACCEPTED {event}"]), *_status(response.collection_status)]
    return "\n".join(map(one_line, lines))


def _outcome(verdict: EventVerdict) -> str:
    return name_of(Outcome, verdict.outcome, "OUTCOME_")


def _why(verdict: EventVerdict) -> str:
    """Name the rule and the field; the message mostly begins with the field, which is not told twice."""
    reason = f" ({name_of(RejectionReason, verdict.reason, 'REJECTION_REASON_')})" if verdict.reason else ""
    field = "" if verdict.message.startswith(verdict.field) else verdict.field
    return reason + "".join(f": {part}" for part in (field, verdict.message) if part)


def _status(status: CollectionStatus) -> list[str]:
    line = f"collection: {name_of(CollectionStatus.State, status.state, 'STATE_')}"
    if status.categories:
        line += " for " + ", ".join(
            name_of(Category, category, "CATEGORY_") for category in status.categories
        )
    if status.HasField("ping_interval"):
        line += f"; a ping is wanted every {status.ping_interval.ToTimedelta()}"
    if status.HasField("erased_before"):
        line += f"; erased: nothing from before {status.erased_before.ToJsonString()} is taken"
    return [line, *([f"notice: {status.notice}"] if status.notice else [])]
