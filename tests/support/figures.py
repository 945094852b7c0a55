"""What a server tells of itself at /metrics, read as Prometheus reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families
from tests.support.http_clients import call

if TYPE_CHECKING:
    from tests.support.server import ServerProcess


def figures(server: ServerProcess) -> dict[tuple[str, ...], float]:
    """Scrape once; return each figure by its name and the values of its labels in order."""
    answer = call(server, "GET", "/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
