"""How many events never arrived is told from the gaps in their numbers, and never overstated by one liar."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from tests.support.admin import admin
from tests.support.clients import TIMEOUT, deployment_source, element, ping, publish, refusal, server_source

from aboveboard.admin.v1.loss_pb2 import EstimateLossRequest, EstimateLossResponse

if TYPE_CHECKING:
    from tests.support.server import ServerProcess

    from aboveboard.telemetry.v1.source_pb2 import Source

DAY = 86_400
# Noon of today in UTC: no test run turns one day into two.
NOON = int(time.time()) // DAY * DAY + DAY // 2


def at(days_ago: int) -> Timestamp:
    return Timestamp(seconds=NOON - days_ago * DAY)


def day(days_ago: int) -> str:
    return at(days_ago).ToDatetime().date().isoformat()


def tab(name: str, solution: str = "Connects", **fields: str) -> Source:
    return deployment_source("busag", instance_id=name, solution=solution, **fields)


def send(server: ServerProcess, source: Source, *numbers: int, days_ago: int = 0) -> None:
    publish(server, source, *(ping(sequence=number, occurred_at=at(days_ago)) for number in numbers))


def estimate(server: ServerProcess, **request: object) -> EstimateLossResponse:
    with admin(server) as stub:
        return stub.EstimateLoss(EstimateLossRequest(**request), timeout=TIMEOUT)  # type: ignore[arg-type]  # each test says what it asks for


def told(response: EstimateLossResponse) -> list[tuple[str, str, int, int, int, int]]:
    return [
        (
            each.day,
            each.solution,
            each.instance_count,
            each.received_count,
            each.missing_count,
            each.excluded_instance_count,
        )
        for each in response.estimates
    ]


def test_gaps_are_counted_for_each_product_and_day(server: ServerProcess) -> None:
    """Gaps between the lowest and the highest number of an instance and day count; head and tail do not."""
    send(server, tab("a"), 3, 4, 7)  # 5 and 6 are missing; of 1 and 2 nobody knows.
    send(server, tab("b"), 1, 2)
    send(server, tab("c", "Other"), 1, 10)
    send(server, tab("a"), 1, days_ago=1)
    assert told(estimate(server)) == [
        (day(0), "Connects", 2, 5, 2, 0),
        (day(0), "Other", 1, 2, 8, 0),
        (day(1), "Connects", 1, 1, 0, 0),
    ]
    assert told(estimate(server, solution="Other")) == [(day(0), "Other", 1, 2, 8, 0)]
    assert told(estimate(server, days=1)) == told(estimate(server))[:2]


def test_an_instance_counts_over_all_its_events_and_sources(server: ServerProcess) -> None:
    """Numbers go on over event types and logins, count once, and an anonymous server is an instance too."""
    publish(server, tab("a"), ping(sequence=1, occurred_at=at(0)), element(sequence=2, occurred_at=at(0)))
    send(server, tab("a", user_id="u1"), 3, 3, 5)
    server_uuid = "0195f3d8-7165-11ec-8d28-2641d35f62cd"
    send(server, server_source(server_uuid, solution="Testsigma CE"), 1, 3)
    assert told(estimate(server)) == [
        (day(0), "Connects", 1, 4, 1, 0),
        (day(0), "Testsigma CE", 1, 2, 1, 0),
    ]


def test_what_bears_no_number_or_no_instance_is_left_out(server: ServerProcess) -> None:
    """No estimate rests on events without a number, or from nobody in particular."""
    publish(server, tab("a"), ping(occurred_at=at(0)))
    send(server, deployment_source("busag"), 1, 9)
    assert told(estimate(server)) == []


def test_numbers_that_cannot_be_right_are_left_out(server: ServerProcess) -> None:
    """One instance with made-up numbers does not spoil its neighbours' estimate, and is counted apart."""
    send(server, tab("liar"), 1, 4_000_000_000)
    send(server, tab("honest"), 1, 3)
    assert told(estimate(server)) == [(day(0), "Connects", 1, 2, 1, 1)]


def test_pages_follow_each_other(server: ServerProcess) -> None:
    """Pages together are the list, in its order, with nothing twice."""
    for number, solution in enumerate(("B", "A b", "", "C")):
        source = tab(f"t{number}", solution) if solution else server_source()
        send(server, source, 1, days_ago=number % 2)
    whole = told(estimate(server))
    seen = []
    token = ""
    while True:
        page = estimate(server, page_size=1, page_token=token)
        seen += told(page)
        token = page.next_page_token
        if not token:
            break
    assert seen == whole
    assert [(when, solution) for when, solution, *_ in whole] == [
        (day(0), ""),
        (day(0), "B"),
        (day(1), "A b"),
        (day(1), "C"),
    ]


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"page_size": -1}, "ARGUMENT_INVALID"),
        ({"days": -1}, "ARGUMENT_INVALID"),
        ({"page_token": "yesterday"}, "PAGE_TOKEN_INVALID"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    shared_server: ServerProcess, asked: dict[str, object], reason: str
) -> None:
    """A negative size, a negative number of days and a foreign token are refused by field."""
    refused = refusal(lambda: estimate(shared_server, **asked))
    assert (refused.details.reason, refused.code) == (reason, grpc.StatusCode.INVALID_ARGUMENT)


def test_the_command_tells_the_share(server: ServerProcess) -> None:
    """`aboveboard admin loss` shows the share that is lost, and all of it as JSON."""
    send(server, tab("a"), 1, 2, 4)
    command = [sys.executable, "-m", "aboveboard_server", "admin", "loss", "--endpoint", server.admin_address]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "25.00%" in shown
    assert "Connects" in shown
    told_json = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True).stdout
    assert json.loads(told_json)["estimates"][0]["missingCount"] == "1"
