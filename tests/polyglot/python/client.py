"""The conformance client in Python; test_conformance.py says what each of its kind does."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf import json_format
from google.protobuf.timestamp_pb2 import Timestamp

from aboveboard.admin.v1 import quarantine_pb2 as quarantine
from aboveboard.admin.v1.admin_service_pb2_grpc import AdminServiceStub
from aboveboard.event.v1.change_type_pb2 import CHANGE_TYPE_CREATE, ChangeType
from aboveboard.event.v1.test_asset_pb2 import ElementStat
from aboveboard.ingest.v1 import ingest_service_pb2 as ingest
from aboveboard.ingest.v1.ingest_service_pb2_grpc import IngestServiceStub
from aboveboard.telemetry.v1.event_pb2 import EventEnvelope

if TYPE_CHECKING:
    from google.protobuf.message import Message

FROM_A_NEWER_CLIENT = 99
TIMEOUT = 60
# A real client draws it at random.
PREFERENCE_TOKEN = bytes(range(32))
# Shows the administrator's key.
AUTHORIZED = (("authorization", f"Bearer {os.environ['ABOVEBOARD_TOKEN']}"),)


def element(number: int, change_type: ChangeType.ValueType | int = CHANGE_TYPE_CREATE) -> EventEnvelope:
    return EventEnvelope(
        event_id=f"0190a3f2-7c1e-7d3a-9b52-{number:012x}",
        occurred_at=Timestamp(seconds=1_783_944_000 + number),
        element_stat=ElementStat(element_id=f"element {number}", change_type=change_type),  # type: ignore[arg-type]  # any number is legal
    )


def as_json(message: Message) -> dict[str, Any]:
    return json_format.MessageToDict(message)


def converse(
    ingest_stub: IngestServiceStub, admin: AdminServiceStub, every_type: ingest.PublishEventsRequest
) -> dict[str, Any]:
    saw: dict[str, Any] = {}
    source = every_type.source

    def publish(*events: EventEnvelope) -> ingest.PublishEventsResponse:
        request = ingest.PublishEventsRequest(source=source, events=events)
        return ingest_stub.PublishEvents(request, timeout=TIMEOUT)

    status = ingest_stub.GetCollectionStatus(
        ingest.GetCollectionStatusRequest(source=source), timeout=TIMEOUT
    )
    saw["status"] = as_json(status)
    saw["every_type"] = as_json(ingest_stub.PublishEvents(every_type, timeout=TIMEOUT))
    saw["again"] = as_json(ingest_stub.PublishEvents(every_type, timeout=TIMEOUT))

    bad = element(2)
    bad.element_stat.element_id = ""
    saw["bad_event"] = as_json(publish(element(1), bad, element(3)))
    saw["newer_event"] = as_json(publish(element(4, FROM_A_NEWER_CLIENT)))

    requests = (
        ingest.StreamEventsRequest(
            sequence=sequence,
            publish=ingest.PublishEventsRequest(source=source, events=[element(100 + sequence)]),
        )
        for sequence in range(1, 101)
    )
    saw["stream"] = [as_json(answer) for answer in ingest_stub.StreamEvents(requests, timeout=TIMEOUT)]

    try:
        publish()
    except grpc.RpcError as error:
        assert isinstance(error, grpc.Call)  # noqa: PT017  # tells mypy what every RpcError of a stub is
        saw["refused"] = {"code": error.code().value[0], "message": error.details()}

    listed = admin.ListQuarantinedEvents(
        quarantine.ListQuarantinedEventsRequest(), timeout=TIMEOUT, metadata=AUTHORIZED
    )
    saw["quarantined"] = as_json(listed)
    replayed = admin.ReplayQuarantinedEvents(
        quarantine.ReplayQuarantinedEventsRequest(), timeout=TIMEOUT, metadata=AUTHORIZED
    )
    saw["replayed"] = as_json(replayed)

    preference = ingest.SetCollectionPreferenceRequest(
        source=source,
        scope=ingest.SetCollectionPreferenceRequest.SCOPE_SERVER,
        preference=ingest.SetCollectionPreferenceRequest.PREFERENCE_DISABLED,
        preference_token=PREFERENCE_TOKEN,
    )
    saw["opted_out"] = as_json(ingest_stub.SetCollectionPreference(preference, timeout=TIMEOUT))
    saw["after_opt_out"] = as_json(publish(element(5)))
    preference.preference = ingest.SetCollectionPreferenceRequest.PREFERENCE_ENABLED
    saw["opted_in"] = as_json(ingest_stub.SetCollectionPreference(preference, timeout=TIMEOUT))
    return saw


def main(ingest_address: str, admin_address: str, request_file: str) -> None:
    every_type = json_format.Parse(Path(request_file).read_text(), ingest.PublishEventsRequest())
    with grpc.insecure_channel(ingest_address) as public, grpc.insecure_channel(admin_address) as internal:
        saw = converse(IngestServiceStub(public), AdminServiceStub(internal), every_type)
    json.dump(saw, sys.stdout)


main(*sys.argv[1:4])
