"""The two pages that the schema was made from, as they were published, and where each value of them goes.

The Testsigma page shows twelve JSON documents, the Connects page a table of what a ping holds. Each stands
here word for word, beside the Source and the EventEnvelope it becomes and the columns that hold it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from google.protobuf import json_format

from aboveboard.ingest.v1.ingest_service_pb2 import PublishEventsRequest
from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
from aboveboard.telemetry.v1.source_pb2 import Source

if TYPE_CHECKING:
    from collections.abc import Mapping

SERVER_UUID = "0195f3d8-7165-11ec-8d28-2641d35f62cd"
# 2022-01-10T12:16:28Z, the one time on the Testsigma page, in microseconds since 1970.
PAGE_TIME = 1_641_816_988_000_000
# Where the Testsigma page's keys go that are not called what their column is called.
TESTSIGMA_PLACES = {"serverUuid": "source.server_uuid", "eventType": "change_type"}
SOURCE_COLUMNS = (
    "server_uuid",
    "solution",
    "version",
    "company_id",
    "company_name",
    "deployment_id",
    "deployment_name",
    "instance_id",
    "user_id",
)


class Rekeyed(str):
    """A value of a document that is stored only as it is keyed again, 64 hexadecimal digits."""

    __slots__ = ()


@dataclass(frozen=True)
class Document:
    """One document: its text, the source and the event it becomes, and the columns it is to be found in."""

    name: str
    text: str
    source: Mapping[str, Any]
    event: Mapping[str, Any]
    table: str
    columns: Mapping[str, Any]
    source_columns: Mapping[str, Any]
    # Where each value of the document goes: its key there → column, `source.` before it where it is there.
    places: Mapping[str, str]

    def request(self) -> PublishEventsRequest:
        """Return the request that carries the document as protobuf."""
        return PublishEventsRequest(
            source=json_format.ParseDict(dict(self.source), Source()),
            events=[json_format.ParseDict(dict(self.event), EventEnvelope())],
        )

    def expected(self, place: str) -> object:
        """Return what the column at that place is expected to hold."""
        column = place.removeprefix("source.")
        return (self.columns if column == place else self.source_columns)[column]


def testsigma(number: int, text: str, event: Mapping[str, Any], columns: Mapping[str, Any]) -> Document:
    """Return a document of the Testsigma page.

    Its servers say their UUID and nothing else of themselves. Event ids are sent in capitals, as some
    clients write them, and stored in lower case.
    """
    event_id = f"0190A3F2-7C1E-7D3A-9B52-3F6F2F1C8A{number:02X}"
    (arm,) = event
    return Document(
        name=arm,
        text=text,
        source={"server": {"serverUuid": SERVER_UUID}},
        event={"eventId": event_id, "occurredAt": "2022-01-10T12:16:28Z", **event},
        table=snake_case(arm),
        columns={"event_id": event_id.lower(), "occurred_at": PAGE_TIME, "sequence": None, **columns},
        source_columns={**dict.fromkeys(SOURCE_COLUMNS), "server_uuid": SERVER_UUID},
        places={key: TESTSIGMA_PLACES.get(key, snake_case(key)) for key in as_json(text)},
    )


def snake_case(name: str) -> str:
    """Turn `testCaseId` into `test_case_id`."""
    return re.sub("([A-Z])", r"_\1", name).lower()


def as_json(text: str) -> dict[str, Any]:
    """Read a document; the page has a comma too many in one of its samples, which is dropped."""
    values: dict[str, Any] = json.loads(re.sub(r",\s*}", "}", text))
    return values


SERVER_REQUEST = """{
"serverUuid": "0195f3d8-7165-11ec-8d28-2641d35f62cd",
"serverVersion": "1.0.0",
"serverOs": "LINUX",
"lastUpTime": "2022-01-10 12:16:28"
}"""

AGENT_DEVICE_STAT_REQUEST = """{
"agentDeviceId": "10",
"agentDeviceOs": "LINUX",
"serverUuid": "0195f3d8-7165-11ec-8d28-2641d35f62cd",
"eventType": "CREATE"
}"""

AGENT_STAT_REQUEST = """{
"agentId": "10",
"agentOs": "LINUX",
"serverUuid": "0195f3d8-7165-11ec-8d28-2641d35f62cd",
"eventType": "CREATE"
}"""

ELEMENT_STAT_REQUEST = """{
"elementId": "10",
"serverUuid": "0195f3d8-7165-11ec-8d28-2641d35f62cd",
"eventType": "CREATE",
}"""

ENVIRONMENT_STAT_REQUEST = """{
"environmentId": "10",
"serverUuid": "0195f3d8-7165-11ec-8d28-2641d35f62cd",
"eventType": "CREATE"
}"""

TEST_CASE_STAT_REQUEST = """{
"testCaseId": "10",
"serverUuid": "0195f3d8-7165-11ec-8d28-2641d35f62cd",
"eventType": "CREATE"
}"""

TEST_DATA_STAT_REQUEST = """{
"testDataId": "10",
"serverUuid": "0195f3d8-7165-11ec-8d28-2641d35f62cd",
"eventType": "CREATE"
}"""

TEST_PLAN_RUN_STAT_REQUEST = """{
"testPlanRunId": "10",
"applicationType": "WebApplication",
"testPlanType": "ADHOC_TEST_PLAN",
"serverUuid": "0195f3d8-7165-11ec-8d28-2641d35f62cd",
"eventType": "CREATE"
}"""

TEST_PLAN_STAT_REQUEST = """{
"testPlanId": "10",
"applicationType": "WebApplication",
"serverUuid": "0195f3d8-7165-11ec-8d28-2641d35f62cd",
"eventType": "CREATE"
}"""

TEST_STEP_STAT_REQUEST = """{
"testStepId": "10",
"testCaseId": "20",
"serverUuid": "0195f3d8-7165-11ec-8d28-2641d35f62cd",
"eventType": "CREATE"
}"""

TEST_SUITE_STAT_REQUEST = """{
"testSuiteId": "10",
"serverUuid": "0195f3d8-7165-11ec-8d28-2641d35f62cd",
"eventType": "CREATE"
}"""

UPLOAD_STAT_REQUEST = """{
"uploadId": "10",
"uploadExtension": "APK",
"serverUuid": "0195f3d8-7165-11ec-8d28-2641d35f62cd",
"eventType": "CREATE"
}"""

CREATE = "CHANGE_TYPE_CREATE"

TESTSIGMA = (
    testsigma(
        1,
        SERVER_REQUEST,
        {
            "serverPing": {
                "serverVersion": "1.0.0",
                "serverOs": "LINUX",
                "lastUpTime": "2022-01-10T12:16:28Z",
                "trigger": "TRIGGER_FIRST_START",
            }
        },
        {
            "server_version": "1.0.0",
            "server_os": "LINUX",
            "last_up_time": PAGE_TIME,
            "trigger": "FIRST_START",
        },
    ),
    testsigma(
        2,
        AGENT_DEVICE_STAT_REQUEST,
        {"agentDeviceStat": {"agentDeviceId": "10", "agentDeviceOs": "LINUX", "changeType": CREATE}},
        {"agent_device_id": "10", "agent_device_os": "LINUX", "change_type": "CREATE"},
    ),
    testsigma(
        3,
        AGENT_STAT_REQUEST,
        {"agentStat": {"agentId": "10", "agentOs": "LINUX", "changeType": CREATE}},
        {"agent_id": "10", "agent_os": "LINUX", "change_type": "CREATE"},
    ),
    testsigma(
        4,
        ELEMENT_STAT_REQUEST,
        {"elementStat": {"elementId": "10", "changeType": CREATE}},
        {"element_id": "10", "change_type": "CREATE"},
    ),
    testsigma(
        5,
        ENVIRONMENT_STAT_REQUEST,
        {"environmentStat": {"environmentId": "10", "changeType": CREATE}},
        {"environment_id": "10", "change_type": "CREATE"},
    ),
    testsigma(
        6,
        TEST_CASE_STAT_REQUEST,
        {"testCaseStat": {"testCaseId": "10", "changeType": CREATE}},
        {"test_case_id": "10", "change_type": "CREATE"},
    ),
    testsigma(
        7,
        TEST_DATA_STAT_REQUEST,
        {"testDataStat": {"testDataId": "10", "changeType": CREATE}},
        {"test_data_id": "10", "change_type": "CREATE"},
    ),
    testsigma(
        8,
        TEST_PLAN_RUN_STAT_REQUEST,
        {
            "testPlanRunStat": {
                "testPlanRunId": "10",
                "applicationType": "WebApplication",
                "testPlanType": "ADHOC_TEST_PLAN",
                "changeType": CREATE,
            }
        },
        {
            "test_plan_run_id": "10",
            "application_type": "WebApplication",
            "test_plan_type": "ADHOC_TEST_PLAN",
            "test_plan_lab_type": None,
            "change_type": "CREATE",
        },
    ),
    testsigma(
        9,
        TEST_PLAN_STAT_REQUEST,
        {"testPlanStat": {"testPlanId": "10", "applicationType": "WebApplication", "changeType": CREATE}},
        {
            "test_plan_id": "10",
            "application_type": "WebApplication",
            "test_plan_type": None,
            "entity_type": None,
            "change_type": "CREATE",
        },
    ),
    testsigma(
        10,
        TEST_STEP_STAT_REQUEST,
        {"testStepStat": {"testStepId": "10", "testCaseId": "20", "changeType": CREATE}},
        {"test_step_id": "10", "test_case_id": "20", "change_type": "CREATE"},
    ),
    testsigma(
        11,
        TEST_SUITE_STAT_REQUEST,
        {"testSuiteStat": {"testSuiteId": "10", "changeType": CREATE}},
        {"test_suite_id": "10", "change_type": "CREATE"},
    ),
    testsigma(
        12,
        UPLOAD_STAT_REQUEST,
        {"uploadStat": {"uploadId": "10", "uploadExtension": "APK", "changeType": CREATE}},
        {"upload_id": "10", "upload_extension": "APK", "change_type": "CREATE"},
    ),
)

# The table of the Connects page: name and example. Dots stand where the page itself left digits out.
PING_TABLE = """{
"Solution": "b+s Connects for ServiceNow",
"Company Identifier": "busag",
"Company Name": "Bucher + Suter AG",
"Deployment ID": "1bd...1975",
"Deployment Name": "ven012345",
"Instance Identifier": "ID of a browser tab",
"User Identifier": "005...194f",
"Timestamp": "2020-05-15T16:50:08.520Z",
"Version": "4.1.3",
"Event": "ApplicationStarted",
"Payload": "Duration in ms"
}"""

CONNECTS = Document(
    name="ping",
    text=PING_TABLE,
    source={
        "deployment": {
            "solution": "b+s Connects for ServiceNow",
            "companyId": "busag",
            "companyName": "Bucher + Suter AG",
            "deploymentId": "1bd...1975",
            "deploymentName": "ven012345",
            "instanceId": "ID of a browser tab",
            "userId": "005...194f",
            "version": "4.1.3",
        }
    },
    event={
        "eventId": "0190A3F2-7C1E-7D3A-9B52-3F6F2F1C8A0D",
        "occurredAt": "2020-05-15T16:50:08.520Z",
        "sequence": 17,
        "ping": {
            "eventName": "ApplicationStarted",
            # "Duration in ms" says what the payload is about; this is one that holds it.
            "payload": {"duration_ms": 1520},
            "category": "CATEGORY_INTERACTION",
        },
    },
    table="ping",
    columns={
        "event_id": "0190a3f2-7c1e-7d3a-9b52-3f6f2f1c8a0d",
        "occurred_at": 1_589_561_408_520_000,
        "sequence": 17,
        "event_name": "ApplicationStarted",
        "payload": {"duration_ms": 1520},
        "category": "INTERACTION",
    },
    source_columns={
        "server_uuid": None,
        "solution": "b+s Connects for ServiceNow",
        "version": "4.1.3",
        "company_id": "busag",
        "company_name": "Bucher + Suter AG",
        "deployment_id": "1bd...1975",
        "deployment_name": "ven012345",
        "instance_id": "ID of a browser tab",
        "user_id": Rekeyed("005...194f"),
    },
    places={
        "Solution": "source.solution",
        "Company Identifier": "source.company_id",
        "Company Name": "source.company_name",
        "Deployment ID": "source.deployment_id",
        "Deployment Name": "source.deployment_name",
        "Instance Identifier": "source.instance_id",
        "User Identifier": "source.user_id",
        "Timestamp": "occurred_at",
        "Version": "source.version",
        "Event": "event_name",
        "Payload": "payload",
    },
)

DOCUMENTS = (*TESTSIGMA, CONNECTS)
