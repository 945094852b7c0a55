"""What AdminService takes to read: one subject's export follows its rows, the installations their number."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from aboveboard.admin.v1.admin_service_pb2 import ExportSubjectDataRequest
from aboveboard.admin.v1.deployment_pb2 import ListDeploymentsRequest
from aboveboard.admin.v1.subject_pb2 import Subject
from benchmarks import servers
from benchmarks.events import company
from benchmarks.probe import percentile, process_tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aboveboard.admin.v1.admin_service_pb2_grpc import AdminServiceStub
    from benchmarks.jobs import Result
    from benchmarks.servers import Running

PAGE = 1_000
COLUMNS = (
    "store",
    "rows there",
    "export of one subject, ms",
    "its records",
    "CPU, µs a record",
    "installations",
    "CPU to list, µs each",
)


def cells(at: Result) -> list[str]:
    """Return what is shown of one size, by `COLUMNS`."""
    return [
        at["store"],
        f"{at['rows']:,}",
        f"{at['export_p50_ms']:.0f}",
        f"{at['records_exported']:,.0f}",
        f"{at['export_cpu_us']:.0f}",
        f"{at['installations']:,}",
        f"{at['installation_cpu_us']:.0f}",
    ]


def read(running: Running, numbers: Sequence[int]) -> Result:
    """Export the companies of these numbers one after the other, then list all installations."""
    with servers.administrators(running) as stub:
        # What a process needs once is there before the clock starts.
        _export(stub, "nobody")
        stub.ListDeployments(ListDeploymentsRequest(page_size=1))
        before = _cpu(running)
        exports = [_export(stub, company(number)) for number in numbers]
        exported = _cpu(running)
        found = _list(stub)
        listed = _cpu(running)
    records = sum(count for _, count in exports)
    return {
        "export_p50_ms": percentile([took for took, _ in exports], 0.5),
        "export_cpu_us": (exported - before) * 1e6 / records,
        "records_exported": records / len(exports),
        "installations": found,
        "installation_cpu_us": (listed - exported) * 1e6 / found,
    }


def _export(stub: AdminServiceStub, company_id: str) -> tuple[float, int]:
    """Return how long an export took in ms, and how many records it had."""
    begun = time.perf_counter()
    request = ExportSubjectDataRequest(subject=Subject(company_id=company_id))
    count = sum(1 for _ in stub.ExportSubjectData(request))
    return (time.perf_counter() - begun) * 1000, count


def _list(stub: AdminServiceStub) -> int:
    """Ask for every installation in a range of versions, and return how many there are."""
    request = ListDeploymentsRequest(page_size=PAGE, min_version="0.1")
    count = 0
    while True:
        page = stub.ListDeployments(request)
        count += len(page.deployments) + len(page.anonymous_servers)
        request.page_token = page.next_page_token
        if not request.page_token:
            return count


def _cpu(running: Running) -> float:
    return sum(usage.cpu_seconds for usage in process_tree(running.pid))
