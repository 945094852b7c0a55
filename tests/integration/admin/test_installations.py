"""ListDeployments and `aboveboard admin deployments`: who runs a product in a range of versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from tests.support.admin import admin, admin_json, run_admin
from tests.support.clients import (
    TIMEOUT,
    deployment_source,
    element,
    new_id,
    publish,
    refusal,
    server_source,
)

from aboveboard.admin.v1 import company_pb2
from aboveboard.admin.v1 import deployment_pb2 as d

if TYPE_CHECKING:
    from tests.support.server import ServerProcess


def find(server: ServerProcess, page_size: int = 1000, **wanted: str) -> d.ListDeploymentsResponse:
    """Ask for all pages, and return them as one; no page holds more than was asked for."""
    whole = d.ListDeploymentsResponse()
    request = d.ListDeploymentsRequest(page_size=page_size, **wanted)
    with admin(server) as stub:
        while True:
            page = stub.ListDeployments(request, timeout=TIMEOUT)
            assert len(page.deployments) + len(page.anonymous_servers) <= page_size
            assert not (page.deployments and whole.anonymous_servers), "servers come behind all deployments"
            whole.deployments.extend(page.deployments)
            whole.anonymous_servers.extend(page.anonymous_servers)
            request.page_token = page.next_page_token
            if not request.page_token:
                return whole


def runs(server: ServerProcess, solution: str, *versions: str, company: str = "") -> str:
    """Have a company's deployment send in these versions, one after the other; return the company."""
    company = company or new_id()
    for version in versions:
        source = deployment_source(company, company_name="N", solution=solution, version=version)
        publish(server, source, element())
    return company


def found(server: ServerProcess, solution: str, low: str = "", high: str = "") -> dict[str, list[str]]:
    whole = find(server, solution=solution, min_version=low, max_version=high)
    assert {deployment.solution for deployment in whole.deployments} <= {solution}
    return {
        deployment.company_id: [seen.version for seen in deployment.versions]
        for deployment in whole.deployments
    }


def test_the_log4j_question(either_server: ServerProcess) -> None:
    """Versions are compared as versions, both bounds included; who sent none is within every range."""
    product = f"P {new_id()}"
    old, new, both, silent = (
        runs(either_server, product, *versions)
        for versions in (["4.1.9"], ["4.1.10"], ["4.1.10", "v4.1.9", "4.2-rc1"], [""])
    )
    runs(either_server, f"{product} Pro", "4.1.9")
    assert found(either_server, product, "4.1.9", "4.1.9") == {
        old: ["4.1.9"],
        both: ["v4.1.9"],
        silent: [""],
    }
    assert found(either_server, product, low="4.1.10") == {
        new: ["4.1.10"],
        both: ["4.1.10", "4.2-rc1"],
        silent: [""],
    }
    assert found(either_server, product).keys() == {old, new, both, silent}
    assert found(either_server, product)[both] == ["v4.1.9", "4.1.10", "4.2-rc1"]


def test_an_installation_comes_with_whom_to_reach(either_server: ServerProcess) -> None:
    """Name, contact and times of a deployment; a deployment that sends for two products appears for each."""
    product = f"P {new_id()}"
    company = runs(either_server, product, "1", "2")
    runs(either_server, f"{product} Pro", "7", company=company)
    contact = company_pb2.Contact(email="a@b")
    with admin(either_server) as stub:
        stub.UpdateCompany(
            company_pb2.UpdateCompanyRequest(
                company=company_pb2.Company(company_id=company, contact=contact), update_mask=FieldMask()
            ),
            timeout=TIMEOUT,
        )
    ours = [each for each in find(either_server).deployments if each.company_id == company]
    assert [each.solution for each in ours] == [product, f"{product} Pro"]
    (shown,) = find(either_server, solution=product).deployments
    assert (shown.company_name, shown.contact, shown.deployment_id) == ("N", contact, "d1")
    assert [seen.version for seen in shown.versions] == ["1", "2"]
    times = [seen.first_seen_at.ToMicroseconds() for seen in shown.versions]
    assert shown.first_seen_at.ToMicroseconds() == min(times)
    assert shown.last_seen_at.ToMicroseconds() == max(
        seen.last_seen_at.ToMicroseconds() for seen in shown.versions
    )


def test_anonymous_servers_are_told_apart(either_server: ServerProcess) -> None:
    """By their UUIDs, in the same range; of them nobody knows the company."""
    product = f"P {new_id()}"
    inside, outside = (server_source(solution=product, version=version) for version in ("1.5", "2.5"))
    for source in (inside, outside):
        publish(either_server, source, element())
    whole = find(either_server, solution=product, max_version="2")
    assert [server.server_uuid for server in whole.anonymous_servers] == [inside.server.server_uuid]
    assert not whole.deployments


@pytest.mark.parametrize("page_size", [1, 2, 3, 7])
def test_pages_hold_every_installation_once(either_server: ServerProcess, page_size: int) -> None:
    """Whatever the size of a page, and where it ends: between products of one deployment too."""
    product = f"P {new_id()}"
    company = new_id()
    for name in ("d1", "d2", "d3"):
        for solution in (product, f"{product} Pro", f"{product} é"):
            publish(either_server, deployment_source(company, name, solution=solution), element())
    servers = [server_source(solution=product) for _ in range(3)]
    for source in servers:
        publish(either_server, source, element())
    whole = find(either_server, page_size)
    places = [(each.company_id, each.deployment_id, each.solution) for each in whole.deployments]
    assert len(places) == len(set(places))
    assert len([place for place in places if place[0] == company]) == 9
    uuids = [server.server_uuid for server in whole.anonymous_servers]
    assert len(uuids) == len(set(uuids))
    assert {source.server.server_uuid for source in servers} <= set(uuids)


BAD: list[tuple[dict[str, Any], str]] = [
    ({"page_size": -1}, "page_size"),
    ({"page_token": "elsewhere"}, "page_token"),
    ({"solution": "x" * 129}, "solution"),
    ({"min_version": "x" * 65}, "min_version"),
    ({"min_version": "newest"}, "min_version"),
    ({"max_version": "1.0 and up"}, "max_version"),
]


@pytest.mark.parametrize(("asked", "field"), BAD)
def test_what_cannot_be_meant_is_refused(
    either_server: ServerProcess, asked: dict[str, Any], field: str
) -> None:
    """Naming the field; a bound must be a version that can be compared."""
    with admin(either_server) as stub:
        refused = refusal(lambda: stub.ListDeployments(d.ListDeploymentsRequest(**asked), timeout=TIMEOUT))
    assert (refused.code, refused.details.fields[0][0]) == (grpc.StatusCode.INVALID_ARGUMENT, field)


def test_an_operator_asks(either_server: ServerProcess) -> None:
    """`aboveboard admin deployments` shows companies, and anonymous servers apart."""
    product = f"P {new_id()}"
    company = runs(either_server, product, "2.14.1")
    source = server_source(solution=product, version="2.0")
    publish(either_server, source, element())
    asked = ("deployments", "--solution", product, "--min-version", "2", "--max-version", "2.14.1")
    shown = run_admin(either_server, *asked).stdout
    assert company in shown
    assert shown.index(company) < shown.index("Anonymous") < shown.index(source.server.server_uuid)
    told = admin_json(either_server, *asked)
    assert [each["companyId"] for each in told["deployments"]] == [company]
    assert not admin_json(either_server, *asked[:3], "--min-version", "3")["deployments"]
